"""The track of one listener: ready Opus packets, shared by all listeners of the feed."""

import asyncio
from collections import deque

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import Packet
from av.stream import Stream

from streamer.opus import TIME_BASE

RING_PACKETS = 10
"""Packets that may wait for one listener: 200 ms. Beyond that the oldest is dropped, so
that a slow listener falls behind alone and by a bounded time."""


def opus_packet(payload: bytes, pts: int) -> "Packet[Stream]":
    """Return ``payload`` as aiortc sends it, unencoded; ``pts`` counts samples of 48 kHz."""
    packet: Packet[Stream] = Packet(payload)
    packet.pts, packet.time_base = pts, TIME_BASE
    return packet


class PacketTrack(MediaStreamTrack):
    """Hands packets to one ``RTCRtpSender``, which sends each at once.

    ``recv`` waits for the feed's ticker: there is no clock here. aiortc sends a ready
    ``av.Packet`` without encoding; its pts becomes the RTP timestamp.
    """

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._ring: deque[Packet[Stream]] = deque(maxlen=RING_PACKETS)
        self._filled = asyncio.Event()
        self.dropped = 0

    def put(self, packet: "Packet[Stream]") -> None:
        """Queue the next packet; never waits."""
        if len(self._ring) == RING_PACKETS:
            self.dropped += 1
        self._ring.append(packet)
        self._filled.set()

    async def recv(self) -> "Packet[Stream]":
        """Return the next packet.

        Raises:
            MediaStreamError: the track has been stopped.
        """
        while self.readyState == "live":
            if self._ring:
                return self._ring.popleft()
            self._filled.clear()
            await self._filled.wait()
        raise MediaStreamError

    def stop(self) -> None:
        """End the track: packets that wait are dropped and ``recv`` raises."""
        super().stop()
        self._ring.clear()
        self._filled.set()
