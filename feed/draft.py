"""A response being written: chunks of audio become entries with items and offsets."""

from collections.abc import Iterable

from feed.audio import MAX_CHUNK_SAMPLES, SAMPLE_BYTES
from feed.entries import MAX_ID_CHARS, AudioDelta, AudioDone
from feed.errors import InvalidAudio, MalformedEntry

_MAX_CHUNK_BYTES = MAX_CHUNK_SAMPLES * SAMPLE_BYTES


class Draft:
    """Counts samples per item, so that every chunk knows its offset.

    Raises:
        MalformedEntry: an ID is not 1 to ``MAX_ID_CHARS`` printable characters.
    """

    def __init__(self, response_id: str, item_id: str) -> None:
        self.response_id = _checked("response_id", response_id)
        self.item_id = _checked("item_id", item_id)
        self._samples = {self.item_id: 0}

    @property
    def samples(self) -> int:
        """Samples of the response so far, over all its items."""
        return sum(self._samples.values())

    def deltas(self, pieces: Iterable[bytes], item_id: str | None = None) -> list[AudioDelta]:
        """Return an entry for each of ``pieces``, which ``cut`` gave, and count them.

        Args:
            pieces: s16le mono at 24 kHz.
            item_id: from here on they belong to this item. A new one starts at offset 0.

        Raises:
            MalformedEntry: ``item_id`` cannot be one.
        """
        if item_id is not None:
            self.item_id = _checked("item_id", item_id)
            self._samples.setdefault(item_id, 0)
        return [self._delta(piece) for piece in pieces]

    def done(self) -> AudioDone:
        """Return the entry that ends the response; it names the last item."""
        return AudioDone(self.response_id, self.item_id, self._samples[self.item_id])

    def _delta(self, audio: bytes) -> AudioDelta:
        delta = AudioDelta(self.response_id, self.item_id, self._samples[self.item_id], audio)
        self._samples[self.item_id] += delta.samples
        return delta


def cut(chunks: Iterable[bytes]) -> list[bytes]:
    """Return ``chunks`` with those above 1 s cut up and empty ones left out.

    Raises:
        InvalidAudio: a chunk ends in half a sample.
    """
    pieces = []
    for chunk in chunks:
        if len(chunk) % SAMPLE_BYTES:
            raise InvalidAudio(f"audio: {len(chunk)} bytes are not whole s16le samples")
        pieces += [
            chunk[start : start + _MAX_CHUNK_BYTES]
            for start in range(0, len(chunk), _MAX_CHUNK_BYTES)
        ]
    return pieces


def _checked(name: str, value: str) -> str:
    if not 1 <= len(value) <= MAX_ID_CHARS or not value.isprintable():
        raise MalformedEntry(name, f"must be 1 to {MAX_ID_CHARS} printable characters")
    return value
