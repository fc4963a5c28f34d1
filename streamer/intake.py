"""Entries of a feed, in stream order, made into responses that can be played.

Here is decided what is a hole, a duplicate, a stale entry, a response left open.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass

from feed.audio import MAX_CHUNK_SAMPLES, SAMPLE_BYTES, seconds
from feed.entries import AudioDelta, AudioDone, AudioEntry
from feed.events import Error, Event
from feed.ids import EntryId
from feed.playhead import Playhead
from streamer.response import QueuedResponse, Segment

MAX_QUEUED_ENTRIES = 20_000
"""Bounds the memory of a feed whose entries carry next to no audio."""
REMEMBERED_RESPONSES = 1_000
"""How many ended responses are remembered, to tell a stale entry from a new response."""


@dataclass(slots=True)
class IntakeCounts:
    """What was wrong with the entries of a feed."""

    lost_samples: int = 0
    holes: int = 0
    duplicate_samples: int = 0
    stale_entries: int = 0
    refused_entries: int = 0


class Intake:
    """The responses of a feed that wait or play, oldest first.

    ``resume`` is the playhead of an earlier player: what it had sent is passed over.
    """

    def __init__(self, read_ahead_samples: int, resume: Playhead | None = None) -> None:
        self.responses: deque[QueuedResponse] = deque()
        self.counts = IntakeCounts()
        self._read_ahead_samples = read_ahead_samples
        self._resume = resume
        self._largest_chunk = MAX_CHUNK_SAMPLES
        self._seen_chunk = False
        self._ended: OrderedDict[str, None] = OrderedDict()

    @property
    def queued_samples(self) -> int:
        """Samples received and not sent, at 24 kHz."""
        return sum(response.queued for response in self.responses)

    def wants(self, entries: int) -> bool:
        """Tell whether so many more entries would stay within the read-ahead.

        Reckoned with the largest chunk seen so far; before the first, with the largest
        an entry may carry.
        """
        queued_entries = sum(response.entries for response in self.responses)
        return (
            self.queued_samples + entries * self._largest_chunk <= self._read_ahead_samples
            and queued_entries + entries <= MAX_QUEUED_ENTRIES
        )

    def take(self, entry_id: EntryId, entry: AudioEntry) -> list[Event]:
        """Queue the next entry of the feed; return what there is to say of it."""
        if entry.response_id in self._ended or self._is_finished(entry_id, entry):
            self.counts.stale_entries += 1
            return []
        events: list[Event] = []
        tail = self.responses[-1] if self.responses else None
        if tail is None or tail.complete or tail.response_id != entry.response_id:
            if tail is not None and not tail.complete:
                events.append(self.end(tail, entry_id, "response_left_open"))
            tail = self._begin(entry.response_id)
        if isinstance(entry, AudioDelta):
            self._append(tail, entry_id, entry)
        else:
            self._note_position(tail, entry.item_id, entry.samples)
            self._close(tail, entry_id)
            if not tail.received and not tail.started:
                tail.failed = True
                events.append(Error(tail.response_id, "response_empty", "it had no audio"))
        return events

    def end(self, response: QueuedResponse, by: EntryId, code: str) -> Error:
        """End a response whose *done* never came; what it has is still played."""
        reason = {
            "response_left_open": "the next response began before this one was done",
            "response_timeout": "its audio stopped coming before it was done",
        }[code]
        response.failed = True
        self._close(response, by)
        played = seconds(response.received)
        return Error(response.response_id, code, f"{reason}, after {played:.2f} s of audio")

    def _begin(self, response_id: str) -> QueuedResponse:
        response = QueuedResponse(response_id)
        resume = self._resume
        if resume is not None and resume.response_id == response_id:
            # the first samples were sent, and `started` said, by an earlier player
            response.started = resume.offset > 0
            response.item_id = response.sent_item_id = resume.item_id
            response.expected = response.next_offset = response.sent_of_item = resume.offset
        self.responses.append(response)
        return response

    def _close(self, response: QueuedResponse, by: EntryId) -> None:
        response.ended_by = by
        self._ended[response.response_id] = None
        if len(self._ended) > REMEMBERED_RESPONSES:
            self._ended.popitem(last=False)

    def _is_finished(self, entry_id: EntryId, entry: AudioEntry) -> bool:
        """Tell whether an earlier player saw the end of this response with this entry."""
        resume = self._resume
        return (
            resume is not None
            and isinstance(entry, AudioDone)
            and (entry_id, entry.response_id) == (resume.audio_id, resume.response_id)
        )

    def _append(self, response: QueuedResponse, entry_id: EntryId, delta: AudioDelta) -> None:
        self._largest_chunk = (
            max(self._largest_chunk, delta.samples) if self._seen_chunk else delta.samples
        )
        self._seen_chunk = True
        skip = 0
        if self._resume is not None and entry_id == self._resume.audio_id:
            skip = min(self._resume.sample_in_entry, delta.samples)
        self._note_position(response, delta.item_id, delta.offset + skip)
        repeated = max(0, response.expected - (delta.offset + skip))
        self.counts.duplicate_samples += min(repeated, delta.samples - skip)
        skip += repeated
        if skip >= delta.samples:
            return
        samples = delta.samples - skip
        segment = Segment(entry_id, skip, delta.item_id, delta.offset + skip, samples)
        response.append(segment, delta.audio[skip * SAMPLE_BYTES :])
        response.expected = delta.offset + delta.samples

    def _note_position(self, response: QueuedResponse, item_id: str, position: int) -> None:
        """Enter an item if it is a new one, and count what is missing before ``position``."""
        if item_id != response.item_id:
            response.item_id, response.expected = item_id, 0
        if position > response.expected:
            self.counts.holes += 1
            self.counts.lost_samples += position - response.expected
            response.expected = position
