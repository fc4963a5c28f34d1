"""Plays one feed: the shell round its playout, with one ticker for all its listeners."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from feed.cancellation import heeding
from feed.commits import Committer
from feed.connection import Backoff
from feed.entries import AudioEntry
from feed.errors import MalformedEntry, UnknownEntry
from feed.events import Event, event_as_dict
from feed.ids import EntryId
from feed.playhead import Playhead
from streamer.frame import Frame
from streamer.health import Health
from streamer.listeners import Audience
from streamer.metrics import Metrics
from streamer.opus import OpusEncoder
from streamer.pacing import Pacer, staggered_anchor
from streamer.playout import Playout, PlayoutLimits
from streamer.taps import Tap
from streamer.track import PacketTrack, opus_packet
from streamer.transform import FRAME_SAMPLES, SILENCE

COMMIT_EVERY_S = 0.200
LEAD_IN_PACKETS = 4
"""Silence that a new listener gets at once, ahead of the clock: 80 ms.

A jitter buffer that begins empty grows to its target by stretching what it plays, and
shrinks again by squeezing it, for seconds. One that is filled to its target by the first
packets has nothing to do: the page asks for a target of as much (``jitterBufferTarget``).
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seat:
    """What the player holds of one listener."""

    track: PacketTrack
    tell: Callable[[Event], None]


