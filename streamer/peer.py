"""One listener's connection, as the process holds it."""

import asyncio
import json
from dataclasses import dataclass

from aiortc import RTCDataChannel, RTCPeerConnection

from feed.events import Event, event_as_dict
from streamer.ice.mux import Attachment
from streamer.offers import Offer
from streamer.player import FeedPlayer
from streamer.track import PacketTrack

MAX_CHANNEL_BACKLOG = 65_536
"""Bytes that may wait in a listener's data channel; beyond that it is told nothing more."""


@dataclass(eq=False, slots=True)
class Peer:
    """One listener's connection."""

    session: str
    offer: Offer
    pc: RTCPeerConnection
    player: FeedPlayer
    track: PacketTrack
    attachment: Attachment | None = None
    """To the mux, once the offer has been applied."""
    timer: asyncio.TimerHandle | None = None
    """Until it connects: the time-out. Then, without data channel: the warm-up."""
    channel: RTCDataChannel | None = None
    closing: bool = False

    @property
    def log_name(self) -> str:
        """Enough of the session's name to tell it from others, too little to use it."""
        return self.session[:8]

    def tell(self, event: Event) -> None:
        """Send an event over the data channel, if there is one that keeps up."""
        channel = self.channel
        if (
            channel is not None
            and channel.readyState == "open"
            and channel.bufferedAmount < MAX_CHANNEL_BACKLOG
        ):
            channel.send(json.dumps(event_as_dict(event)))
