"""What plays next: a frame every 20 ms, of speech when there is some, else of silence.

Knows no socket and no clock: entries go in, frames come out, one ``pull`` is 20 ms.
"""

from collections import deque
from dataclasses import dataclass

from captures.index import Cause, Span
from feed.audio import FEED_RATE_HZ
from feed.entries import AudioEntry
from feed.errors import MalformedEntry, UnknownEntry
from feed.events import Event, Started, Stopped
from feed.ids import EntryId
from feed.playhead import Playhead
from streamer.frame import Frame, faded, silent_frame, speech_spans
from streamer.intake import MAX_QUEUED_ENTRIES, Intake, IntakeCounts
from streamer.response import QueuedResponse, Taken
from streamer.transform import (
    FADE_SAMPLES,
    FILTER_SAMPLES,
    FRAME_S,
    FRAME_SAMPLES,
    SILENCE,
    UPSAMPLING,
    to_stereo,
)


@dataclass(frozen=True, slots=True)
class PlayoutLimits:
    """Durations in seconds; design and defaults in ``settings``."""

    prebuffer_s: float = 0.060
    response_timeout_s: float = 10.0
    read_ahead_s: float = 30.0
    rewind_s: float = 60.0


@dataclass(slots=True)
class UnderrunCounts:
    """Gaps inside responses, and how long they were at 48 kHz."""

    underruns_late: int = 0
    underruns_late_samples: int = 0
    underruns_never_arrived: int = 0
    underruns_never_arrived_samples: int = 0


@dataclass(slots=True)
class _Gap:
    """Silence where a response should have gone on."""

    received: int
    samples: int


