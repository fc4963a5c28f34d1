"""Reads a blocking source beside the event loop, a few blocks ahead at most."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator

AHEAD = 4
"""Blocks read before they are asked for; then the thread waits."""


async def pumped(blocks: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Iterate over ``blocks``, which are read in a thread of their own.

    The thread is a daemon: one stuck in a read of a silent pipe does not keep the process
    from exiting. What the source raises is raised here, after the blocks before it.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
    room = threading.Semaphore(AHEAD)
    is_over = threading.Event()

    def put(item: bytes | Exception | None) -> None:
        if not is_over.is_set():
            loop.call_soon_threadsafe(queue.put_nowait, item)

    def read() -> None:
        try:
            for block in blocks:
                room.acquire()
                if is_over.is_set():
                    return
                put(block)
            put(None)
        except Exception as error:  # noqa: BLE001  # the boundary to the thread: raised below
            put(error)

    threading.Thread(target=read, name="source", daemon=True).start()
    try:
        while (item := await queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
            room.release()
    finally:
        is_over.set()
        room.release()
