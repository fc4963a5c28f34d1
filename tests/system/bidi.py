"""WebDriver BiDi: commands to a browser and their replies, over a WebSocket.

The protocol is https://www.w3.org/TR/webdriver-bidi/.
"""

import asyncio
import json
from collections import deque
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

import aiohttp

T = TypeVar("T")

REPLY_S = 30.0
MAX_EVENTS = 1000


class BidiError(Exception):
    """The browser refused a command, or a script threw."""


class Bidi:
    """A session with a browser, whose calls block.

    It runs on a thread and an event loop of its own, so that it goes beside Playwright, whose
    loop occupies the test's thread.
    """

    def __init__(self, url: str, new_socket: aiohttp.SocketFactoryType | None) -> None:
        """Connect to ``url``, over a socket of ``new_socket`` if that is given."""
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()
        self.events: deque[dict[str, Any]] = deque(maxlen=MAX_EVENTS)
        """What was told beside the replies; older events are dropped."""
        self._run(self._connect(url, new_socket))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._run(self._http.close())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command; return its result.

        Raises:
            BidiError: the browser refuses it.
            TimeoutError: it does not answer in 30 s.
        """
        return self._run(self._call(method, parameters))

    async def _connect(self, url: str, new_socket: aiohttp.SocketFactoryType | None) -> None:
        connector = aiohttp.TCPConnector(socket_factory=new_socket)
        self._http = aiohttp.ClientSession(connector=connector)
        # a recording comes as one message
        self._socket = await self._http.ws_connect(url, max_msg_size=0)

    async def _call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        # one command at a time: the next reply is its own
        command = {"id": 1, "method": method, "params": parameters}
        async with asyncio.timeout(REPLY_S):
            await self._socket.send_json(command)
            while "id" not in (message := json.loads(await self._socket.receive_str())):
                self.events.append(message)
        if message["type"] == "error":
            raise BidiError(f"{method}: {message['error']}: {message['message']}")
        result: dict[str, Any] = message["result"]
        return result

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._thread.submit(self._runner.run, work).result()
