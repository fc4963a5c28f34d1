"""Virtual arrivals: what each kind of clock, good or bad, is found to be."""

import random
from collections.abc import Callable, Iterable

import pytest
from pytest import approx

from bench.clock import Packet, first_speech_s, measure, unwrapped
from bench.errors import TooFewPackets

MINUTE = 3000
"""Packets in a minute."""


def sent(
    count: int = MINUTE,
    late_s: Callable[[int], float] = lambda n: 0.0,
    sequence: int = 7,
    timestamp: int = 1000,
) -> list[Packet]:
    """Packets of a clock of 20 ms, the n-th late by ``late_s(n)``."""
    return [
        Packet(
            100.0 + n * 0.020 + late_s(n),
            (sequence + n) % (1 << 16),
            (timestamp + 960 * n) % (1 << 32),
            150,
        )
        for n in range(count)
    ]


def without(packets: list[Packet], missing: Iterable[int]) -> list[Packet]:
    gone = set(missing)
    return [packet for n, packet in enumerate(packets) if n not in gone]


def test_a_perfect_clock() -> None:
    found = measure(sent())
    assert found.packets == MINUTE
    assert (found.lost, found.duplicates, found.reordered) == (0, 0, 0)
    assert (found.odd_steps, found.repeated_timestamps) == (0, 0)
    assert found.late_max_ms == approx(0, abs=1e-6)
    assert found.drift_ppm == approx(0, abs=1e-3)
    assert found.mean_bytes == 150


@pytest.mark.parametrize("ppm", [100, -100, 20])
def test_drift(ppm: float) -> None:
    found = measure(sent(late_s=lambda n: n * 0.020 * ppm / 1e6))
    assert found.drift_ppm == approx(ppm, abs=1e-3)
    # drift is lateness too: nobody could tell one from the other within a recording
    assert found.late_max_ms == approx(60_000 * abs(ppm) / 1e6, rel=0.01)


def test_drift_shows_through_jitter_and_outliers() -> None:
    rng = random.Random(1)
    jitter = [rng.uniform(0, 0.002) + 0.080 * (rng.random() < 0.02) for _ in range(MINUTE)]
    found = measure(sent(late_s=lambda n: jitter[n] + n * 0.020 * 100e-6))
    assert found.drift_ppm == approx(100, abs=2)


def test_jitter_has_the_quantiles_it_was_made_with() -> None:
    late_ms = [*range(100)] * 30
    random.Random(2).shuffle(late_ms)
    found = measure(sent(late_s=lambda n: late_ms[n] / 1000))
    assert found.late_p50_ms == approx(49.5, abs=0.5)
    assert found.late_p99_ms == approx(98, abs=1)
    assert found.late_max_ms == approx(99)


def test_lateness_is_against_the_most_punctual_packet() -> None:
    found = measure(sent(100, late_s=lambda n: 0.0 if n == 60 else 0.007))
    assert found.late_p50_ms == approx(7)


def test_an_interval_always_too_long_is_drift_not_jitter() -> None:
    # as one who sleeps 20 ms after each packet does
    found = measure(sent(500, late_s=lambda n: n * 0.0025))
    assert found.drift_ppm == approx(125_000)
    assert found.late_max_ms == approx(499 * 2.5)


def test_gaps_are_lost_packets_and_no_lateness() -> None:
    found = measure(without(sent(500), [100, 101, 102, 300]))
    assert (found.packets, found.lost) == (496, 4)
    assert (found.odd_steps, found.repeated_timestamps) == (0, 0)
    assert found.late_max_ms == approx(0, abs=1e-6)


def test_a_timestamp_used_twice() -> None:
    packets = sent(500)
    packets[41] = packets[41]._replace(timestamp=packets[40].timestamp)
    found = measure(packets)
    assert found.repeated_timestamps == 1
    assert found.odd_steps == 2  # 0, then 1,920
    assert found.lost == 0


def test_a_timestamp_that_jumps() -> None:
    packets = sent(500)
    packets[200:] = [p._replace(timestamp=p.timestamp + 48_000) for p in packets[200:]]
    found = measure(packets)
    assert (found.odd_steps, found.repeated_timestamps) == (1, 0)


def test_both_counters_wrap_around() -> None:
    found = measure(sent(500, sequence=(1 << 16) - 250, timestamp=(1 << 32) - 250 * 960))
    assert (found.lost, found.odd_steps, found.repeated_timestamps) == (0, 0, 0)
    assert found.late_max_ms == approx(0, abs=1e-6)


def test_a_gap_over_the_wrap_around() -> None:
    packets = without(sent(500, sequence=(1 << 16) - 250), range(240, 260))
    assert measure(packets).lost == 20


def test_duplicates_and_packets_out_of_order() -> None:
    packets = sent(500)
    packets[100], packets[101] = packets[101], packets[100]
    packets.insert(200, packets[199])
    found = measure(packets)
    assert (found.duplicates, found.reordered, found.lost) == (1, 1, 0)
    assert (found.odd_steps, found.repeated_timestamps) == (0, 0)


def test_a_lead_in_is_left_out_of_lateness_alone() -> None:
    def ahead(n: int) -> float:
        return (4 - n) * -0.020 if n < 4 else 0.0

    packets = sent(500, late_s=ahead)
    assert measure(packets).late_p50_ms == approx(80)
    assert measure(packets, lead_in=4).late_max_ms == approx(0, abs=1e-6)
    packets[2] = packets[2]._replace(timestamp=packets[1].timestamp)
    assert measure(packets, lead_in=4).repeated_timestamps == 1
    assert measure(without(packets, [3]), lead_in=4).lost == 1


def test_too_few_packets() -> None:
    assert measure(sent(14), lead_in=4).packets == 14
    with pytest.raises(TooFewPackets, match="13 packets arrived, at least 14"):
        measure(sent(13), lead_in=4)
    with pytest.raises(TooFewPackets):
        measure([])


def test_unwrapped_counts_on() -> None:
    assert unwrapped([65_534, 65_535, 0, 1], 16).tolist() == [65_534, 65_535, 65_536, 65_537]
    assert unwrapped([1, 0, 65_535, 2], 16).tolist() == [1, 0, -1, 2]


def test_first_speech_is_what_is_larger_than_the_silence_before() -> None:
    packets = [packet._replace(size=3) for packet in sent(100)]
    assert first_speech_s(packets, 100.5) is None
    packets[10] = packets[10]._replace(size=4)  # the encoder's first silence is longer
    packets[40] = packets[40]._replace(size=4)
    packets[50] = packets[50]._replace(size=120)
    assert first_speech_s(packets, 100.7) == approx(0.3)
    assert first_speech_s([], 0.0) is None
