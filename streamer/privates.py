"""Every private name of aiortc and aioice that the streamer uses, and nothing else.

Both are pinned. ``check`` runs when the streamer starts: should a release move a name, the
process says which, instead of failing at the first listener.
"""

from collections.abc import Callable, Iterator

from aioice import Candidate, Connection
from aioice.ice import CandidatePair, StunProtocol
from aiortc import RTCIceGatherer, RTCPeerConnection

from streamer.errors import PrivateNameMoved

GATHERER = ("_connection",)
CONNECTION = (
    "_check_list",
    "_local_username",
    "_nominated",
    "_protocols",
    "_queue",
    "_remote_candidates",
    # public in name, but aioice promises none of them to callers
    "data_received",
    "get_component_candidates",
    "request_received",
)
PROTOCOL = ("connection_lost", "request", "transactions")
PAIR = ("remote_addr", "remote_candidate", "task")


def check() -> None:
    """Look for every name.

    Raises:
        PrivateNameMoved: names those that are not there.
    """
    gatherer = RTCIceGatherer(iceServers=[])
    moved = _missing(gatherer, GATHERER)
    if not moved:
        protocol = StunProtocol(gatherer._connection)
        somebody = Candidate("1", 1, "udp", 1, "127.0.0.1", 9, "prflx")
        moved += _missing(gatherer._connection, CONNECTION)
        moved += _missing(protocol, PROTOCOL)
        moved += _missing(CandidatePair(protocol, somebody), PAIR)
    if moved:
        raise PrivateNameMoved(moved)


def _missing(owner: object, names: tuple[str, ...]) -> list[str]:
    """Return those of ``names`` that ``owner`` has not, with its module and class."""
    kind = type(owner)
    return [f"{kind.__module__}.{kind.__name__}.{n}" for n in names if not hasattr(owner, n)]


def ice_connections(pc: RTCPeerConnection) -> Iterator[Connection]:
    """Yield the ICE connection of each transport of ``pc``; bundled sections share one."""
    parts = [transceiver.sender for transceiver in pc.getTransceivers()]
    transports = dict.fromkeys(part.transport for part in (*parts, pc.sctp) if part is not None)
    for transport in transports:
        yield transport.transport.iceGatherer._connection


def set_local_username(connection: Connection, ufrag: str) -> None:
    """Name a connection; to be done before its description is made."""
    connection._local_username = ufrag


def gather_by(connection: Connection, gather: Callable[[int], list[Candidate]]) -> None:
    """Let ``gather`` return a component's candidates, instead of binding a port for each."""

    async def get_component_candidates(component: int, **_: object) -> list[Candidate]:
        return gather(component)

    connection.get_component_candidates = get_component_candidates  # type: ignore[method-assign, assignment]


def add_protocol(connection: Connection, protocol: StunProtocol) -> None:
    """Give a connection something to send with, and to close when it closes."""
    connection._protocols.append(protocol)


def waiting(connection: Connection) -> int:
    """Return how many datagrams of media a connection has received and nobody has read."""
    return connection._queue.qsize()


def forget_address(connection: Connection, address: tuple[str, int]) -> None:
    """Drop the candidate pairs with ``address``, unless one of them carries the media."""
    pairs = [pair for pair in connection._check_list if pair.remote_addr == address]
    if any(pair in connection._nominated.values() for pair in pairs):
        return
    for pair in pairs:
        if pair.task is not None:
            pair.task.cancel()
        connection._check_list.remove(pair)
        connection._remote_candidates.remove(pair.remote_candidate)
