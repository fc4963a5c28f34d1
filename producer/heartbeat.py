"""A sign of life for whoever watches a producer from outside, such as a container's health check.

A producer has no HTTP. It touches a file whenever Redis has answered a question asked on the
event loop and over the client that it speaks with. So a file that is older than a few beats
means that the process hangs, or that Redis does not answer it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from feed.cancellation import heeding
from feed.connection import UNREACHABLE

BEAT_S = 2.0

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def beating(redis: Redis, path: Path) -> AsyncIterator[None]:
    """Touch ``path`` every ``BEAT_S`` while in this context and Redis answers."""
    task = asyncio.create_task(_beat(redis, path), name="heartbeat")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _beat(redis: Redis, path: Path) -> None:
    while True:
        try:
            await heeding(redis.ping())
            await asyncio.to_thread(path.touch)
        # the boundary to Redis and to the file system: no beat
        except (*UNREACHABLE, ResponseError) as error:
            log.warning("heartbeat.missed", error=str(error))
        await asyncio.sleep(BEAT_S)
