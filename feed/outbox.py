"""What a producer has written and still has to write, under explicit IDs.

A lost reply, a failover or a late fsync leaves a writer unsure of what the stream holds.
Here every entry keeps its ID and its bytes until it cannot be asked for any more, so the
answer to "the stream ends at X" is always a list of entries to write, never a guess.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from feed.entries import AudioDelta, AudioEntry
from feed.ids import START, EntryId, begin_ms

T = TypeVar("T")

KEEP_S = 10.0
"""Acknowledged entries are kept until one acknowledged so much later: longer than a
failover or ``appendfsync everysec`` may take back."""
KEEP_BYTES = 32 * 2**20
"""And at most so much audio, whose oldest is dropped: a burst of 10 min is 29 MB."""
STALE_S = 60.0
"""A new response does not bring back entries acknowledged longer ago than this: whoever
listened has heard them."""


@dataclass(slots=True)
class Numbered:
    """An entry under its ID, and when Redis acknowledged it (monotonic s), if it has."""

    id: EntryId
    entry: AudioEntry
    acknowledged_at: float | None = None

    @property
    def audio_bytes(self) -> int:
        """Size of the entry's audio."""
        return len(self.entry.audio) if isinstance(self.entry, AudioDelta) else 0


class Outbox:
    """Entries in the order of their IDs; those after ``last_id`` are to be written.

    ``last_id`` is the stream's last ID as far as is known. Callers move it by
    ``acknowledge`` when a write succeeded and by ``stream_ends_at`` when a look at the
    stream showed it somewhere else.
    """

    def __init__(self, keep_s: float = KEEP_S, keep_bytes: int = KEEP_BYTES) -> None:
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._entries: deque[Numbered] = deque()
        self._bytes = 0
        self._next = START
        self.last_id = START

    def begin(self, now_ms: int, now: float, stream_last: EntryId, playhead: EntryId) -> None:
        """Fix the ``MS`` of a new response, after everything in the stream and the outbox.

        Args:
            now_ms: Unix time in ms by the local clock, which may have stepped back.
            now: monotonic seconds.
            stream_last: the last ID the stream has generated.
            playhead: the entry playback has reached.
        """
        while self._entries and self._is_stale(self._entries[0], now):
            self._drop_oldest()
        self.played(playhead)
        newest = self._entries[-1].id if self._entries else START
        self._next = EntryId(begin_ms(now_ms, stream_last, playhead, newest), 0)
        self.last_id = stream_last

    def add(self, entry: AudioEntry) -> EntryId:
        """Give ``entry`` the next ID; it is to be written until acknowledged."""
        numbered = Numbered(self._next, entry)
        self._entries.append(numbered)
        self._bytes += numbered.audio_bytes
        self._next = self._next.next()
        return numbered.id

    def missing(self, stream_last: EntryId) -> list[Numbered]:
        """Return what a stream that ends at ``stream_last`` lacks, in order."""
        found: deque[Numbered] = deque()
        for numbered in reversed(self._entries):
            if numbered.id <= stream_last:
                break
            found.appendleft(numbered)
        return list(found)

    def stream_ends_at(self, stream_last: EntryId) -> None:
        """Take note of where the stream really ends: what comes after is to be written."""
        self.last_id = stream_last

    def acknowledge(self, up_to: EntryId, now: float) -> None:
        """Take note that everything up to ``up_to`` is in the stream, at ``now`` (monotonic)."""
        for numbered in reversed(self._entries):
            if numbered.id <= self.last_id:
                break
            if numbered.id <= up_to:
                numbered.acknowledged_at = now
        self.last_id = up_to
        # Age is measured from the newest acknowledgement, not from the clock: during an
        # outage nothing may be forgotten.
        while self._entries and self._is_old(self._entries[0], now):
            self._drop_oldest()

    def played(self, playhead: EntryId) -> None:
        """Forget what playback has passed: nobody needs it written again."""
        while (
            self._entries
            and self._entries[0].id < playhead
            and self._entries[0].acknowledged_at is not None
        ):
            self._drop_oldest()

    def _is_old(self, numbered: Numbered, now: float) -> bool:
        if numbered.acknowledged_at is None or numbered.id > self.last_id:
            return False
        return now - numbered.acknowledged_at > self._keep_s or self._bytes > self._keep_bytes

    def _is_stale(self, numbered: Numbered, now: float) -> bool:
        acknowledged_at = numbered.acknowledged_at
        return acknowledged_at is not None and now - acknowledged_at > STALE_S

    def _drop_oldest(self) -> None:
        self._bytes -= self._entries.popleft().audio_bytes


def batches(
    items: Iterable[T], size_of: Callable[[T], int], max_items: int, max_size: int
) -> Iterator[list[T]]:
    """Cut ``items`` into runs of at most so many items and so much size, one item at least."""
    run: list[T] = []
    size = 0
    for item in items:
        if run and (len(run) == max_items or size + size_of(item) > max_size):
            yield run
            run, size = [], 0
        run.append(item)
        size += size_of(item)
    if run:
        yield run
