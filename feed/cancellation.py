"""Keeps redis-py from swallowing a cancellation.

``asyncio.wait_for``, in which redis-py sends, returns as if nothing had happened when it is
cancelled in the moment its work completes (Python before 3.12). A loop that asks Redis
again and again would then never end: seen as a producer that ignored Ctrl+C.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def heeding(work: Awaitable[T]) -> T:
    """Await ``work``; if this task was cancelled meanwhile, raise CancelledError whatever came."""
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    try:
        result = await work
    except Exception:  # the boundary to redis-py
        if task.cancelling() > before:
            raise asyncio.CancelledError from None
        raise
    if task.cancelling() > before:
        raise asyncio.CancelledError
    return result
