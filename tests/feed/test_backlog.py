from hypothesis import given
from hypothesis import strategies as st

from feed.backlog import Backlog
from feed.ids import EntryId
from feed.playhead import Playhead


def entry(n: int) -> EntryId:
    return EntryId(1000, n)


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=30),
    st.integers(0, 30),
    st.integers(0, 1500),
    st.booleans(),
)
def test_it_is_written_minus_played(
    sizes: list[int], at: int, sample: int, playhead_first: bool
) -> None:
    playhead = Playhead(entry(at), min(sample, sizes[at]) if at < len(sizes) else 0)
    backlog = Backlog()
    if playhead_first:
        backlog.played(playhead)
    for n, size in enumerate(sizes):
        backlog.wrote(entry(n), size)
    backlog.played(playhead)
    assert backlog.samples == sum(sizes[at:]) - playhead.sample_in_entry


def test_an_entry_counts_once() -> None:
    backlog = Backlog()
    for _ in range(2):
        backlog.wrote(entry(0), 10)
        backlog.wrote(entry(1), 20)
    assert backlog.samples == 30


def test_going_back_does_not_make_it_grow() -> None:
    backlog = Backlog()
    for n in range(3):
        backlog.wrote(entry(n), 10)
    backlog.played(Playhead(entry(2), 5))
    assert backlog.samples == 5
    backlog.played(Playhead(entry(0), 0))
    assert backlog.samples <= 10


def test_never_below_zero() -> None:
    backlog = Backlog()
    backlog.wrote(entry(0), 10)
    backlog.played(Playhead(entry(0), 99))
    assert backlog.samples == 0
    backlog.played(Playhead(entry(7), 99))
    assert backlog.samples == 0
