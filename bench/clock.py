"""What the packets of one listener say about the sender's clock. Pure arithmetic on rows.

The ideal clock is the best fitting one of exactly 20 ms: packet n is due at
anchor + n x 20 ms, and the anchor is such that the most punctual packet is on time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.errors import TooFewPackets

PACKET_S = 0.020
TIMESTAMP_STEP = 960
"""20 ms of the 48 kHz clock that RTP timestamps of Opus count (RFC 7587, section 4.1)."""
LEAST_PACKETS = 10
DRIFT_PARTS = 20
"""Parts of a recording whose most punctual packets tell the drift."""

_SEQUENCE_BITS = 16
_TIMESTAMP_BITS = 32


class Packet(NamedTuple):
    """One RTP packet as it arrived."""

    arrival_s: float
    """On the monotonic clock."""
    sequence: int
    timestamp: int
    size: int
    """Bytes of Opus."""


@dataclass(frozen=True, slots=True)
class ClockFigures:
    """The clock of a sender, seen by one listener."""

    packets: int
    lost: int
    """Sequence numbers that never came."""
    duplicates: int
    reordered: int
    odd_steps: int
    """Neighbours whose RTP timestamps are not 960 apart for each sequence number."""
    repeated_timestamps: int
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    drift_ppm: float
    """How much slower (+) or faster (-) than the monotonic clock packets are sent."""
    mean_bytes: float


def measure(packets: Sequence[Packet], lead_in: int = 0) -> ClockFigures:
    """Compare packets, in the order of their arrival, with the ideal clock.

    Args:
        packets: one listener's, without a break in the recording.
        lead_in: how many of the first were sent at once, ahead of the clock, on purpose:
            they are left out of lateness and drift, and of nothing else.

    Raises:
        TooFewPackets: fewer than ``LEAST_PACKETS`` are left after the lead-in.
    """
    if len(packets) - lead_in < LEAST_PACKETS:
        raise TooFewPackets(len(packets), lead_in + LEAST_PACKETS)
    arrived = unwrapped([packet.sequence for packet in packets], _SEQUENCE_BITS)
    sequence, first_of = np.unique(arrived, return_index=True)
    timestamps = unwrapped([packets[i].timestamp for i in first_of], _TIMESTAMP_BITS)
    arrival_s = np.array([packets[i].arrival_s for i in first_of])[lead_in:]
    due_s = (sequence - sequence[0])[lead_in:] * PACKET_S
    delay_s = arrival_s - due_s
    late_ms = (delay_s - delay_s.min()) * 1000
    p50, p99 = np.percentile(late_ms, [50, 99])
    odd = np.diff(timestamps) != TIMESTAMP_STEP * np.diff(sequence)
    return ClockFigures(
        packets=len(packets),
        lost=int(sequence[-1] - sequence[0]) + 1 - len(sequence),
        duplicates=len(packets) - len(sequence),
        reordered=int((np.diff(arrived) < 0).sum()),
        odd_steps=int(odd.sum()),
        repeated_timestamps=len(timestamps) - len(np.unique(timestamps)),
        late_p50_ms=float(p50),
        late_p99_ms=float(p99),
        late_max_ms=float(late_ms.max()),
        drift_ppm=drift_ppm(due_s, delay_s),
        mean_bytes=float(np.mean([packet.size for packet in packets])),
    )


def unwrapped(values: Sequence[int], bits: int) -> NDArray[np.int64]:
    """Undo the wrap-around of a counter of so many bits; neighbours are less than half apart."""
    span = 1 << bits
    array = np.array(values, np.int64)
    steps: NDArray[np.int64] = np.diff(array)
    steps = (steps + span // 2) % span - span // 2
    return np.concatenate((array[:1], array[0] + np.cumsum(steps)))


def drift_ppm(due_s: NDArray[np.float64], delay_s: NDArray[np.float64]) -> float:
    """Return the slope of delay over time, in parts per million.

    A packet can only be late, never early, so what is looked at is the most punctual packet
    of each part of the recording; and the slope is the median over all pairs of these
    (Theil-Sen), which a part without any punctual packet does not move.
    """
    parts = np.array_split(np.arange(len(due_s)), min(DRIFT_PARTS, len(due_s)))
    best = np.array([part[np.argmin(delay_s[part])] for part in parts])
    later, earlier = np.tril_indices(len(best), -1)
    gained_s = delay_s[best[later]] - delay_s[best[earlier]]
    return float(np.median(gained_s / (due_s[best[later]] - due_s[best[earlier]]))) * 1e6


def first_speech_s(packets: Sequence[Packet], ready_s: float) -> float | None:
    """Return how long after ``ready_s`` the first packet with speech came; None if none did.

    Speech is what is larger than the silence before ``ready_s``.
    """
    silence = max((p.size for p in packets if p.arrival_s < ready_s), default=0)
    for packet in packets:
        if packet.arrival_s >= ready_s and packet.size > silence:
            return packet.arrival_s - ready_s
    return None
