"""The mux: one UDP port for the ICE sessions of every listener.

aioice would bind a random port on every address of the host for each listener, which no
container can publish and no firewall can name. Here each of its connections is given a view of
the one port instead; ICE itself stays with aioice, DTLS and SRTP with aiortc.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence

from aioice import Candidate, Connection, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from aiortc import RTCPeerConnection

from streamer import privates
from streamer.ice.datagrams import Address
from streamer.ice.routes import Drop, Route, Routes
from streamer.ice.sockets import Sockets
from streamer.metrics import Metrics

MAX_WAITING = 256
"""Datagrams a session may have received that nobody has read; more are dropped."""
LOCAL_PREFERENCE = 65_535
"""Of the first address announced; each next one has one less (RFC 8445 section 5.1.2.1)."""


class Mux:
    """The sessions behind one UDP port."""

    def __init__(self, sockets: Sockets, metrics: Metrics) -> None:
        self.routes = Routes()
        self._sockets = sockets
        self._metrics = metrics
        self._views: dict[Route, MuxedProtocol] = {}
        sockets.receive(self._received)

    @property
    def port(self) -> int:
        """The UDP port."""
        return self._sockets.port

    @property
    def has_ipv6(self) -> bool:
        """Whether IPv6 addresses can be announced."""
        return self._sockets.has_ipv6

    def attach(self, pc: RTCPeerConnection, announced: Sequence[str]) -> "Attachment":
        """Make every ICE transport of ``pc`` use this port, announced at these addresses.

        To be called when the offer has been applied and before the answer is made.
        """
        attachment = Attachment()
        for connection in privates.ice_connections(pc):
            # aioice's own has four characters, of which a thousand sessions would collide;
            # and aiortc gives the same one to all transports of a connection
            privates.set_local_username(connection, secrets.token_hex(8))
            view = MuxedProtocol(self, connection, self.routes.add(connection))
            self._views[view.route] = view
            attachment.views.append(view)
            privates.gather_by(connection, _gatherer(view, self.port, announced))
        return attachment

    def send(self, data: bytes, address: Address) -> None:
        """Send a datagram; one that cannot leave at once is dropped and counted."""
        if not self._sockets.send(data, address):
            self._metrics.udp_unsent.inc()

    def detach(self, view: "MuxedProtocol") -> None:
        """Forget a session. Safe to repeat."""
        self.routes.remove(view.route)
        self._views.pop(view.route, None)

    def _received(self, data: bytes, address: Address) -> None:
        found = self.routes.find(data, address, time.monotonic())
        if isinstance(found, Drop):
            self._drop(found)
            return
        view = self._views[found.route]
        if found.has_moved and found.is_new_address:
            self._metrics.udp_rebindings.inc()
        if found.unbound is not None:
            privates.forget_address(view.receiver, found.unbound)
        if found.message is None:
            if privates.waiting(view.receiver) < MAX_WAITING:
                view.receiver.data_received(data, view.local_candidate.component)
            else:
                self._drop(Drop.OVERFLOW)
        elif found.message.message_class == stun.Class.REQUEST:
            if found.has_moved:
                # Browsers nominate once, some never again. Asked so, aioice sends there as soon
                # as its own check of that address is answered.
                found.message.attributes["USE-CANDIDATE"] = None
            view.receiver.request_received(found.message, address, view)
        else:
            view.response_received(found.message, address)

    def _drop(self, why: Drop) -> None:
        self._metrics.udp_dropped.labels(why.value).inc()


class MuxedProtocol(StunProtocol):
    """One session's view of the shared port; to aioice it is protocol and transport in one."""

    def __init__(self, mux: Mux, connection: Connection, route: Route) -> None:
        super().__init__(connection)
        self.route = route
        self._mux = mux
        self.transport = self  # type: ignore[assignment]  # aioice only sends by it

    def sendto(self, data: bytes, address: Address) -> None:
        """Send a datagram, as ``asyncio.DatagramTransport.sendto`` does."""
        self._mux.send(data, address)

    async def request(
        self,
        request: stun.Message,
        addr: Address,
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, Address]:
        """Execute a STUN transaction, as aioice does, so that its response finds the way."""
        self._mux.routes.expect(request.transaction_id, self.route, addr)
        try:
            return await super().request(request, addr, integrity_key, retransmissions)
        finally:
            self._mux.routes.settle(request.transaction_id)

    def response_received(self, message: stun.Message, address: Address) -> None:
        """Hand an authenticated response to the transaction that waits for it."""
        self.transactions[message.transaction_id].response_received(message, address)

    async def close(self) -> None:
        """Leave the mux; there is no socket of its own to close."""
        self.detach()
        # As a socket would, take a turn of the loop: aiortc's monitor of the connection, if it
        # has yet to run, would else find it closed already and spin for ever.
        await asyncio.sleep(0)
        self.connection_lost(None)

    def detach(self) -> None:
        """Leave the mux, whatever becomes of the connection. Safe to repeat."""
        self._mux.detach(self)


class Attachment:
    """The sessions of one peer connection: usually one, as its sections are bundled."""

    def __init__(self) -> None:
        self.views: list[MuxedProtocol] = []

    def close(self) -> None:
        """Take all of them out of every table. Safe to repeat."""
        for view in self.views:
            view.detach()


def _gatherer(
    view: MuxedProtocol, port: int, announced: Sequence[str]
) -> Callable[[int], list[Candidate]]:
    """Return what gathers the candidates of a connection, in place of aioice's own."""

    def gather(component: int) -> list[Candidate]:
        candidates = [
            Candidate(
                foundation=candidate_foundation("host", "udp", host),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host", LOCAL_PREFERENCE - place),
                host=host,
                port=port,
                type="host",
            )
            for place, host in enumerate(announced)
        ]
        view.local_candidate = candidates[0]
        privates.add_protocol(view.receiver, view)
        return candidates

    return gather
