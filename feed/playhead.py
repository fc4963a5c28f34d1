"""The playhead hash: the exact point playback has reached, for whoever resumes or waits.

Written by the process that plays a feed, read by producers (back-pressure, progress).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from feed.errors import MalformedEntry
from feed.ids import START, EntryId


@dataclass(frozen=True, slots=True)
class Playhead:
    """Where playback goes on.

    ``sample_in_entry`` samples of the entry ``audio_id`` have been sent; the next one is
    sample ``offset`` of item ``item_id`` of response ``response_id`` (empty before the
    first response).
    """

    audio_id: EntryId = START
    sample_in_entry: int = 0
    response_id: str = ""
    item_id: str = ""
    offset: int = 0

    def fields(self) -> dict[str, str | int]:
        """Return the hash as HSET takes it."""
        return {
            "audio_id": str(self.audio_id),
            "sample_in_entry": self.sample_in_entry,
            "response_id": self.response_id,
            "item_id": self.item_id,
            "offset": self.offset,
        }

    @classmethod
    def parse(cls, fields: Mapping[bytes, bytes]) -> "Playhead | None":
        """Read the hash; None if there is none.

        Raises:
            MalformedEntry: a field is missing or not a number.
        """
        if not fields:
            return None
        try:
            return cls(
                EntryId.parse(fields[b"audio_id"]),
                int(fields[b"sample_in_entry"]),
                fields[b"response_id"].decode(),
                fields[b"item_id"].decode(),
                int(fields[b"offset"]),
            )
        except KeyError as missing:
            raise MalformedEntry(f"playhead {missing}", "missing") from None
        except ValueError as error:
            raise MalformedEntry("playhead", str(error)) from None
