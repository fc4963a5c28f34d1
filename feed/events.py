"""Entries of the events stream: what happened to the speech, once each.

Names are the OpenAI Realtime API's where it has one; ``feed.listeners`` is ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from feed.entries import VERSION, Fields
from feed.errors import MalformedEntry, UnknownEntry

MAX_EVENTS = 10_000
"""About how many entries the events stream keeps (``MAXLEN ~``)."""


@dataclass(frozen=True, slots=True)
class Started:
    """The first sample of a response has been sent."""

    TYPE: ClassVar[str] = "output_audio_buffer.started"
    response_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last sample of a response has been sent.

    ``samples`` and ``audio_end_ms`` count what was sent of its last item, at 24 kHz and
    in milliseconds rounded down.
    """

    TYPE: ClassVar[str] = "output_audio_buffer.stopped"
    response_id: str
    item_id: str
    samples: int
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class Listeners:
    """How many listeners are connected, and how many of them are ready to hear."""

    TYPE: ClassVar[str] = "feed.listeners"
    ready: int
    connected: int


@dataclass(frozen=True, slots=True)
class Error:
    """Something was wrong with a response. ``code`` is stable, ``message`` is for people.

    Codes: ``response_timeout``, ``response_left_open``, ``response_empty``.
    """

    TYPE: ClassVar[str] = "error"
    response_id: str
    code: str
    message: str


Event = Started | Stopped | Listeners | Error
_BY_TYPE = {kind.TYPE: kind for kind in (Started, Stopped, Listeners, Error)}
_INTEGERS = {"samples", "audio_end_ms", "ready", "connected"}


def event_as_dict(event: Event) -> dict[str, str | int]:
    """Return ``event`` as JSON-ready fields, ``type`` first."""
    values = {name: getattr(event, name) for name in event.__slots__}
    return {"type": event.TYPE, **values}


def event_fields(event: Event) -> Fields:
    """Return ``event`` as XADD takes it."""
    return {"v": VERSION, **{k: str(v).encode() for k, v in event_as_dict(event).items()}}


def parse_event(fields: Mapping[bytes, bytes]) -> Event:
    """Read an entry of the events stream. Fields it does not know are ignored.

    Raises:
        UnknownEntry: another version or type.
        MalformedEntry: a field is missing or not of its type.
    """
    version, name = fields.get(b"v", b""), fields.get(b"type", b"").decode(errors="replace")
    kind = _BY_TYPE.get(name)
    if version != VERSION or kind is None:
        raise UnknownEntry(version[:32].decode(errors="replace"), name[:64])
    values: dict[str, str | int] = {}
    for field in kind.__slots__:
        raw = fields.get(field.encode())
        if raw is None:
            raise MalformedEntry(field, "missing")
        if field in _INTEGERS and not raw.isdigit():
            raise MalformedEntry(field, "must be a whole number")
        values[field] = int(raw) if field in _INTEGERS else raw.decode(errors="replace")
    return kind(**values)  # type: ignore[arg-type]  # each field was just read by its kind's names
