"""When the chunks of a response came, as seen with three kinds of source.

A trace is rows of (frame in whose 20 ms the chunk came, samples of the chunk).
"""

import numpy as np

Trace = tuple[tuple[int, int], ...]


def _burst() -> Trace:
    """An LLM: three bursts, each several times as fast as speech."""
    return tuple(
        (start + n // 4, 2_400)
        for start, chunks in ((3, 20), (60, 30), (190, 25))
        for n in range(chunks)
    )


def _real_time() -> Trace:
    """A microphone through a network: 20 ms chunks, each up to 50 ms late, in order."""
    late = np.random.default_rng(5).uniform(0, 2.5, 400)
    arrivals = np.maximum.accumulate(np.arange(400) + late).astype(int)
    return tuple((int(frame), 480) for frame in arrivals)


def _stall() -> Trace:
    """Odd sizes in real time; nothing for two seconds; then all that was held up, at once."""
    sizes = np.random.default_rng(6).integers(1, 1_000, 300)
    due = np.cumsum(sizes) // 480
    due[(due > 80) & (due < 180)] = 180
    return tuple((int(frame), int(n)) for frame, n in zip(due, sizes, strict=True))


TRACES = {"burst": _burst(), "real time": _real_time(), "stall": _stall()}
