"""Stream IDs as numbers: ``MS-N``, ordered, with a predecessor.

Entries have explicit IDs, so that a retry after a lost reply cannot write twice:
``MS`` is fixed when a response begins, ``N`` counts within it.
"""

from typing import NamedTuple, Self

_MAX_U64 = 2**64 - 1


class EntryId(NamedTuple):
    """A stream ID. Compares like Redis compares: first ``ms``, then ``n``."""

    ms: int
    n: int

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read ``MS-N``; ``MS`` alone means ``MS-0``.

        Raises:
            ValueError: if ``text`` is not an ID.
        """
        if isinstance(text, bytes):
            text = text.decode("ascii")
        ms, _, n = text.partition("-")
        entry_id = cls(int(ms), int(n or 0))
        if not (0 <= entry_id.ms <= _MAX_U64 and 0 <= entry_id.n <= _MAX_U64):
            raise ValueError(f"{text!r} is not a stream ID")
        return entry_id

    def __str__(self) -> str:
        return f"{self.ms}-{self.n}"

    def before(self) -> "EntryId":
        """Return the greatest ID below this one: XREAD after it gives this entry first."""
        if self.n:
            return EntryId(self.ms, self.n - 1)
        if self.ms:
            return EntryId(self.ms - 1, _MAX_U64)
        return self

    def next(self) -> "EntryId":
        """Return the ID after this one, within the same ``ms``."""
        return EntryId(self.ms, self.n + 1)


START = EntryId(0, 0)
"""Before every entry: a stream is read from its beginning after this ID."""


def begin_ms(now_ms: int, *earlier: EntryId) -> int:
    """Choose the ``MS`` of a new series of entries.

    Args:
        now_ms: Unix time by the local clock, which may have stepped back.
        earlier: the stream's last ID, the playhead's: what the series must come after.

    Returns:
        The greatest of ``now_ms`` and one more than each earlier ``ms``.
    """
    return max(now_ms, *(entry.ms + 1 for entry in earlier)) if earlier else now_ms
