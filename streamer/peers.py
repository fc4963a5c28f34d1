"""Peer connections: an offer in, an answer out, and the listener behind it until it goes."""

import asyncio
import secrets
from dataclasses import dataclass

import structlog
from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from streamer.errors import InvalidSdp, NoMediaPath, TooManyListeners
from streamer.ice.addresses import announced, lan_addresses
from streamer.ice.mux import Mux
from streamer.listeners import parse_message
from streamer.metrics import Metrics
from streamer.offers import Offer
from streamer.peer import Peer
from streamer.player import Seat
from streamer.players import Players
from streamer.settings import Settings
from streamer.track import PacketTrack

CLOSE_S = 2.0
"""How long aiortc may take to close a connection; the process has 5 s to end."""

_OPUS = [
    codec
    for codec in RTCRtpSender.getCapabilities("audio").codecs
    if codec.mimeType.lower() == "audio/opus"
]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an offer, and the session that it began."""

    session: str
    """Names the session to whoever made it, and to nobody else: 128 random bits."""
    sdp: str


class Peers:
    """The connections of this process.

    Raises:
        NoMediaPath: no address is left to announce.
    """

    def __init__(self, players: Players, mux: Mux, settings: Settings, metrics: Metrics) -> None:
        self._players = players
        self._mux = mux
        self._settings = settings
        self._metrics = metrics
        self._peers: dict[str, Peer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = True
        if not self._announced(""):
            raise NoMediaPath(
                "ANNOUNCED_ADDRESSES has IPv6 addresses alone, and this machine has no IPv6"
            )

    @property
    def count(self) -> int:
        """Connections, the ones still being set up included."""
        return len(self._peers)

    def find(self, session: str) -> Peer | None:
        """Return the peer of ``session``, unless it is gone or going."""
        peer = self._peers.get(session)
        return None if peer is None or peer.closing else peer

    async def hang_up(self, peer: Peer) -> None:
        """Close a connection because its listener asks for it."""
        await self._close(peer, "hung up")

    async def answer(self, offer: Offer, host: str = "") -> Answer:
        """Set up a connection; return the SDP answer, and the session's name.

        ``host`` is the request's ``Host`` field: if it has an address, that is announced too.

        Raises:
            TooManyListeners: the limit is reached, or the process is stopping.
            InvalidSdp: aiortc cannot answer this offer.
        """
        if not self._open:
            raise TooManyListeners("server", "is stopping")
        if len(self._peers) >= self._settings.max_listeners:
            raise TooManyListeners(
                "listeners", f"all {self._settings.max_listeners} places are taken, try later"
            )
        # iceServers=None would mean a public STUN server and seconds of waiting for it
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        player = self._players.open(offer.feed)
        peer = Peer(secrets.token_hex(16), offer, pc, player, PacketTrack())
        self._peers[peer.session] = peer
        self._watch(peer)
        try:
            return Answer(peer.session, await self._negotiate(peer, host))
        except BaseException:
            await self._close(peer, "refused")
            raise

    async def close(self) -> None:
        """Say goodbye to every listener; take no more."""
        self._open = False
        await asyncio.gather(
            *(self._close(peer, "stopping") for peer in tuple(self._peers.values()))
        )
        await asyncio.gather(*self._tasks)

    async def _negotiate(self, peer: Peer, host: str) -> str:
        try:
            audio = peer.pc.addTransceiver(peer.track, direction="sendonly")
            # or the offer's first codec that aiortc knows would be announced: G.711, say
            audio.setCodecPreferences(_OPUS)
            await peer.pc.setRemoteDescription(RTCSessionDescription(peer.offer.sdp, "offer"))
            for transceiver in peer.pc.getTransceivers():
                if transceiver is not audio:
                    # aiortc would decode what a stranger sends into a queue without bound
                    transceiver.direction = "inactive"
            peer.attachment = self._mux.attach(peer.pc, self._announced(host))
            await peer.pc.setLocalDescription(await peer.pc.createAnswer())
        except Exception as error:
            # aiortc parses a stranger's text: whatever it raises, the offer is at fault
            log.info("offer.refused", error=repr(error))
            raise InvalidSdp(f"cannot be answered: {str(error) or type(error).__name__}") from error
        loop = asyncio.get_running_loop()
        peer.timer = loop.call_later(
            self._settings.connect_timeout, self._close_soon, peer, "never connected"
        )
        return str(peer.pc.localDescription.sdp)

    def _announced(self, host: str) -> list[str]:
        # found anew each time: a laptop moves from network to network
        return announced(
            self._settings.announced_addresses,
            self._settings.lan_address or lan_addresses(),
            host,
            has_ipv6=self._mux.has_ipv6,
        )

    def _watch(self, peer: Peer) -> None:
        @peer.pc.on("connectionstatechange")
        def changed() -> None:
            state = peer.pc.connectionState
            if state == "connected":
                self._connected(peer)
            elif state in ("failed", "closed"):
                self._close_soon(peer, state)

        @peer.pc.on("datachannel")
        def opened(channel: RTCDataChannel) -> None:
            peer.channel = channel

            @channel.on("message")
            def said(text: object) -> None:
                self._heard(peer, text)

    def _connected(self, peer: Peer) -> None:
        if peer.timer is not None:
            peer.timer.cancel()
        if peer.closing:
            return
        log.info("listener.connected", feed=peer.offer.feed, session=peer.log_name)
        peer.player.join(peer.session, Seat(peer.track, peer.tell))
        self._count()
        if not peer.offer.has_data_channel:
            loop = asyncio.get_running_loop()
            peer.timer = loop.call_later(self._settings.warmup, self._set_ready, peer, True)

    def _heard(self, peer: Peer, text: object) -> None:
        message = parse_message(text)
        if message == "listener.ready":
            self._set_ready(peer, True)
        elif message == "listener.paused":
            self._set_ready(peer, False)

    def _set_ready(self, peer: Peer, ready: bool) -> None:
        peer.player.set_ready(peer.session, ready)
        self._count()

    def _close_soon(self, peer: Peer, reason: str) -> None:
        task = asyncio.create_task(self._close(peer, reason))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _close(self, peer: Peer, reason: str) -> None:
        if peer.closing:
            return
        peer.closing = True
        if peer.timer is not None:
            peer.timer.cancel()
        peer.player.leave(peer.session)
        self._players.release(peer.player)
        self._metrics.dropped.inc(peer.track.dropped)
        peer.track.stop()
        try:
            async with asyncio.timeout(CLOSE_S):
                await peer.pc.close()
        except Exception as error:  # noqa: BLE001  # the boundary to aiortc
            # it says goodbye over a connection that may be gone in any way: what it
            # cannot close it is left with, and the others are closed all the same
            log.warning("listener.not_closed", session=peer.log_name, error=repr(error))
        if peer.attachment is not None:
            peer.attachment.close()
        del self._peers[peer.session]
        self._count()
        log.info("listener.gone", feed=peer.player.name, session=peer.log_name, reason=reason)

    def _count(self) -> None:
        audiences = {peer.player.audience for peer in self._peers.values()}
        self._metrics.connected.set(sum(audience.connected for audience in audiences))
        self._metrics.ready.set(sum(audience.ready for audience in audiences))
