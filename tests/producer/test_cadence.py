import itertools

from hypothesis import given
from hypothesis import strategies as st

from feed.audio import FEED_RATE_HZ, samples_in
from producer.cadence import LLM_SPEED, Burst, Cadence, Chunker, Pace

CHUNKS = st.lists(st.integers(1, 3000).map(lambda n: bytes(2 * n)), max_size=60)


def bursts(chunks: list[bytes], pace: Pace, seed: int = 0) -> list[Burst]:
    cadence = Cadence(pace, seed)
    found = [burst for chunk in chunks for burst in cadence.push(chunk)]
    return [*found, *cadence.flush()]


@given(CHUNKS, st.sampled_from(Pace), st.integers(0, 9))
def test_nothing_is_lost_and_order_is_kept(chunks: list[bytes], pace: Pace, seed: int) -> None:
    labelled = [bytes(chunk[:-2]) + n.to_bytes(2, "little") for n, chunk in enumerate(chunks)]
    found = bursts(labelled, pace, seed)
    assert [chunk for burst in found for chunk in burst.chunks] == labelled
    assert all(burst.chunks for burst in found)
    times = [burst.at_s for burst in found]
    assert times == sorted(times)
    assert not times or times[0] == 0


@given(CHUNKS, st.sampled_from(Pace), st.integers(0, 9))
def test_the_same_seed_gives_the_same_bursts(chunks: list[bytes], pace: Pace, seed: int) -> None:
    assert bursts(chunks, pace, seed) == bursts(chunks, pace, seed)


@given(CHUNKS)
def test_realtime_sends_each_chunk_when_the_one_before_has_been_spoken(
    chunks: list[bytes],
) -> None:
    starts = itertools.accumulate((samples_in(chunk) for chunk in chunks), initial=0)
    found = bursts(chunks, Pace.REALTIME)
    assert [burst.at_s for burst in found] == [
        start / FEED_RATE_HZ for start, _ in zip(starts, chunks, strict=False)
    ]


@given(CHUNKS)
def test_burst_sends_all_at_once(chunks: list[bytes]) -> None:
    assert {burst.at_s for burst in bursts(chunks, Pace.BURST)} <= {0.0}


@given(st.integers(1, 200), st.integers(0, 999))
def test_llm_is_four_times_faster_than_speech_whatever_the_seed(length: int, seed: int) -> None:
    found = bursts([bytes(960)] * (50 * length), Pace.LLM, seed)
    before = length - sum(map(samples_in, found[-1].chunks)) / FEED_RATE_HZ
    # no earlier than the average says, and late by less than one burst's own slot
    assert before / LLM_SPEED <= found[-1].at_s + 1e-9
    assert found[-1].at_s <= length / LLM_SPEED + 1e-9


def test_llm_comes_in_uneven_bursts_of_several_chunks() -> None:
    found = bursts([bytes(1024)] * 2000, Pace.LLM, seed=3)
    sizes = [len(burst.chunks) for burst in found]
    assert len(set(sizes)) > 5
    assert min(sizes[:-1]) > 1
    gaps = {round(b.at_s - a.at_s, 3) for a, b in itertools.pairwise(found)}
    assert len(gaps) > 20
    assert bursts([bytes(1024)] * 2000, Pace.LLM, seed=4) != found


@given(st.lists(st.binary(max_size=50), max_size=30), st.integers(1, 40))
def test_chunks_have_one_size_but_the_last(blocks: list[bytes], size: int) -> None:
    chunker = Chunker(size)
    chunks = [chunk for block in blocks for chunk in chunker.push(block)]
    chunks += chunker.flush()
    assert b"".join(chunks) == b"".join(blocks)
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(1 <= len(chunk) <= size for chunk in chunks)
