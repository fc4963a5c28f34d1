import math

import pytest

from bench.metrics import SenderClock, parse, quantile_bound
from streamer.metrics import Metrics

INF = math.inf


def test_what_the_streamer_exposes_is_read() -> None:
    metrics = Metrics()
    for late_s in (0.0002, 0.0004, 0.003, 9.0):
        metrics.lateness_s.observe(late_s)
    before = parse(metrics.render().decode())
    assert before.buckets[0.0005] == 2
    assert before.buckets[0.005] == 3
    assert before.buckets[INF] == 4
    metrics.lateness_s.observe(0.0004)
    metrics.stalls.inc()
    since = parse(metrics.render().decode()).since(before)
    assert since.stalls == 1
    assert set(since.buckets.values()) == {1}


@pytest.mark.parametrize(
    ("buckets", "q", "expected"),
    [
        ({0.001: 100, INF: 100}, 0.5, 0.001),
        ({0.001: 50, 0.002: 100, INF: 100}, 0.5, 0.001),
        ({0.001: 50, 0.002: 100, INF: 100}, 0.99, 0.002),
        ({0.001: 99, 0.002: 100, INF: 100}, 0.99, 0.001),
        ({0.001: 50, INF: 100}, 0.99, INF),
    ],
)
def test_the_bound_of_a_quantile(buckets: dict[float, float], q: float, expected: float) -> None:
    assert quantile_bound(buckets, q) == expected


def test_nothing_counted() -> None:
    clock = SenderClock({0.001: 5, INF: 5}, 0)
    assert quantile_bound(clock.since(clock).buckets, 0.99) == 0
