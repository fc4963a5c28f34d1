import os
import time

import pytest

from bench.cpu import cpu_seconds, parse_ps_time, parse_stat


def test_a_name_with_parentheses_and_spaces() -> None:
    stat = "42 (a) (b c) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 3 0 1 2 3"
    assert parse_stat(stat) == 300


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("   0:00.05\n", 0.05),
        ("12:34.50", 754.5),
        ("1:02:03", 3723),
        ("2-01:00:00", 176_400),
    ],
)
def test_what_ps_prints(text: str, seconds: float) -> None:
    assert parse_ps_time(text) == pytest.approx(seconds)


def test_this_process() -> None:
    before, own = cpu_seconds(os.getpid()), time.process_time()
    while time.process_time() < own + 0.1:
        pass
    assert cpu_seconds(os.getpid()) - before == pytest.approx(0.1, abs=0.03)


def test_no_such_process() -> None:
    with pytest.raises(OSError):
        cpu_seconds(2**22 + 1)
