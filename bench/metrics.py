"""What the streamer's ``/metrics`` says of its own clock."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

LATENESS = "playhead_frame_lateness_seconds_bucket"
STALLS = "playhead_clock_stalls_total"

Buckets = Mapping[float, float]
"""Upper bound in seconds, the last one infinite, to how many were at most so late."""


@dataclass(frozen=True, slots=True)
class SenderClock:
    """How late frames left, as the sender counts it."""

    buckets: Buckets
    stalls: int

    def since(self, earlier: "SenderClock") -> "SenderClock":
        """Return what was counted after ``earlier``."""
        buckets = {le: count - earlier.buckets[le] for le, count in self.buckets.items()}
        return SenderClock(buckets, self.stalls - earlier.stalls)


def parse(text: str) -> SenderClock:
    """Read the text exposition format."""
    samples = [
        sample for family in text_string_to_metric_families(text) for sample in family.samples
    ]
    buckets = {float(s.labels["le"]): s.value for s in samples if s.name == LATENESS}
    stalls = next(int(s.value) for s in samples if s.name == STALLS)
    return SenderClock(buckets, stalls)


def quantile_bound(buckets: Buckets, q: float) -> float:
    """Return what a quantile is at most, in seconds: all that a histogram knows of it.

    Infinite beyond the last finite bound; zero if nothing was counted.
    """
    rank = q * buckets[math.inf]
    if not rank:
        return 0.0
    return min(le for le, count in buckets.items() if count >= rank)
