"""Feeds a playout and pulls from it on virtual time, checking what must hold of every frame."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from captures.check import check_captures
from captures.files import STAGES
from captures.index import CaptureIndex, ResponseRecord, SpanList
from feed.audio import samples_in
from feed.entries import AudioDelta, AudioDone, AudioEntry
from feed.events import Event, Started, Stopped
from feed.ids import EntryId
from feed.playhead import Playhead
from streamer.frame import Frame
from streamer.playout import Playout, PlayoutLimits
from streamer.transform import FRAME_SAMPLES
from tests.streamer.speech import Mono

Numbered = tuple[EntryId, AudioEntry]
LIMITS = PlayoutLimits()
FRAME_IN = 480
"""Source samples in a frame."""


def frames_in(seconds: float) -> int:
    return round(seconds * 50)


class Script:
    """Writes entries under IDs that follow each other, as a producer would."""

    def __init__(self, ms: int = 1000) -> None:
        self._next = EntryId(ms, 0)

    def number(self, entry: AudioEntry) -> Numbered:
        numbered = self._next, entry
        self._next = self._next.next()
        return numbered

    def delta(self, pcm: Mono, response_id: str = "r", item_id: str = "i", at: int = 0) -> Numbered:
        return self.number(AudioDelta(response_id, item_id, at, pcm.tobytes()))

    def deltas(
        self,
        pcm: Mono,
        sizes: int | Sequence[int] = FRAME_IN,
        response_id: str = "r",
        item_id: str = "i",
    ) -> list[Numbered]:
        """Cut ``pcm`` into chunks; ``sizes`` are used again from the first when they run out."""
        return [
            self.delta(pcm[a:b], response_id, item_id, a)
            for a, b in cuts(len(pcm), [sizes] if isinstance(sizes, int) else sizes)
        ]

    def done(self, samples: int, response_id: str = "r", item_id: str = "i") -> Numbered:
        return self.number(AudioDone(response_id, item_id, samples))

    def response(
        self,
        pcm: Mono,
        sizes: int | Sequence[int] = FRAME_IN,
        response_id: str = "r",
        item_id: str = "i",
    ) -> list[Numbered]:
        chunks = self.deltas(pcm, sizes, response_id, item_id)
        return [*chunks, self.done(len(pcm), response_id, item_id)]


def cuts(total: int, sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The beginning and end of each chunk when ``total`` is cut by ``sizes``, over and over."""
    at, i = 0, 0
    while at < total:
        size = sizes[i % len(sizes)]
        yield at, min(at + size, total)
        at, i = at + size, i + 1


@dataclass
class Drive:
    """A playout being played. Every ``pull`` is 20 ms."""

    playout: Playout = field(default_factory=lambda: Playout(LIMITS))
    frames: list[Frame] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    received: int = 0
    sent: int = 0

    @classmethod
    def resumed(cls, playhead: Playhead) -> "Drive":
        # of the entry it reads first, so much was received by the player before
        return cls(Playout(LIMITS, playhead), received=-playhead.sample_in_entry)

    def take(self, entries: Iterable[Numbered]) -> "Drive":
        for entry_id, entry in entries:
            counts = self.playout.counts
            stale, repeated = counts.stale_entries, counts.duplicate_samples
            self.events += self.playout.take(entry_id, entry)
            if isinstance(entry, AudioDelta) and counts.stale_entries == stale:
                self.received += entry.samples - (counts.duplicate_samples - repeated)
        return self

    def pull(self, frames: int = 1, *, playing: bool = True, arriving: bool = True) -> list[Frame]:
        pulled = [self._pull(playing, arriving) for _ in range(frames)]
        self.frames += pulled
        return pulled

    def until_idle(self, most: int = 100_000) -> list[Frame]:
        pulled: list[Frame] = []
        while not self.playout.idle:
            assert len(pulled) < most, "it never ends"
            pulled += self.pull()
        return pulled

    def _pull(self, playing: bool, arriving: bool) -> Frame:
        frame = self.playout.pull(playing, arriving)
        self.events += frame.events
        check_frame(frame)
        self.sent += len(frame.resampled) // 8
        assert self.received == self.sent + self.playout.queued_samples
        return frame

    # what was sent

    def resampled(self, response_id: str = "r") -> bytes:
        """Stage 3 of a response."""
        return b"".join(f.resampled for f in self.frames if f.response_id == response_id)

    def speech(self, response_id: str = "r") -> Mono:
        """Stage 3 of a response, one channel."""
        return np.frombuffer(self.resampled(response_id), np.int16)[::2]

    def spans(self) -> SpanList:
        """All spans, positions from the first frame, merged."""
        spans = SpanList()
        for n, frame in enumerate(self.frames):
            for span in frame.spans:
                spans.append(replace(span, start=n * FRAME_SAMPLES + span.start))
        return spans

    def silence(self, cause: str) -> int:
        """Samples of silence for that cause, at 48 kHz."""
        return sum(s.samples for s in self.spans() if s.kind == "silence" and s.cause == cause)

    def of(self, *kinds: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kinds)]

    def story(self) -> list[str]:
        """What began and ended, in order: ``+r`` and ``-r``."""
        signs = {Started: "+", Stopped: "-"}
        return [signs[type(e)] + e.response_id for e in self.of(Started, Stopped)]  # type: ignore[union-attr]

    def faults(self) -> list[str]:
        """What the independent check of captures finds wrong with everything sent."""
        played: dict[str, int] = {}
        for frame in self.frames:
            if frame.response_id:
                before = played.get(frame.response_id, 0)
                played[frame.response_id] = before + samples_in(frame.raw)
        records = tuple(ResponseRecord(name, n) for name, n in played.items())
        index = CaptureIndex("f", "1.000000", records, tuple(self.spans()))
        stages = (
            b"".join(f.raw for f in self.frames),
            b"".join(f.framed for f in self.frames),
            b"".join(f.resampled for f in self.frames),
            b"".join(f.pcm.tobytes() for f in self.frames),
        )
        results = check_captures(index, dict(zip(STAGES, stages, strict=True)))
        return [f"{result.name}: {result.detail}" for result in results if not result.ok]


def check_frame(frame: Frame) -> None:
    """What holds of every frame, whatever has happened."""
    assert frame.pcm.shape == (FRAME_SAMPLES, 2)
    assert frame.pcm.dtype == np.int16
    assert np.array_equal(frame.pcm[:, 0], frame.pcm[:, 1])
    at = 0
    for span in frame.spans:
        assert span.start == at
        assert span.samples > 0
        at += span.samples
        if span.kind == "silence":
            assert not frame.pcm[span.start : span.end].any()
    assert at == FRAME_SAMPLES
    assert sum(span.consumes for span in frame.spans) * 4 == len(frame.resampled)
