"""A TCP proxy before Redis that can be cut, and can lose the reply to one command."""

import asyncio
from types import TracebackType
from typing import Self


class Proxy:
    """Passes bytes both ways, except as told.

    ``lose_reply_to(marker)``: the next request that contains ``marker`` reaches Redis, its
    reply does not come back: both connections end instead.
    """

    def __init__(self, redis_url: str) -> None:
        host, _, port = redis_url.removeprefix("redis://").partition(":")
        self._target = (host, int(port.split("/")[0]))
        self._marker: bytes | None = None
        self._is_cut = False
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.lost = asyncio.Event()
        """Set when a reply has been lost."""
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def lose_reply_to(self, marker: bytes) -> None:
        self._marker = marker

    def cut(self) -> None:
        """End all connections and take no new ones."""
        self._is_cut = True
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def mend(self) -> None:
        self._is_cut = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._target)
            self._writers |= {writer, up_writer}
            loses = asyncio.Event()
            down = asyncio.create_task(self._replies(up_reader, writer, loses))
            self._tasks.add(down)
            await self._requests(reader, up_writer, loses)
            await down
        except (OSError, asyncio.CancelledError):
            pass  # asyncio's streams report a cancelled handler as an error
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _requests(
        self, reader: asyncio.StreamReader, up: asyncio.StreamWriter, loses: asyncio.Event
    ) -> None:
        while data := await reader.read(1 << 16):
            if self._marker is not None and self._marker in data:
                self._marker = None
                loses.set()
            up.write(data)
            await up.drain()
        up.close()

    async def _replies(
        self, up: asyncio.StreamReader, writer: asyncio.StreamWriter, loses: asyncio.Event
    ) -> None:
        try:
            while data := await up.read(1 << 16):
                if loses.is_set():
                    self.lost.set()
                    break
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()
