from hypothesis import given
from hypothesis import strategies as st

from feed.entries import AudioDelta
from feed.ids import START, EntryId
from feed.outbox import KEEP_S, STALE_S, Numbered, Outbox, batches


def delta(n: int, size: int = 2) -> AudioDelta:
    return AudioDelta("r", "i", n, bytes(size))


def begun(outbox: Outbox | None = None, now: float = 0.0, **ids: EntryId) -> Outbox:
    outbox = outbox or Outbox()
    outbox.begin(1000, now, ids.get("stream_last", START), ids.get("playhead", START))
    return outbox


def ids_of(found: list[Numbered]) -> list[EntryId]:
    return [numbered.id for numbered in found]


def test_a_response_is_numbered_after_stream_and_playhead() -> None:
    assert begun().add(delta(0)) == EntryId(1000, 0)
    assert begun(stream_last=EntryId(5000, 7)).add(delta(0)) == EntryId(5001, 0)
    assert begun(playhead=EntryId(6000, 7)).add(delta(0)) == EntryId(6001, 0)


def test_a_second_response_comes_after_the_first_even_if_the_stream_forgot_it() -> None:
    outbox = begun()
    first = outbox.add(delta(0))
    outbox.acknowledge(first, 0.0)
    begun(outbox, now=1.0)
    second = outbox.add(delta(0))
    assert second == EntryId(1001, 0)
    assert ids_of(outbox.missing(outbox.last_id)) == [first, second]


def test_a_second_response_does_not_bring_back_what_is_stale_or_played() -> None:
    outbox = begun()
    first = outbox.add(delta(0))
    outbox.acknowledge(first, 0.0)
    begun(outbox, now=STALE_S + 1)
    assert outbox.missing(START) == []
    outbox = begun()
    outbox.acknowledge(outbox.add(delta(0)), 0.0)
    begun(outbox, playhead=EntryId(1000, 1))
    assert outbox.missing(START) == []


def test_a_stream_that_went_back_is_written_again_under_the_same_ids() -> None:
    outbox = begun()
    ids = [outbox.add(delta(n)) for n in range(10)]
    outbox.acknowledge(ids[-1], 5.0)
    assert outbox.missing(outbox.last_id) == []
    outbox.stream_ends_at(ids[3])
    again = outbox.missing(outbox.last_id)
    assert ids_of(again) == ids[4:]
    assert [n.entry for n in again] == [delta(n) for n in range(4, 10)]


def test_what_is_played_is_not_written_again() -> None:
    outbox = begun()
    ids = [outbox.add(delta(n)) for n in range(4)]
    outbox.acknowledge(ids[2], 0.0)
    outbox.played(ids[2])
    assert ids_of(outbox.missing(START)) == ids[2:]
    outbox.played(EntryId(9999, 0))
    assert ids_of(outbox.missing(START)) == ids[3:]  # never acknowledged: still to be written


@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0, 8)), min_size=1, max_size=40))
def test_the_last_10_s_before_the_newest_acknowledgement_are_kept(
    steps: list[tuple[int, float]],
) -> None:
    outbox, now = begun(), 0.0
    acknowledged: list[tuple[EntryId, float]] = []
    for count, pause in steps:
        now += pause
        ids = [outbox.add(delta(0)) for _ in range(count)]
        outbox.acknowledge(ids[-1], now)
        acknowledged += [(entry_id, now) for entry_id in ids]
    kept = ids_of(outbox.missing(START))
    assert kept == [entry_id for entry_id, at in acknowledged if now - at <= KEEP_S]


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_missing_and_present_make_up_everything(total: int, written: int, lost: int) -> None:
    outbox = begun()
    ids = [outbox.add(delta(n)) for n in range(total)]
    if written and ids:
        outbox.acknowledge(ids[: min(written, total)][-1], 0.0)
    end = START if lost >= total else ids[total - lost - 1] if ids else START
    assert [i for i in ids if i <= end] + ids_of(outbox.missing(end)) == ids


def test_it_is_bounded_by_bytes_too_but_keeps_what_is_not_written() -> None:
    outbox = begun(Outbox(keep_bytes=100))
    ids = [outbox.add(delta(n, size=20)) for n in range(10)]
    assert ids_of(outbox.missing(START)) == ids
    outbox.acknowledge(ids[7], 0.0)
    assert ids_of(outbox.missing(START)) == ids[5:]


@given(st.lists(st.integers(0, 10), max_size=60), st.integers(1, 5), st.integers(1, 20))
def test_batches_lose_nothing_and_keep_their_bounds(
    sizes: list[int], max_items: int, max_size: int
) -> None:
    found = list(batches(sizes, lambda size: size, max_items, max_size))
    assert [size for batch in found for size in batch] == sizes
    for batch in found:
        assert 1 <= len(batch) <= max_items
        assert len(batch) == 1 or sum(batch) <= max_size