class FeedPlayer:
    """One feed being played to whoever listens.

    The ticker runs while anybody is connected, and sends silence when there is nothing to
    say; speech plays only while somebody is ready. Call ``load`` first, ``close`` last.
    """

    def __init__(
        self,
        name: str,
        committer: Committer,
        limits: PlayoutLimits,
        encoder: OpusEncoder,
        tap: Tap,
        metrics: Metrics,
        health: Health,
        phase: int,
    ) -> None:
        self.name = name
        self.playout = Playout(limits)
        self.audience = Audience()
        self._limits = limits
        self._committer = committer
        self._encoder = encoder
        self._tap = tap
        self._metrics = metrics
        self._health = health
        self._phase = phase
        self._seats: dict[str, Seat] = {}
        self._ticker: asyncio.Task[None] | None = None
        self._commits: asyncio.Task[None] | None = None
        self._event_waits = asyncio.Event()
        self._committed = Playhead()
        self._silence = encoder.encode(SILENCE)
        self._pts = LEAD_IN_PACKETS * FRAME_SAMPLES

    async def load(self) -> EntryId:
        """Wait for Redis, take up the saved playhead, and begin to commit.

        Returns:
            The ID after which the feed is to be read.
        """
        backoff = Backoff()
        while True:
            try:
                resume = await heeding(self._committer.load())
                break
            except MalformedEntry as error:
                log.error("playhead.malformed", feed=self.name, error=str(error))
                resume = None
                break
            except (RedisError, OSError) as error:
                # gone, loading or refusing: until Redis answers, silence is sent
                log.warning("playhead.not_loaded", feed=self.name, error=str(error))
                await asyncio.sleep(backoff.next())
        if resume is not None:
            log.info("playhead.resumed", feed=self.name, **resume.fields())
            self.playout = Playout(self._limits, resume)
            self._committed = resume
        # a player that died may have left the events stream saying that somebody listens
        self._emit([self.audience.event])
        self._commits = asyncio.create_task(self._commit_forever(), name=f"commit {self.name}")
        return (resume or Playhead()).audio_id.before()

    # the reader's sink

    def wants(self, entries: int) -> bool:
        """Tell whether there is room for so many more entries."""
        return self.playout.wants(entries)

    def take(self, entry_id: EntryId, entry: AudioEntry) -> None:
        """Queue the next entry."""
        self._emit(self.playout.take(entry_id, entry))

    def refuse(self, entry_id: EntryId, error: MalformedEntry | UnknownEntry) -> None:
        """Count an entry that could not be read."""
        self.playout.refuse(error)
        log.warning("entry.skipped", feed=self.name, id=str(entry_id), error=str(error))

    # listeners

    def join(self, session: str, seat: Seat) -> None:
        """Send to a listener from now on."""
        for n in range(LEAD_IN_PACKETS, 0, -1):
            seat.track.put(opus_packet(self._silence, self._pts - n * FRAME_SAMPLES))
        self._seats[session] = seat
        self._emit([self.audience.join(session)])
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick_forever(), name=f"tick {self.name}")
            self._ticker.add_done_callback(self._ticker_ended)

    def set_ready(self, session: str, ready: bool) -> None:
        """Note that a listener can hear, or no longer."""
        event = self.audience.set_ready(session, ready)
        if event is None:
            return
        self._emit([event])
        speaking = self.playout.speaking
        if ready and speaking is not None:  # it began before this listener could be told
            self._seats[session].tell(speaking)

    def leave(self, session: str) -> None:
        """Stop sending to a listener. The ticker stops with the last one."""
        self._seats.pop(session, None)
        event = self.audience.leave(session)
        if event is not None:
            self._emit([event])
        if not self._seats and self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None

    async def close(self) -> None:
        """Stop playing, end the capture, and commit once more if Redis answers."""
        for task in (self._ticker, self._commits):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._tap.end()
        self._queue_playhead()
        if self._committer.waiting:
            try:
                await self._committer.commit()
            except (RedisError, OSError) as error:  # the last try: the process is going
                log.warning("commit.lost", feed=self.name, error=str(error))

    # the two tasks

    async def _tick_forever(self) -> None:
        pacer = Pacer(staggered_anchor(time.monotonic(), self._phase))
        while True:
            await asyncio.sleep(pacer.delay(time.monotonic()))
            frame = self.playout.pull(playing=self.audience.ready > 0, arriving=self._health.redis)
            self._send(self._encoder.encode(frame.pcm))
            self._metrics.lateness_s.observe(pacer.sent(time.monotonic()))
            if pacer.stalled:
                self._metrics.stalls.inc()
                log.warning("clock.stalled", feed=self.name)
            self._after(frame)

    def _ticker_ended(self, task: asyncio.Task[None]) -> None:
        """Log a ticker that failed, and let the next listener start another.

        A page that gets no RTP for a second connects again, so that will be soon.
        """
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("tick.failed", feed=self.name, exc_info=error)
            self._ticker = None

    def _send(self, payload: bytes) -> None:
        packet = opus_packet(payload, self._pts)
        self._pts += FRAME_SAMPLES
        for seat in self._seats.values():
            seat.track.put(packet)

    def _after(self, frame: Frame) -> None:
        """Do what is true once the frame has been sent."""
        self._tap.record(frame, idle=self.playout.idle)
        self._emit(frame.events)

    def _emit(self, events: list[Event] | tuple[Event, ...]) -> None:
        for event in events:
            fields = event_as_dict(event)
            log.info(fields.pop("type"), feed=self.name, **fields)
            self._committer.add_event(event)
            for seat in tuple(self._seats.values()):
                seat.tell(event)
        if events:
            self._event_waits.set()

    async def _commit_forever(self) -> None:
        backoff = Backoff()
        while True:
            # not wait_for: in Python 3.11 it swallows a cancel that meets the event
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(COMMIT_EVERY_S):
                    await self._event_waits.wait()
            self._event_waits.clear()
            self._queue_playhead()
            if not self._committer.waiting:
                continue
            try:
                await heeding(self._committer.commit())
            except (RedisError, OSError) as error:
                # gone, loading or refusing: whatever it is, what waits is kept and tried again
                log.warning("commit.failed", feed=self.name, error=str(error))
                await asyncio.sleep(backoff.next())
            else:
                backoff.reset()

    def _queue_playhead(self) -> None:
        if self.playout.playhead != self._committed:
            self._committed = self.playout.playhead
            self._committer.set_playhead(self._committed, self.playout.trim_before)
