"""Entries of the audio stream: what a producer writes, as fields of a Redis Stream.

Types are named after the OpenAI Realtime API's server events. ``audio`` is raw
s16le, not base64: Redis is binary-safe, and a third of the bytes is saved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from feed.audio import MAX_CHUNK_SAMPLES, SAMPLE_BYTES, samples_in
from feed.errors import MalformedEntry, UnknownEntry

VERSION: Final = b"1"
DELTA: Final = "response.output_audio.delta"
DONE: Final = "response.output_audio.done"
MAX_ID_CHARS = 128
"""Longest ``response_id`` or ``item_id``."""
MAX_POSITION = 2**53
"""Largest ``offset`` or ``samples``: 11,900 years, and exact in a JSON number."""

Fields = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class AudioDelta:
    """A chunk of speech.

    ``offset`` counts the samples of this item before this chunk; ``audio`` is s16le
    mono at 24 kHz, whole samples, at most ``MAX_CHUNK_SAMPLES``.
    """

    response_id: str
    item_id: str
    offset: int
    audio: bytes

    @property
    def samples(self) -> int:
        """Samples in this chunk."""
        return samples_in(self.audio)

    def fields(self) -> Fields:
        """Return the entry as XADD takes it."""
        return {
            "v": VERSION,
            "type": DELTA.encode(),
            "response_id": self.response_id.encode(),
            "item_id": self.item_id.encode(),
            "offset": b"%d" % self.offset,
            "audio": self.audio,
        }


@dataclass(frozen=True, slots=True)
class AudioDone:
    """The end of a response's speech; ``samples`` is the length of its last item."""

    response_id: str
    item_id: str
    samples: int

    def fields(self) -> Fields:
        """Return the entry as XADD takes it."""
        return {
            "v": VERSION,
            "type": DONE.encode(),
            "response_id": self.response_id.encode(),
            "item_id": self.item_id.encode(),
            "samples": b"%d" % self.samples,
        }


AudioEntry = AudioDelta | AudioDone


def parse_audio_entry(fields: Mapping[bytes, bytes]) -> AudioEntry:
    """Read an entry of the audio stream. Fields it does not know are ignored.

    Raises:
        UnknownEntry: another version or type.
        MalformedEntry: a field is missing, too long, or not of its type.
    """
    version, kind = fields.get(b"v", b""), fields.get(b"type", b"")
    if version == VERSION and kind == DELTA.encode():
        return AudioDelta(
            _identifier(fields, "response_id"),
            _identifier(fields, "item_id"),
            _count(fields, "offset"),
            _audio(fields),
        )
    if version == VERSION and kind == DONE.encode():
        return AudioDone(
            _identifier(fields, "response_id"),
            _identifier(fields, "item_id"),
            _count(fields, "samples"),
        )
    raise UnknownEntry(version[:32].decode(errors="replace"), kind[:64].decode(errors="replace"))


def _required(fields: Mapping[bytes, bytes], name: str) -> bytes:
    value = fields.get(name.encode())
    if value is None:
        raise MalformedEntry(name, "missing")
    return value


def _identifier(fields: Mapping[bytes, bytes], name: str) -> str:
    raw = _required(fields, name)
    try:
        value = raw.decode()
    except UnicodeDecodeError:
        raise MalformedEntry(name, "is not UTF-8") from None
    if not 1 <= len(value) <= MAX_ID_CHARS or not value.isprintable():
        raise MalformedEntry(name, f"must be 1 to {MAX_ID_CHARS} printable characters")
    return value


def _count(fields: Mapping[bytes, bytes], name: str) -> int:
    raw = _required(fields, name)
    # isdigit() on bytes is ASCII only; the length keeps int() cheap on hostile input
    if not (raw.isdigit() and len(raw) <= len(str(MAX_POSITION)) and int(raw) <= MAX_POSITION):
        raise MalformedEntry(name, f"must be a whole number from 0 to {MAX_POSITION}")
    return int(raw)


def _audio(fields: Mapping[bytes, bytes]) -> bytes:
    audio = _required(fields, "audio")
    if len(audio) % SAMPLE_BYTES:
        raise MalformedEntry("audio", f"{len(audio)} bytes are not whole s16le samples")
    if not 1 <= samples_in(audio) <= MAX_CHUNK_SAMPLES:
        raise MalformedEntry(
            "audio", f"{samples_in(audio)} samples, must be 1 to {MAX_CHUNK_SAMPLES}"
        )
    return audio