class Playout:
    """The state of one feed being played.

    Speech is never dropped: when enough waits, ``wants`` says no and Redis keeps the rest.
    """

    def __init__(self, limits: PlayoutLimits, resume: Playhead | None = None) -> None:
        self._limits = limits
        self._intake = Intake(int(limits.read_ahead_s * FEED_RATE_HZ), resume)
        self._playhead = resume or Playhead()
        self._buffering = True
        self._waited_s = 0.0
        self._gap: _Gap | None = None
        self._sent_total = 0
        # bounded for entries that carry next to no audio: then less than the rewind is kept
        self._passed: deque[tuple[EntryId, int]] = deque(maxlen=MAX_QUEUED_ENTRIES)
        self.underruns = UnderrunCounts()

    @property
    def counts(self) -> IntakeCounts:
        """What was wrong with the entries so far."""
        return self._intake.counts

    @property
    def idle(self) -> bool:
        """Whether there is no response, playing or waiting."""
        return not self._intake.responses

    @property
    def queued_samples(self) -> int:
        """Samples received and not sent, at 24 kHz."""
        return self._intake.queued_samples

    @property
    def playhead(self) -> Playhead:
        """Where playback goes on."""
        return self._playhead

    @property
    def trim_before(self) -> EntryId | None:
        """The oldest entry within the rewind, below which the stream may be trimmed."""
        return self._passed[0][0] if self._passed else None

    @property
    def speaking(self) -> Started | None:
        """The event of the response that has started and not stopped, if there is one."""
        head = self._intake.responses[0] if self._intake.responses else None
        if head is None or not head.started:
            return None
        return Started(head.response_id, head.sent_item_id)

    def wants(self, entries: int) -> bool:
        """Tell whether there is room for so many more entries."""
        return self._intake.wants(entries)

    def take(self, entry_id: EntryId, entry: AudioEntry) -> list[Event]:
        """Queue the next entry of the feed; return what there is to say of it."""
        return self._intake.take(entry_id, entry)

    def refuse(self, error: MalformedEntry | UnknownEntry) -> None:
        """Count an entry that could not be read."""
        self._intake.counts.refused_entries += 1

    def pull(self, playing: bool, arriving: bool = True) -> Frame:
        """Return the next 20 ms.

        Args:
            playing: whether anybody hears it. If not, speech waits where it is, and so
                does the time a response has to go on.
            arriving: whether entries can come at all. While Redis is out, the producer
                of a starved response is not to blame, and its time stands still.
        """
        if not playing:
            return silent_frame("idle" if self.idle else "paused")
        events: list[Event] = []
        while self._intake.responses:
            head = self._intake.responses[0]
            if self._buffering and not self._may_play(head, arriving, events):
                return silent_frame("underrun" if self._gap else "buffering", events)
            taken = head.take(FRAME_SAMPLES)
            if len(taken.mono):
                return self._speech_frame(head, taken, events)
            if head.complete:
                self._finish(head, events)
            else:
                self._starve(head, FRAME_SAMPLES)
                return silent_frame("underrun", events)
        return silent_frame("idle", events)

    def _may_play(self, head: QueuedResponse, arriving: bool, events: list[Event]) -> bool:
        """Tell whether enough waits to go on; if nothing has come for too long, give up."""
        enough = max(self._limits.prebuffer_s * FEED_RATE_HZ, FILTER_SAMPLES + 1)
        if not head.complete and head.queued < enough:
            if self._waited_s < self._limits.response_timeout_s:
                self._waited_s += FRAME_S if arriving else 0.0
                if self._gap:
                    self._gap.samples += FRAME_SAMPLES
                return False
            ended_by = self._playhead.audio_id
            events.append(self._intake.end(head, ended_by, "response_timeout"))
        self._buffering = False
        self._waited_s = 0.0
        return True

    def _speech_frame(self, head: QueuedResponse, taken: Taken, events: list[Event]) -> Frame:
        if not head.started:
            head.started = True
            events.append(Started(head.response_id, taken.runs[0].item_id))
        self._move_playhead(head, taken)
        after_gap = self._close_gap(head)
        mono = taken.mono
        n = len(mono)
        whole = n == FRAME_SAMPLES
        finished = head.complete and not head.queued
        n_in = min(n, FADE_SAMPLES) if after_gap else 0
        # where speech breaks off in the middle, it fades; where it ends, it has ended
        n_out = 0 if whole or finished else min(n - n_in, FADE_SAMPLES)
        pcm = SILENCE.copy()
        pcm[:n] = to_stereo(faded(mono, n_in, n_out))
        spans = speech_spans(head.response_id, taken, n_in, n_out)
        if finished:
            self._finish(head, events)
        elif not whole:
            self._starve(head, FRAME_SAMPLES - n)
        if not whole:
            cause: Cause = "padding" if finished else "underrun"
            spans.append(Span.silence(n, FRAME_SAMPLES - n, cause))
        return Frame(
            pcm,
            tuple(spans),
            tuple(events),
            head.response_id,
            taken.raw,
            taken.framed,
            to_stereo(mono).tobytes(),
        )

    def _finish(self, head: QueuedResponse, events: list[Event]) -> None:
        """Let go of a response whose last sample has been sent."""
        self._close_gap(head)
        self._intake.responses.popleft()
        self._buffering = True
        if head.started:
            end_ms = head.sent_of_item * 1000 // FEED_RATE_HZ
            events.append(Stopped(head.response_id, head.sent_item_id, head.sent_of_item, end_ms))
        assert head.ended_by is not None
        # past its last entry, so that whoever resumes here does not see it begin again
        after = max(head.ended_by, self._playhead.audio_id.next())
        self._playhead = Playhead(after, 0, head.response_id, head.sent_item_id, head.next_offset)

    def _starve(self, head: QueuedResponse, silent_samples: int) -> None:
        self._buffering = True
        self._gap = _Gap(head.received, silent_samples)

    def _close_gap(self, head: QueuedResponse) -> bool:
        """Count the gap that ends here, if there is one. Waiting for *done* alone is none."""
        gap, self._gap = self._gap, None
        if gap is None:
            return False
        if head.received > gap.received:
            self.underruns.underruns_late += 1
            self.underruns.underruns_late_samples += gap.samples
        elif head.failed:
            self.underruns.underruns_never_arrived += 1
            self.underruns.underruns_never_arrived_samples += gap.samples
        return True

    def _move_playhead(self, head: QueuedResponse, taken: Taken) -> None:
        self._sent_total += len(taken.mono) // UPSAMPLING
        for entry_id, _ in taken.passed:
            self._passed.append((entry_id, self._sent_total))
        keep_from = self._sent_total - self._limits.rewind_s * FEED_RATE_HZ
        while len(self._passed) > 1 and self._passed[0][1] < keep_from:
            self._passed.popleft()
        coming = head.next_segment
        at = (coming.entry_id, coming.sample_in_entry) if coming else taken.passed[-1]
        self._playhead = Playhead(*at, head.response_id, head.sent_item_id, head.next_offset)
