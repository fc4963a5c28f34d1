"""How much speech of a feed is written but not yet played."""

from collections import deque

from feed.ids import START, EntryId
from feed.playhead import Playhead


class Backlog:
    """Samples written minus playhead, at 24 kHz.

    It holds a pair of numbers per unplayed entry; its owner bounds it by not writing on
    above a limit.
    """

    def __init__(self) -> None:
        self._entries: deque[tuple[EntryId, int]] = deque()
        self._written = 0
        self._sent_of_first = 0
        self._playhead = Playhead()
        self.last_id = START
        """The last entry counted."""

    @property
    def samples(self) -> int:
        """Samples not yet played."""
        return self._written - self._sent_of_first

    def wrote(self, entry_id: EntryId, samples: int) -> None:
        """Count an entry of the stream. One counted before, or already played, adds nothing."""
        if entry_id <= self.last_id:
            return
        self.last_id = entry_id
        if entry_id >= self._playhead.audio_id and samples:
            self._entries.append((entry_id, samples))
            self._written += samples
            self.played(self._playhead)

    def played(self, playhead: Playhead) -> None:
        """Take note of where playback is. Going back (a rewind) does not make it grow again."""
        self._playhead = playhead
        while self._entries and self._entries[0][0] < playhead.audio_id:
            self._written -= self._entries.popleft()[1]
            self._sent_of_first = 0
        if self._entries and self._entries[0][0] == playhead.audio_id:
            self._sent_of_first = min(playhead.sample_in_entry, self._entries[0][1])
