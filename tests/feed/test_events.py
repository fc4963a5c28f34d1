import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import MalformedEntry, UnknownEntry
from feed.events import (
    Error,
    Event,
    Listeners,
    Started,
    Stopped,
    event_as_dict,
    event_fields,
    parse_event,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
COUNT = st.integers(0, 2**53)
EVENTS = (
    st.builds(Started, TEXT, TEXT)
    | st.builds(Stopped, TEXT, TEXT, COUNT, COUNT)
    | st.builds(Listeners, COUNT, COUNT)
    | st.builds(Error, TEXT, TEXT, TEXT)
)


@given(EVENTS)
def test_round_trip(event: Event) -> None:
    fields = {name.encode(): value for name, value in event_fields(event).items()}
    assert parse_event(fields) == event


def test_as_written() -> None:
    assert event_fields(Stopped("r1", "i1", 240, 10)) == {
        "v": b"1",
        "type": b"output_audio_buffer.stopped",
        "response_id": b"r1",
        "item_id": b"i1",
        "samples": b"240",
        "audio_end_ms": b"10",
    }
    assert list(event_as_dict(Listeners(1, 2))) == ["type", "ready", "connected"]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, UnknownEntry),
        ({b"v": b"2", b"type": b"error"}, UnknownEntry),
        ({b"v": b"1", b"type": b"other"}, UnknownEntry),
        ({b"v": b"1", b"type": b"\xff"}, UnknownEntry),
        ({b"v": b"1", b"type": b"feed.listeners", b"ready": b"1"}, MalformedEntry),
        (
            {b"v": b"1", b"type": b"feed.listeners", b"ready": b"x", b"connected": b"1"},
            MalformedEntry,
        ),
    ],
)
def test_what_is_no_event_is_refused(fields: dict[bytes, bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_event(fields)
