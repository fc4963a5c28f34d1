import pytest

from bench.results import cost_line
from tests.bench.figures import run_of


def test_cpu_for_each_listener() -> None:
    run = run_of(50, cpu_s=2.0)
    assert run.cpu_share == pytest.approx(0.2)
    assert run.cpu_ms_per_listener_s == pytest.approx(4)
    assert run.received_share == pytest.approx(1)
    assert run_of(10, 1.0, received=2500).received_share == pytest.approx(0.5)


def test_the_line_through_the_runs() -> None:
    # 10 ms a second for the feed, 2 for each listener
    line = cost_line([run_of(1, 0.12), run_of(10, 0.30), run_of(50, 1.10)])
    assert line is not None
    assert line.feed_ms == pytest.approx(10)
    assert line.listener_ms == pytest.approx(2)


def test_no_line_through_one_point() -> None:
    assert cost_line([run_of(5, 0.1), run_of(5, 0.2)]) is None
    assert cost_line([]) is None
