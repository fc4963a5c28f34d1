import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import MalformedEntry
from feed.ids import EntryId
from feed.playhead import Playhead

COUNT = st.integers(0, 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PLAYHEADS = st.builds(Playhead, st.builds(EntryId, COUNT, COUNT), COUNT, TEXT, TEXT, COUNT)


def raw(playhead: Playhead) -> dict[bytes, bytes]:
    return {name.encode(): str(value).encode() for name, value in playhead.fields().items()}


@given(PLAYHEADS)
def test_round_trip(playhead: Playhead) -> None:
    assert Playhead.parse(raw(playhead)) == playhead


def test_no_hash_is_no_playhead() -> None:
    assert Playhead.parse({}) is None


@pytest.mark.parametrize("field", [b"audio_id", b"sample_in_entry", b"item_id", b"offset"])
def test_a_hash_with_a_hole_is_refused(field: bytes) -> None:
    fields = raw(Playhead())
    del fields[field]
    with pytest.raises(MalformedEntry, match="missing"):
        Playhead.parse(fields)


@pytest.mark.parametrize("field", [b"audio_id", b"sample_in_entry", b"offset", b"item_id"])
def test_a_value_of_another_type_is_refused(field: bytes) -> None:
    with pytest.raises(MalformedEntry):
        Playhead.parse(raw(Playhead()) | {field: b"\xff"})
