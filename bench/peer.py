"""A listener that receives and decodes nothing: ICE, DTLS, SRTP and RTCP are aiortc's own."""

import asyncio
import json
import math
import time

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

from bench.clock import Packet
from bench.errors import NotConnected

CONNECT_S = 20.0

# Every private name of aiortc used here; tests/bench/test_peer.py says if one has moved.
JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class Recorder(JitterBuffer):
    """Stands in for a receiver's jitter buffer: notes each packet and gives none to decode.

    So everything up to it is done as for any listener, receiver reports included.
    """

    def __init__(self) -> None:
        super().__init__(capacity=1)
        self.packets: list[Packet] = []

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        """Note a packet."""
        arrival_s = time.monotonic()
        self.packets.append(
            Packet(arrival_s, packet.sequence_number, packet.timestamp, len(packet.payload))
        )
        return False, None


def record(receiver: RTCRtpReceiver) -> Recorder:
    """Have ``receiver`` record from now on; call before it starts."""
    recorder = Recorder()
    assert hasattr(receiver, JITTER_BUFFER), f"aiortc has no {JITTER_BUFFER} any more"
    setattr(receiver, JITTER_BUFFER, recorder)
    return recorder


class Peer:
    """One listener, as the page is one: it receives audio and has a data channel."""

    def __init__(self) -> None:
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._channel = self._pc.createDataChannel("playhead")
        self._recorder = record(self._pc.addTransceiver("audio", direction="recvonly").receiver)
        self._opened = asyncio.Event()
        self._channel.on("open", self._opened.set)
        # all on the monotonic clock
        self.offered_s = self.answered_s = self.ready_s = math.nan
        """When it sent its offer, had the answer, and said that it is ready."""

    @property
    def packets(self) -> list[Packet]:
        """What arrived since it connected, or since ``forget``."""
        return self._recorder.packets

    def forget(self) -> None:
        """Begin a new recording."""
        self._recorder.packets = []

    async def connect(self, http: aiohttp.ClientSession, url: str, feed: str) -> None:
        """Connect to a streamer; return when the data channel is open.

        Raises:
            NotConnected: refused, or not within ``CONNECT_S``.
        """
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._negotiate(http, url, feed)
                await self._opened.wait()
        except TimeoutError:
            raise NotConnected(f"{url}: no connection within {CONNECT_S:.0f} s") from None
        except (aiohttp.ClientError, OSError) as error:  # the boundary to the network
            raise NotConnected(f"{url}: {error}") from error

    def say_ready(self) -> None:
        """Tell the streamer that this listener can hear."""
        self.ready_s = time.monotonic()
        self._channel.send(json.dumps({"type": "listener.ready"}))

    async def close(self) -> None:
        """Hang up."""
        await self._pc.close()

    async def _negotiate(self, http: aiohttp.ClientSession, url: str, feed: str) -> None:
        await self._pc.setLocalDescription(await self._pc.createOffer())
        offer = {"sdp": self._pc.localDescription.sdp, "type": "offer", "feed": feed}
        self.offered_s = time.monotonic()
        async with http.post(f"{url}/offer", json=offer) as reply:
            answer = await reply.json()
            self.answered_s = time.monotonic()
            if reply.status != 200:
                raise NotConnected(f"{url}: {reply.status} {answer}")
        await self._pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
