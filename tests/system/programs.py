"""The real programs, as processes, on free ports and in a folder of the test's own."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "producer" / "sample.flac"
STOP_S = 8.0


@dataclass(frozen=True)
class Streamer:
    """A streamer that runs."""

    process: subprocess.Popen[str]
    url: str
    redis_url: str
    folder: Path

    @property
    def captures(self) -> Path:
        """Where its captures are."""
        return self.folder / "captured"

    def metrics(self) -> dict[str, float]:
        """Return every metric by its name, labels included."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as reply:
            lines = reply.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def lateness(self) -> dict[float, float]:
        """Return how many frames left at most so many seconds late, by the histogram's bounds."""
        buckets = "playhead_frame_lateness_seconds_bucket"
        return {
            float(name.split('"')[1]): value
            for name, value in self.metrics().items()
            if name.startswith(buckets)
        }


@contextmanager
def streamer(
    redis_url: str, folder: Path, *, dies: bool = False, **settings: str
) -> Iterator[Streamer]:
    """Run ``python -m streamer``; stop it with SIGTERM, and require that it ends well.

    One that ``dies`` is killed by the test itself.
    """
    env = {
        **os.environ,
        "REDIS_URL": redis_url,
        "PORT": "0",
        "UDP_PORT": "0",
        "LOG_DIR": str(folder / "logs"),
        "CAPTURES": "1",
        "CAPTURE_DIR": str(folder / "captured"),
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "streamer"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line.startswith("listening on "), line
        yield Streamer(process, line.split()[-1], redis_url, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=STOP_S)
    assert dies or process.returncode == 0, errors
    assert "Traceback" not in errors


@contextmanager
def producer(redis_url: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``python -m producer`` with these arguments; stop it if it has not ended."""
    env = {**os.environ, "REDIS_URL": redis_url, "LOG_DIR": str(folder / "logs")}
    process = subprocess.Popen(
        [sys.executable, "-m", "producer", *arguments],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=STOP_S)
