"""One response on its way through the streamer: what came, what waits, what was sent.

Source samples (24 kHz) go in as they arrive; 48 kHz mono samples are taken out as they
are sent. In between every sample keeps its address: entry, item, offset.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from feed.audio import SAMPLE_BYTES
from feed.ids import EntryId
from streamer.transform import UPSAMPLING, Mono, Upsampler

FEED_SLICE_BYTES = 480 * SAMPLE_BYTES
"""How much is resampled at a time: a frame's worth. What comes out does not depend on it."""


@dataclass(slots=True)
class Segment:
    """Samples of one entry that have not been sent; shrinks from its beginning."""

    entry_id: EntryId
    sample_in_entry: int
    item_id: str
    offset: int
    samples: int


@dataclass(frozen=True, slots=True)
class Run:
    """Samples that follow each other in one item: ``samples`` at 48 kHz, ``offset`` at 24."""

    item_id: str
    offset: int
    samples: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken out of a response to be sent.

    ``mono`` is 48 kHz, shape (n,), and ``runs`` say where its samples come from. ``raw`` is
    what went into the resampler since the last time, as it came; ``framed`` the same as the
    resampler was given it. ``passed`` are the entries now sent to their end, with their lengths.
    """

    mono: Mono
    runs: tuple[Run, ...]
    raw: bytes
    framed: bytes
    passed: tuple[tuple[EntryId, int], ...]


class QueuedResponse:
    """A response from its first entry until its last sample has been sent.

    In 24 kHz samples, at any moment: ``received == sent + queued``.
    """

    def __init__(self, response_id: str) -> None:
        self.response_id = response_id
        self.received = 0
        self.sent = 0
        self.item_id = ""
        """The item being received."""
        self.expected = 0
        """The offset of that item's next sample, if nothing is lost."""
        self.sent_item_id = ""
        self.sent_of_item = 0
        self.next_offset = 0
        """The offset, in the item being sent, of the sample that goes next."""
        self.started = False
        self.ended_by: EntryId | None = None
        """The entry that completed it, or None while more may come."""
        self.failed = False
        self._unfed: deque[bytes] = deque()
        self._unsent: deque[Segment] = deque()
        self._upsampler: Upsampler | None = Upsampler()
        self._ready: Mono = np.zeros(0, np.int16)
        self._raw: list[bytes] = []
        self._framed: list[bytes] = []

    @property
    def queued(self) -> int:
        """Samples received and not sent."""
        return self.received - self.sent

    @property
    def complete(self) -> bool:
        """Whether nothing more will come."""
        return self.ended_by is not None

    @property
    def entries(self) -> int:
        """Entries that hold unsent samples, and one for the response itself."""
        return len(self._unsent) + 1

    def append(self, segment: Segment, audio: bytes) -> None:
        """Queue the samples of an entry."""
        self.received += segment.samples
        self._unfed.append(audio)
        self._unsent.append(segment)

    def take(self, most: int) -> Taken:
        """Take up to ``most`` samples (48 kHz, an even number); they count as sent.

        Fewer come out when the response has no more, for now or for good; none at all
        when everything has been taken.
        """
        self._feed(most)
        mono, self._ready = self._ready[:most], self._ready[most:]
        if not len(mono):
            return Taken(mono, (), b"", b"", ())
        runs, passed = self._advance(len(mono) // UPSAMPLING)
        taken = Taken(mono, runs, b"".join(self._raw), b"".join(self._framed), passed)
        self._raw.clear()
        self._framed.clear()
        return taken

    def _feed(self, wanted: int) -> None:
        """Resample until ``wanted`` samples are ready or the source is dry."""
        outs = [self._ready]
        n_ready = len(self._ready)
        while n_ready < wanted and self._unfed:
            assert self._upsampler is not None
            piece = self._unfed.popleft()
            if len(piece) > FEED_SLICE_BYTES:
                self._unfed.appendleft(piece[FEED_SLICE_BYTES:])
                piece = piece[:FEED_SLICE_BYTES]
            frame, out = self._upsampler.push(piece)
            self._raw.append(piece)
            self._framed.append(frame)
            outs.append(out)
            n_ready += len(out)
        if n_ready < wanted and self.complete and self._upsampler is not None:
            if self.queued:  # a filter that was never fed has nothing to flush
                outs.append(self._upsampler.flush())
            self._upsampler = None
        self._ready = np.concatenate(outs)

    def _advance(self, left: int) -> tuple[tuple[Run, ...], tuple[tuple[EntryId, int], ...]]:
        """Move the addresses on by ``left`` source samples."""
        self.sent += left
        runs: list[Run] = []
        passed: list[tuple[EntryId, int]] = []
        while left:
            segment = self._unsent[0]
            n = min(left, segment.samples)
            if segment.item_id != self.sent_item_id:
                self.sent_item_id, self.sent_of_item = segment.item_id, 0
            if runs and runs[-1].item_id == segment.item_id and segment.offset == self.next_offset:
                last = runs[-1]
                runs[-1] = Run(last.item_id, last.offset, last.samples + n * UPSAMPLING)
            else:
                runs.append(Run(segment.item_id, segment.offset, n * UPSAMPLING))
            left -= n
            self.sent_of_item += n
            segment.samples -= n
            segment.sample_in_entry += n
            segment.offset += n
            self.next_offset = segment.offset
            if not segment.samples:
                self._unsent.popleft()
                passed.append((segment.entry_id, segment.sample_in_entry))
        return tuple(runs), tuple(passed)

    @property
    def next_segment(self) -> Segment | None:
        """Where the sample that goes next comes from, or None if all were sent."""
        return self._unsent[0] if self._unsent else None
