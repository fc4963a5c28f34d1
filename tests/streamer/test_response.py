import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captures.check import reference_resample
from feed.ids import EntryId
from streamer.response import QueuedResponse, Run, Segment
from tests.streamer.speech import Mono, noise

END = EntryId(99, 0)


def holding(*parts: tuple[str, int, Mono]) -> QueuedResponse:
    """A response with an entry for each (item, offset, audio): IDs 1-0, 1-1, …"""
    response = QueuedResponse("r")
    for n, (item_id, offset, pcm) in enumerate(parts):
        response.append(Segment(EntryId(1, n), 0, item_id, offset, len(pcm)), pcm.tobytes())
    return response


def test_what_was_received_is_sent_or_queued() -> None:
    response = holding(("i", 0, noise(1_000)))
    assert (response.received, response.sent, response.queued) == (1_000, 0, 1_000)
    response.take(960)
    assert (response.received, response.sent, response.queued) == (1_000, 480, 520)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=8),
    st.lists(st.integers(1, 600).map(lambda n: 2 * n), min_size=1, max_size=5),
)
def test_every_sample_comes_out_once_in_order_with_its_address(
    sizes: list[int], takes: list[int]
) -> None:
    mono = noise(sum(sizes))
    starts = np.cumsum([0, *sizes])
    response = holding(
        *(("i", int(a), mono[a : a + n]) for a, n in zip(starts[:-1], sizes, strict=True))
    )
    response.ended_by = END
    outs: list[Mono] = []
    raw = framed = b""
    passed: list[tuple[EntryId, int]] = []
    at = 0
    while response.queued:
        taken = response.take(takes[len(outs) % len(takes)])
        for run in taken.runs:
            assert run.offset * 2 == at
            at += run.samples
        outs.append(taken.mono)
        raw, framed = raw + taken.raw, framed + taken.framed
        passed += taken.passed
    assert np.array_equal(np.concatenate(outs), reference_resample(mono))
    assert raw == framed == mono.tobytes()
    assert passed == [(EntryId(1, n), size) for n, size in enumerate(sizes)]
    assert len(response.take(960).mono) == 0


def test_an_open_response_keeps_back_what_the_filter_holds() -> None:
    response = holding(("i", 0, noise(480)))
    assert len(response.take(960).mono) == 928
    assert response.queued == 16
    assert len(response.take(960).mono) == 0
    response.ended_by = END
    assert len(response.take(960).mono) == 32
    assert response.queued == 0


def test_a_run_ends_where_the_addresses_jump() -> None:
    response = holding(
        ("a", 0, noise(100)), ("a", 100, noise(100)), ("a", 300, noise(50)), ("b", 0, noise(30))
    )
    response.ended_by = END
    assert response.take(960).runs == (Run("a", 0, 400), Run("a", 300, 100), Run("b", 0, 60))
    assert (response.sent_item_id, response.sent_of_item, response.next_offset) == ("b", 30, 30)


def test_the_next_segment_says_where_the_next_sample_is() -> None:
    response = holding(("a", 0, noise(500)), ("a", 500, noise(500)))
    response.take(960)
    coming = response.next_segment
    assert coming is not None
    assert (coming.entry_id, coming.sample_in_entry, coming.offset) == (EntryId(1, 0), 480, 480)
    response.ended_by = END
    response.take(2_000)
    assert response.next_segment is None


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 480])
def test_a_complete_response_of_any_length_is_emptied(n: int) -> None:
    response = holding(*[("i", 0, noise(n))] if n else [])
    response.ended_by = END
    assert len(response.take(960).mono) == 2 * n
    assert response.queued == 0
