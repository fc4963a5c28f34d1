"""Which session a datagram belongs to: the tables of the mux, without its socket.

STUN requests are routed by the ufrag in USERNAME and responses by their transaction; both must
prove with MESSAGE-INTEGRITY (RFC 8489 section 9.1) that their sender knows the session's
password. All else goes by the address it came from, once such a message has bound that address
to a session. Nothing that a stranger can send changes any table.
"""

import enum
from dataclasses import dataclass, field
from typing import Protocol

from aioice import stun

from streamer.ice.datagrams import Address, Kind, kind_of, local_ufrag, parse_stun

MAX_ADDRESSES = 16
"""Most addresses bound to one session: each interface and NAT rebinding of a browser is one."""
MOVED_S = 3.0
"""A session whose other addresses have all been silent so long has moved to the one it sends
from now. Consent checks (RFC 7675 section 5.1) come from 4 s on: the first one already shows it."""
REMEMBERED_REQUESTS = 64
"""Latest requests of a session whose sender is remembered, to know a replay by."""


class Credentials(Protocol):
    """What a session's messages are checked with: an ``aioice.Connection`` has all three."""

    @property
    def local_username(self) -> str:
        """Our ufrag: it names the session in requests."""

    @property
    def local_password(self) -> str:
        """Key of the requests that we receive."""

    @property
    def remote_password(self) -> str | None:
        """Key of the responses that we receive; None until the offer has been applied."""


class Drop(enum.Enum):
    """Why a datagram reaches nobody."""

    JUNK = "junk"
    """Neither STUN nor DTLS nor RTP."""
    MALFORMED = "malformed"
    """STUN that does not parse, or lacks what ICE requires."""
    UNSOLICITED = "unsolicited"
    """A STUN indication, or a method other than Binding: nobody here asks for those."""
    UNKNOWN_UFRAG = "unknown_ufrag"
    UNKNOWN_TRANSACTION = "unknown_transaction"
    """A STUN response to no request of ours to that address."""
    BAD_INTEGRITY = "bad_integrity"
    REPLAYED = "replayed"
    """A request that another address has sent before."""
    UNKNOWN_ADDRESS = "unknown_address"
    """Media from an address that is bound to no session."""
    OVERFLOW = "overflow"
    """Media for a session that does not read what it has received already."""


@dataclass(eq=False, slots=True)
class Route:
    """One session, as the tables know it."""

    credentials: Credentials
    addresses: dict[Address, float] = field(default_factory=dict)
    """Where it has been heard from, and when last, the earliest first. Media goes to it from
    those of them that no other session held first."""
    requests: dict[bytes, Address] = field(default_factory=dict)
    """Transactions of its latest requests, and who sent each, the oldest first."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A datagram that belongs to a session."""

    route: Route
    message: stun.Message | None
    """What it says, authenticated, if it is STUN; else it is media."""
    is_new_address: bool = False
    has_moved: bool = False
    """Whether it was at another address before, and has not been heard from there any more:
    its NAT has given it a new one, or it changed networks."""
    unbound: Address | None = None
    """The address that had to make room for it."""


