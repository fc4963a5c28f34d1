"""The benchmark itself, once and short; and what it says when it cannot go on."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0
BENCH = (sys.executable, "-m", "bench")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BENCH, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def test_a_short_run(tmp_path: Path) -> None:
    ran = bench("--listeners", "1", "--seconds", "2", "--starts", "1", "--save", str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert "ms per listener-second" in ran.stdout
    assert "listener.ready" in ran.stdout
    (file,) = tmp_path.glob("*.json")
    saved = json.loads(file.read_text())
    (run,) = saved["runs"]
    assert run["listeners"] == 1
    assert run["cpu_s"] > 0
    assert run["clock"]["packets"] == pytest.approx(100, abs=15)
    assert (run["clock"]["odd_steps"], run["clock"]["lost"]) == (0, 0)
    (start,) = saved["starts"]
    # five times what is promised
    assert 0 < start["answer_ms"] < 500
    assert 0 < start["rtp_ms"] < 1500
    assert 0 < start["speech_ms"] < 1000


def test_help_says_what_is_measured() -> None:
    ran = bench("--help")
    assert ran.returncode == 0
    assert "CPU per listener" in ran.stdout


@pytest.mark.parametrize("listeners", ["0", "1,x", "", "1,,2", "100000"])
def test_numbers_that_make_no_sense(listeners: str) -> None:
    ran = bench("--listeners", listeners)
    assert ran.returncode == 2
    assert "1,10,50" in ran.stderr


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = bench("--save", str(tmp_path / "file" / "results.json"))
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith(f"bench: {tmp_path}")


def test_a_streamer_that_does_not_start_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPUS_COMPLEXITY", "11")
    ran = bench("--listeners", "1", "--seconds", "1")
    assert ran.returncode == 1
    assert ran.stderr.startswith("bench: streamer stopped: OPUS_COMPLEXITY=11")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_program(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*BENCH, "--listeners", "2"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until_listening(process.pid)
    programs = descendants(process.pid)
    process.send_signal(number)
    _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130
    assert errors == "bench: stopped before the end; there are no results\n"
    assert not [pid for pid in programs if Path(f"/proc/{pid}").exists()]


def wait_until_listening(pid: int) -> None:
    """Wait until Valkey, the streamer and two processes of listeners run, if /proc can tell."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and len(children(pid)) < 4:
        time.sleep(0.1)


def descendants(pid: int) -> list[int]:
    return [each for child in children(pid) for each in (child, *descendants(child))]


def children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text().split()]
