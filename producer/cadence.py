"""When each chunk leaves: at once, as fast as it is spoken, or the way an LLM emits it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from feed.audio import FEED_RATE_HZ, samples_in

LLM_SPEED = 4.0
"""How much faster than speech an LLM's audio comes, on average."""
_LLM_BURST_S = (0.1, 0.6)
_LLM_JITTER = 0.9
"""A burst may be late by up to this part of its own time slot: below 1, so order holds."""
_GROUP_S = 1.0
"""Speech per burst where all leave at once: enough for one call, little enough to hold."""


class Pace(StrEnum):
    """How chunks leave."""

    BURST = "burst"
    LLM = "llm"
    REALTIME = "realtime"


@dataclass(frozen=True, slots=True)
class Burst:
    """Chunks that leave together, ``at_s`` seconds after the first one of the response."""

    at_s: float
    chunks: list[bytes]


class Cadence:
    """Groups the chunks of one response into bursts, and says when each leaves.

    Every chunk pushed comes back once, in order. The same seed and chunks give the same
    bursts.
    """

    def __init__(self, pace: Pace, seed: int = 0) -> None:
        self._pace = pace
        self._rng = random.Random(seed)
        self._chunks: list[bytes] = []
        self._held = 0
        self._left = 0
        self._target = self._next_target()

    def push(self, chunk: bytes) -> Iterator[Burst]:
        """Take the next chunk (s16le mono at 24 kHz); give the burst it completes, if any."""
        self._chunks.append(chunk)
        self._held += samples_in(chunk)
        if self._held >= self._target:
            yield self._burst()

    def flush(self) -> Iterator[Burst]:
        """Give what is left; the response is over."""
        if self._chunks:
            yield self._burst()

    def _burst(self) -> Burst:
        at_s = 0.0
        if self._pace is Pace.REALTIME:
            at_s = self._left / FEED_RATE_HZ
        elif self._pace is Pace.LLM and self._left:
            # Lateness is drawn anew each time, never added up: the average speed holds.
            late = self._rng.uniform(0, _LLM_JITTER) * self._held
            at_s = (self._left + late) / FEED_RATE_HZ / LLM_SPEED
        burst = Burst(at_s, self._chunks)
        self._left += self._held
        self._chunks, self._held = [], 0
        self._target = self._next_target()
        return burst

    def _next_target(self) -> int:
        """Draw how many samples complete the burst that is gathered next."""
        if self._pace is Pace.REALTIME:
            return 1
        seconds = _GROUP_S if self._pace is Pace.BURST else self._rng.uniform(*_LLM_BURST_S)
        return round(seconds * FEED_RATE_HZ)


class Chunker:
    """Cuts blocks of any size into chunks of one size; the last may be shorter."""

    def __init__(self, chunk_bytes: int) -> None:
        self._chunk_bytes = chunk_bytes
        self._rest = b""

    def push(self, block: bytes) -> Iterator[bytes]:
        """Take a block; give the chunks it completes."""
        data = self._rest + block
        whole = len(data) - len(data) % self._chunk_bytes
        self._rest = data[whole:]
        for start in range(0, whole, self._chunk_bytes):
            yield data[start : start + self._chunk_bytes]

    def flush(self) -> Iterator[bytes]:
        """Give what is left."""
        if self._rest:
            yield self._rest
        self._rest = b""
