import numpy as np

from bench.speech import LOUD, SAMPLE, chunks
from producer.source import open_source


def test_so_much_speech_over_and_over_without_its_margins() -> None:
    speech = np.frombuffer(b"".join(chunks(50)), "<i2")
    assert len(speech) == 50 * 24_000
    assert abs(int(speech[0])) > LOUD
    sample = np.frombuffer(b"".join(open_source(str(SAMPLE)).blocks()), "<i2")
    loud = np.flatnonzero(np.abs(sample) > LOUD)
    once = sample[loud[0] : loud[-1] + 1]
    assert np.array_equal(speech[: len(once)], once)
    assert np.array_equal(speech[len(once) : 2 * len(once)], once)


def test_chunks_are_whole_and_never_empty() -> None:
    for seconds in (0.01, 512 / 24_000, 23.0):
        sizes = [len(chunk) for chunk in chunks(seconds)]
        assert sum(sizes) == 2 * round(seconds * 24_000)
        assert 0 < min(sizes) <= max(sizes) <= 1024
