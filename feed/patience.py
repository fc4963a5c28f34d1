"""Waiting for Redis: try again until it answers, and say what is being waited for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.exceptions import OutOfMemoryError, ResponseError

from feed.cancellation import heeding
from feed.connection import UNREACHABLE, Backoff

T = TypeVar("T")
OnWait = Callable[[str | None], None]
"""Told what is waited for, once per reason, and None when things go on."""

NOT_REACHABLE = "Redis is not reachable"

log = structlog.get_logger()


class Patience:
    """One loop for everything asked of Redis, and one voice for why it takes so long."""

    def __init__(self, feed_name: str, on_wait: OnWait | None = None) -> None:
        self._feed_name = feed_name
        self._on_wait = on_wait
        self._waiting_for: str | None = None

    def wait_for(self, reason: str | None) -> None:
        """Tell ``on_wait``, if it has not just been told."""
        if reason != self._waiting_for:
            self._waiting_for = reason
            if self._on_wait is not None:
                self._on_wait(reason)

    async def steadily(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make ``call`` again and again until Redis answers it.

        Raises:
            ResponseError: Redis refuses the call and will go on refusing it.
        """
        backoff, before = Backoff(), self._waiting_for
        while True:
            try:
                result = await heeding(call())
            except (*UNREACHABLE, ResponseError) as error:  # the boundary to Redis
                reason = _passing(error)
                if reason is None:
                    raise
                log.warning("redis.retry", feed=self._feed_name, error=str(error))
                self.wait_for(reason)
                await asyncio.sleep(backoff.next())
            else:
                self.wait_for(before)
                return result


def _passing(error: Exception) -> str | None:
    """Say what to wait for, or None if waiting will not help."""
    if isinstance(error, UNREACHABLE):
        return NOT_REACHABLE
    # inside a script some versions of Redis wrap the code of the error in its text
    if isinstance(error, OutOfMemoryError) or "OOM" in str(error):
        return "Redis is out of memory"
    if any(word in str(error) for word in ("READONLY", "MASTERDOWN", "MISCONF", "NOREPLICAS")):
        return "Redis does not take writes"
    return None
