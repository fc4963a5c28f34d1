"""A player on a real clock without Redis, and listeners that only collect packets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from av import Packet
from av.stream import Stream

from feed.commits import Committer
from feed.events import Event
from feed.playhead import Playhead
from streamer.health import Health
from streamer.metrics import Metrics
from streamer.opus import OpusEncoder
from streamer.player import FeedPlayer, Seat
from streamer.taps import NoTap
from streamer.track import PacketTrack
from streamer.transform import Stereo
from tests.streamer.drive import LIMITS


class MemoryCommitter(Committer):
    """Keeps what it is given, at once and for good."""

    def __init__(self, saved: Playhead | None = None) -> None:
        self._saved = saved
        self.events: list[Event] = []
        self.playheads: list[Playhead] = []

    @property
    def waiting(self) -> bool:
        return False

    def add_event(self, event: Event) -> None:
        self.events.append(event)

    def set_playhead(self, playhead: Playhead, trim_before: object) -> None:
        self.playheads.append(playhead)

    async def load(self) -> Playhead | None:
        return self._saved

    async def commit(self) -> None:
        raise AssertionError("nothing waits")


class CountingEncoder(OpusEncoder):
    """Counts the frames, which are the ticks."""

    def __init__(self) -> None:
        super().__init__(complexity=0)
        self.shapes: list[tuple[int, ...]] = []

    def encode(self, frame: Stereo) -> bytes:
        self.shapes.append(frame.shape)
        return super().encode(frame)

    @property
    def ticks(self) -> int:
        """Frames encoded by the ticker: all but the silence that every player begins with."""
        return len(self.shapes) - 1


@dataclass
class Played:
    """A player that is loaded, and what it works with."""

    player: FeedPlayer
    encoder: CountingEncoder
    committer: MemoryCommitter
    metrics: Metrics


@contextlib.asynccontextmanager
async def playing(saved: Playhead | None = None) -> AsyncIterator[Played]:
    encoder, committer, metrics = CountingEncoder(), MemoryCommitter(saved), Metrics()
    health = Health(metrics.redis_up.set)
    health.saw_redis(True)
    player = FeedPlayer("f", committer, LIMITS, encoder, NoTap(), metrics, health, phase=0)
    await player.load()
    try:
        yield Played(player, encoder, committer, metrics)
    finally:
        await player.close()


@dataclass
class Listener:
    """Somebody in a seat. ``listen`` collects; without it nothing is taken from the track."""

    session: str = "a"
    track: PacketTrack = field(default_factory=PacketTrack)
    told: list[Event] = field(default_factory=list)
    packets: "list[Packet[Stream]]" = field(default_factory=list)

    @property
    def seat(self) -> Seat:
        return Seat(self.track, self.told.append)

    async def listen(self, packets: int) -> None:
        for _ in range(packets):
            self.packets.append(await self.track.recv())


async def joined(player: FeedPlayer, *listeners: Listener, ready: bool = True) -> None:
    for listener in listeners:
        player.join(listener.session, listener.seat)
        player.set_ready(listener.session, ready)
    await asyncio.sleep(0)
