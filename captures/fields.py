"""Strict reading of a JSON object: each value of its type, or an error naming the field."""

from collections.abc import Iterator
from typing import Final

from captures.errors import InvalidIndex
from feed.entries import MAX_ID_CHARS, MAX_POSITION

_MISSING: Final = object()


class Fields:
    """One JSON object, and where in the document it is (empty for the document itself).

    Every method takes a field's name and raises ``InvalidIndex``, with the field's place
    such as ``spans[3].offset``, if it is missing or not what the method returns.
    """

    def __init__(self, value: object, place: str = "") -> None:
        if not isinstance(value, dict):
            raise InvalidIndex(place or "file", "must be an object")
        self._values: dict[str, object] = value
        self._place = place

    def place(self, name: str) -> str:
        """Return what errors call the field ``name``."""
        return f"{self._place}.{name}" if self._place else name

    def error(self, name: str, reason: str) -> InvalidIndex:
        """Return the error that says ``reason`` of the field ``name``."""
        return InvalidIndex(self.place(name), reason)

    def integer(self, name: str, least: int = 0) -> int:
        """Return a whole number from ``least`` to 2**53, the last exact one in JSON."""
        value = self._required(name)
        # bool is an int to Python and not to anybody else
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(name, "must be a whole number")
        if not least <= value <= MAX_POSITION:
            raise self.error(name, f"must be {least} to {MAX_POSITION}")
        return value

    def boolean(self, name: str) -> bool:
        """Return true or false."""
        value = self._required(name)
        if not isinstance(value, bool):
            raise self.error(name, "must be true or false")
        return value

    def text(self, name: str) -> str:
        """Return a string of any length."""
        value = self._required(name)
        if not isinstance(value, str):
            raise self.error(name, "must be a string")
        return value

    def identifier(self, name: str) -> str:
        """Return a response or item ID, as the feed allows them: they are shown in terminals."""
        value = self.text(name)
        if not 1 <= len(value) <= MAX_ID_CHARS or not value.isprintable():
            raise self.error(name, f"must be 1 to {MAX_ID_CHARS} printable characters")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return one of ``choices``."""
        value = self.text(name)
        if value not in choices:
            raise self.error(name, f"must be one of {', '.join(choices)}")
        return value

    def each(self, name: str) -> Iterator["Fields"]:
        """Yield the objects of a list."""
        value = self._required(name)
        if not isinstance(value, list):
            raise self.error(name, "must be a list")
        for number, item in enumerate(value):
            yield Fields(item, f"{self.place(name)}[{number}]")

    def _required(self, name: str) -> object:
        value = self._values.get(name, _MISSING)
        if value is _MISSING:
            raise self.error(name, "missing")
        return value
