import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.audio import MAX_CHUNK_SAMPLES
from feed.draft import Draft, cut
from feed.entries import AudioDone
from feed.errors import InvalidAudio, MalformedEntry


@given(st.lists(st.integers(0, 50), max_size=20))
def test_offsets_follow_one_another(sizes: list[int]) -> None:
    draft = Draft("r", "i")
    offset = 0
    for delta in draft.deltas(cut(bytes(2 * size) for size in sizes)):
        assert delta.offset == offset
        offset += delta.samples
    assert offset == sum(sizes) == draft.samples
    assert draft.done() == AudioDone("r", "i", offset)


def test_a_new_item_starts_at_zero_and_done_names_the_last() -> None:
    draft = Draft("r", "one")
    assert [d.offset for d in draft.deltas([b"ab", b"ab"])] == [0, 1]
    assert [(d.item_id, d.offset) for d in draft.deltas([b"abab"], "two")] == [("two", 0)]
    assert draft.done() == AudioDone("r", "two", 2)
    assert [d.offset for d in draft.deltas([b"ab"], "one")] == [2]
    assert draft.samples == 5


def test_long_chunks_are_cut_and_empty_ones_left_out() -> None:
    pieces = cut([b"", bytes(2 * MAX_CHUNK_SAMPLES + 6), b"ab"])
    assert [len(piece) for piece in pieces] == [2 * MAX_CHUNK_SAMPLES, 6, 2]


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(InvalidAudio, match="3 bytes"):
        cut([b"ab", b"abc"])


@pytest.mark.parametrize("name", ["", "x" * 129, "a\nb"])
def test_bad_identifiers_are_refused(name: str) -> None:
    with pytest.raises(MalformedEntry):
        Draft(name, "i")
    with pytest.raises(MalformedEntry):
        Draft("r", name)
    with pytest.raises(MalformedEntry):
        Draft("r", "i").deltas([b"ab"], name)
