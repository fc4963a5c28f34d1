"""Figures as a benchmark could have measured them."""

from bench.clock import ClockFigures
from bench.machine import Machine
from bench.results import CrowdRun, Results, Start

CLOCK = ClockFigures(500, 0, 0, 0, 0, 0, 0.5, 1.5, 3.25, -2.0, 180.0)
MACHINE = Machine("Some CPU", 2, "Some OS", "CPython 3.11.7", 0.5)


def run_of(listeners: int, cpu_s: float, received: int | None = None) -> CrowdRun:
    packets = listeners * 500 if received is None else received
    return CrowdRun(listeners, 10.0, cpu_s, packets, 0, CLOCK, 2.0, 0)


RESULTS = Results(
    "2026-01-02T03:04:05+00:00",
    MACHINE,
    {"OPUS_COMPLEXITY": "5"},
    (run_of(1, 0.12), run_of(11, 0.32)),
    (Start(30.0, 120.0, 4.0), Start(50.0, 160.0, 20.0), Start(40.0, 130.0, 12.0)),
)