class Routes:
    """The tables. All of them are empty when no session is left."""

    def __init__(self) -> None:
        self._by_ufrag: dict[str, Route] = {}
        self._by_address: dict[Address, Route] = {}
        self._transactions: dict[bytes, tuple[Route, Address]] = {}

    @property
    def sizes(self) -> dict[str, int]:
        """How many entries each table has."""
        return {
            "sessions": len(self._by_ufrag),
            "addresses": len(self._by_address),
            "transactions": len(self._transactions),
        }

    def add(self, credentials: Credentials) -> Route:
        """Begin to route to a session; its ufrag must be its own."""
        assert credentials.local_username not in self._by_ufrag
        route = Route(credentials)
        self._by_ufrag[credentials.local_username] = route
        return route

    def remove(self, route: Route) -> None:
        """Forget a session altogether. Safe to repeat."""
        self._by_ufrag.pop(route.credentials.local_username, None)
        for address in tuple(route.addresses):
            self._unbind(route, address)
        self._transactions = {k: v for k, v in self._transactions.items() if v[0] is not route}

    def expect(self, transaction: bytes, route: Route, address: Address) -> None:
        """Route the response to a request of ours that goes out to ``address``."""
        self._transactions[transaction] = (route, address)

    def settle(self, transaction: bytes) -> None:
        """Expect no response any more. Safe to repeat."""
        self._transactions.pop(transaction, None)

    def find(self, data: bytes, address: Address, now_s: float) -> Delivery | Drop:
        """Say whose datagram this is, and bind its address if it proves to be theirs."""
        match kind_of(data):
            case Kind.MEDIA:
                route = self._by_address.get(address)
                return Drop.UNKNOWN_ADDRESS if route is None else Delivery(route, None)
            case Kind.STUN if data[0] & 1:
                return self._find_response(data, address, now_s)
            case Kind.STUN:
                return self._find_request(data, address, now_s)
            case Kind.JUNK:
                return Drop.JUNK

    def _find_request(self, data: bytes, address: Address, now_s: float) -> Delivery | Drop:
        route = self._by_ufrag.get(local_ufrag(data))
        if route is None:
            return Drop.UNKNOWN_UFRAG
        message = parse_stun(data)
        if message is None:
            return Drop.MALFORMED
        fault = _admit(message, route, address)
        if fault is not None:
            return fault
        # A request alone takes no address from another session: its sender may have written
        # any source address on it. Should it live there all the same, it answers our check.
        self._by_address.setdefault(address, route)
        return self._heard(route, message, address, now_s)

    def _find_response(self, data: bytes, address: Address, now_s: float) -> Delivery | Drop:
        route, asked = self._transactions.get(data[8:20], (None, None))
        if route is None or asked != address:
            return Drop.UNKNOWN_TRANSACTION
        message = parse_stun(data)
        if message is None:
            return Drop.MALFORMED
        password = route.credentials.remote_password
        if password is None or not message.check_message_integrity(password.encode()):
            return Drop.BAD_INTEGRITY
        owner = self._by_address.get(address)
        if owner is not None and owner is not route:
            self._unbind(owner, address)
        self._by_address[address] = route
        return self._heard(route, message, address, now_s)

    def _heard(
        self, route: Route, message: stun.Message, address: Address, now_s: float
    ) -> Delivery:
        is_known = route.addresses.pop(address, None) is not None
        has_moved = bool(route.addresses) and (max(route.addresses.values()) <= now_s - MOVED_S)
        unbound = None
        if len(route.addresses) == MAX_ADDRESSES:
            unbound = next(iter(route.addresses))
            self._unbind(route, unbound)
        route.addresses[address] = now_s  # comes last
        return Delivery(route, message, not is_known, has_moved, unbound)

    def _unbind(self, route: Route, address: Address) -> None:
        del route.addresses[address]
        if self._by_address.get(address) is route:
            del self._by_address[address]


def _admit(message: stun.Message, route: Route, address: Address) -> Drop | None:
    """Remember who sent a request, or say what is wrong with it."""
    if (message.message_class, message.message_method) != (
        stun.Class.REQUEST,
        stun.Method.BINDING,
    ):
        return Drop.UNSOLICITED
    if not message.check_message_integrity(route.credentials.local_password.encode()):
        return Drop.BAD_INTEGRITY
    if "PRIORITY" not in message.attributes:  # RFC 8445 section 7.1.1
        return Drop.MALFORMED
    if route.requests.setdefault(message.transaction_id, address) != address:
        return Drop.REPLAYED
    if len(route.requests) > REMEMBERED_REQUESTS:
        del route.requests[next(iter(route.requests))]
    return None
