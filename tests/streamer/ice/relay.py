"""A UDP relay in front of a port, as a NAT is: it can give its client a new address."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from streamer.ice.datagrams import Address

HOST = "127.0.0.1"


class _Side(asyncio.DatagramProtocol):
    def __init__(self, received: Any) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._received(data, addr)


class Relay:
    """Carries datagrams between one client and ``server``."""

    def __init__(self, server: Address) -> None:
        self._server = server
        self._client: Address | None = None
        self._outer: list[asyncio.DatagramTransport] = []

    async def open(self) -> None:
        self._inner = await self._listen(self._from_client)
        self.port: int = self._inner.get_extra_info("sockname")[1]
        await self.rebind()

    async def rebind(self) -> None:
        """Give the client a new address; what comes to the old one is lost from now on."""
        for old in self._outer:
            old.close()
        self._outer = [await self._listen(self._from_server)]

    def close(self) -> None:
        for transport in (self._inner, *self._outer):
            transport.close()

    async def _listen(self, received: Any) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Side(received), local_addr=(HOST, 0)
        )
        return transport

    def _from_client(self, data: bytes, address: Address) -> None:
        self._client = address
        self._outer[0].sendto(data, self._server)

    def _from_server(self, data: bytes, address: Address) -> None:
        if self._client is not None:
            self._inner.sendto(data, self._client)


@contextlib.asynccontextmanager
async def relay(server: Address) -> AsyncIterator[Relay]:
    """Run one."""
    running = Relay(server)
    await running.open()
    try:
        yield running
    finally:
        running.close()
