"""A listener as a browser is one: aiortc connects, the packets are kept as they come."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from aiortc.rtp import RtpPacket

from tests.conftest import becomes

RTP_HANDLER = "_handle_rtp_packet"
"""The one private name of aiortc used here: what a receiver is given every packet by."""


class Browser:
    """One listener. ``packets`` hold the RTP as it came, ``told`` what the server said."""

    def __init__(self, *, has_channel: bool = True) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.packets: list[RtpPacket] = []
        self.told: list[dict[str, Any]] = []
        self._channel: RTCDataChannel | None = None
        if has_channel:
            self._channel = self.pc.createDataChannel("playhead")
            self._channel.on("message", lambda text: self.told.append(json.loads(text)))
        self._keep(self.pc.addTransceiver("audio", direction="recvonly").receiver)

    async def offer(self, **fields: Any) -> dict[str, Any]:
        """Return the JSON body of an offer."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return {"sdp": self.pc.localDescription.sdp, "type": "offer", **fields}

    async def accept(self, answer: dict[str, Any]) -> None:
        """Connect; return when that is done, and the data channel open if there is one."""
        await self.pc.setRemoteDescription(RTCSessionDescription(**answer))
        await becomes(lambda: self.pc.connectionState == "connected")
        channel = self._channel
        if channel is not None:
            await becomes(lambda: channel.readyState == "open")

    def say(self, message: str | bytes) -> None:
        """Send a message as it is."""
        assert self._channel is not None
        self._channel.send(message)

    def say_ready(self, ready: bool = True) -> None:
        self.say(json.dumps({"type": "listener.ready" if ready else "listener.paused"}))

    async def hears(self, packets: int) -> None:
        """Wait for so many packets more."""
        wanted = len(self.packets) + packets
        await becomes(lambda: len(self.packets) >= wanted)

    def told_types(self) -> list[str]:
        return [message["type"] for message in self.told]

    def _keep(self, receiver: RTCRtpReceiver) -> None:
        async def keep(packet: RtpPacket, arrival_time_ms: int) -> None:
            self.packets.append(packet)

        assert hasattr(receiver, RTP_HANDLER), f"aiortc has no {RTP_HANDLER} any more"
        setattr(receiver, RTP_HANDLER, keep)


@contextlib.asynccontextmanager
async def browser(http: Any, *, has_channel: bool = True, **fields: Any) -> AsyncIterator[Browser]:
    """Connect over ``POST /offer`` of an aiohttp client; hang up at the end."""
    listener = Browser(has_channel=has_channel)
    try:
        async with http.post("/offer", json=await listener.offer(**fields)) as reply:
            answer = await reply.json()
            assert reply.status == 200, answer
        await listener.accept(answer)
        yield listener
    finally:
        await listener.pc.close()
