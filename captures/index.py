"""The index of a capture: which responses were played, and what every sample of stage 4 is.

Positions (``start``, ``samples`` of a span) are frames of 48 kHz: one per pair of left and
right. ``offset`` and ``ResponseRecord.samples`` are samples of 24 kHz, as the feed counts.

Spans cover stage 4 without a gap from 0. Speech, fades and cuts together use up stage 3 in
order. A cut lies at a point of stage 4: what was resampled and not sent, such as the rest of
a cleared response, or the pre-roll that a resume feeds to the resampler.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, Self, cast, get_args

from captures.errors import InvalidIndex, InvalidTimestamp
from captures.fields import Fields
from captures.files import UPSAMPLING, checked_timestamp
from feed.errors import InvalidFeedName
from feed.keys import checked_feed_name

VERSION: Final = 1
Kind = Literal["speech", "fade", "silence", "cut"]
Cause = Literal["idle", "buffering", "underrun", "paused", "padding"]
Direction = Literal["out", "in"]


@dataclass(frozen=True, slots=True)
class Span:
    """A run of stage 4. Make one with ``speech``, ``fade``, ``silence`` or ``cut``.

    ``response_id``, ``item_id`` and ``offset`` are empty for silence; ``cause`` is only of
    silence and ``direction`` only of a fade.
    """

    kind: Kind
    start: int
    samples: int
    response_id: str = ""
    item_id: str = ""
    offset: int = 0
    cause: Cause | None = None
    direction: Direction | None = None

    @classmethod
    def speech(cls, start: int, samples: int, response_id: str, item_id: str, offset: int) -> Self:
        """Return the next ``samples`` of stage 3 as they are."""
        return cls("speech", start, samples, response_id, item_id, offset)

    @classmethod
    def fade(
        cls,
        start: int,
        samples: int,
        direction: Direction,
        response_id: str,
        item_id: str,
        offset: int,
    ) -> Self:
        """Return the next n = ``samples`` of stage 3 times a ramp, in floored integers.

        Sample i is ``x * (n - 1 - i) // n`` going out and ``x * (i + 1) // n`` coming in.
        """
        return cls("fade", start, samples, response_id, item_id, offset, direction=direction)

    @classmethod
    def silence(cls, start: int, samples: int, cause: Cause) -> Self:
        """Return zeros, which use up nothing of stage 3."""
        return cls("silence", start, samples, cause=cause)

    @classmethod
    def cut(cls, start: int, samples: int, response_id: str, item_id: str, offset: int) -> Self:
        """Return ``samples`` of stage 3 that were never sent, at the point ``start``."""
        return cls("cut", start, samples, response_id, item_id, offset)

    @property
    def end(self) -> int:
        """The frame of stage 4 after this span."""
        return self.start if self.kind == "cut" else self.start + self.samples

    @property
    def consumes(self) -> int:
        """Frames of stage 3 that this span uses up."""
        return 0 if self.kind == "silence" else self.samples

    def as_dict(self) -> dict[str, str | int]:
        """Return the fields that this kind has, JSON-ready."""
        fields: dict[str, str | int] = {
            "kind": self.kind,
            "start": self.start,
            "samples": self.samples,
        }
        if self.cause is not None:
            return fields | {"cause": self.cause}
        if self.direction is not None:
            fields["direction"] = self.direction
        return fields | {
            "response_id": self.response_id,
            "item_id": self.item_id,
            "offset": self.offset,
        }


def merged(first: Span, second: Span) -> Span | None:
    """Return both spans as one, or None if ``second`` does not continue ``first``.

    Fades never merge: the ramp depends on the length.
    """
    same = replace(second, start=first.start, samples=first.samples, offset=first.offset) == first
    if not same or second.start != first.end or first.kind == "fade":
        return None
    if first.kind != "silence" and UPSAMPLING * (second.offset - first.offset) != first.samples:
        return None
    return replace(first, samples=first.samples + second.samples)


class SpanList:
    """Spans in order, each as long as it can be; how many there may be is the writer's rule."""

    def __init__(self) -> None:
        self._spans: list[Span] = []

    @property
    def end(self) -> int:
        """Frames of stage 4 covered so far: where the next span starts."""
        return self._spans[-1].end if self._spans else 0

    def append(self, span: Span) -> None:
        """Add ``span``, merged with the last one where it continues it; an empty one is nothing.

        Raises:
            ValueError: if it does not start at ``end``.
        """
        if span.start != self.end:
            raise ValueError(f"span starts at {span.start}, the spans so far end at {self.end}")
        if not span.samples:
            return
        whole = merged(self._spans[-1], span) if self._spans else None
        if whole is None:
            self._spans.append(span)
        else:
            self._spans[-1] = whole

    def __len__(self) -> int:
        return len(self._spans)

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)


@dataclass(frozen=True, slots=True)
class ResponseRecord:
    """A response as played; ``samples`` of 24 kHz are in stages 1 and 2, twice that in 3."""

    response_id: str
    samples: int


@dataclass(frozen=True, slots=True)
class CaptureIndex:
    """What ``tmp_00_index_<ts>.json`` says; ``responses`` are in the order played.

    ``truncated``: recording stopped at a limit, so each file is a beginning.
    """

    feed: str
    timestamp: str
    responses: tuple[ResponseRecord, ...]
    spans: tuple[Span, ...]
    truncated: bool = False

    def to_json(self) -> str:
        """Return the index as JSON, schema version 1."""
        document = {
            "version": VERSION,
            "feed": self.feed,
            "timestamp": self.timestamp,
            "truncated": self.truncated,
            "responses": [
                {"response_id": response.response_id, "samples": response.samples}
                for response in self.responses
            ],
            "spans": [span.as_dict() for span in self.spans],
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read an index. Fields it does not know are ignored.

        That spans agree with the files is for ``captures.check`` to say.

        Raises:
            InvalidIndex: it is not JSON, or a field is missing or not of its type.
        """
        try:
            document = json.loads(text)
        # RecursionError: brackets nested by the thousand
        except (ValueError, RecursionError) as error:
            raise InvalidIndex("file", f"is not JSON: {error}") from None
        root = Fields(document)
        if root.integer("version") != VERSION:
            raise root.error("version", f"must be {VERSION}, is {root.integer('version')}")
        try:
            feed = checked_feed_name(root.text("feed"))
            timestamp = checked_timestamp(root.text("timestamp"))
        except InvalidFeedName as error:
            raise root.error("feed", str(error)) from None
        except InvalidTimestamp as error:
            raise root.error("timestamp", str(error)) from None
        return cls(
            feed,
            timestamp,
            tuple(
                ResponseRecord(fields.identifier("response_id"), fields.integer("samples"))
                for fields in root.each("responses")
            ),
            tuple(_span(fields) for fields in root.each("spans")),
            root.boolean("truncated"),
        )


def _span(fields: Fields) -> Span:
    kind = fields.choice("kind", get_args(Kind))
    start, samples = fields.integer("start"), fields.integer("samples", least=1)
    if kind == "silence":
        return Span.silence(start, samples, cast("Cause", fields.choice("cause", get_args(Cause))))
    response_id, item_id = fields.identifier("response_id"), fields.identifier("item_id")
    offset = fields.integer("offset")
    if kind == "fade":
        direction = cast("Direction", fields.choice("direction", get_args(Direction)))
        return Span.fade(start, samples, direction, response_id, item_id, offset)
    make = Span.speech if kind == "speech" else Span.cut
    return make(start, samples, response_id, item_id, offset)
