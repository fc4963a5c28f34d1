import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.ids import START, EntryId, begin_ms

NUMBERS = st.integers(0, 2**64 - 1)
IDS = st.builds(EntryId, NUMBERS, NUMBERS)


@given(IDS)
def test_text_round_trip(entry_id: EntryId) -> None:
    assert EntryId.parse(str(entry_id)) == entry_id
    assert EntryId.parse(str(entry_id).encode()) == entry_id


@given(IDS)
def test_before_is_the_greatest_id_below(entry_id: EntryId) -> None:
    before = entry_id.before()
    if entry_id == START:
        assert before == START
    else:
        assert before < entry_id
        assert before.n == 2**64 - 1 or before.next() == entry_id


@given(st.integers(0, 2**50), st.lists(IDS, max_size=4))
def test_a_series_begins_after_everything_earlier(now_ms: int, earlier: list[EntryId]) -> None:
    ms = begin_ms(now_ms, *earlier)
    assert ms >= now_ms
    assert all(EntryId(ms, 0) > entry_id for entry_id in earlier)


def test_order_is_numeric_not_textual() -> None:
    assert EntryId.parse("9-10") < EntryId.parse("10-2")
    assert EntryId.parse("10-2") < EntryId.parse("10-10")


@pytest.mark.parametrize("text", ["", "x", "1-x", "-1-0", f"{2**64}-0"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        EntryId.parse(text)
