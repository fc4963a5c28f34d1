"""``python -m streamer`` as a process: how it begins and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from streamer.__main__ import main
from tests.conftest import becomes, run
from tests.streamer.browser import browser
from tests.system.programs import ROOT, STOP_S, streamer


def failed(tmp_path: Path, **settings: str) -> str:
    """Run it where it cannot; return the one line it says."""
    env = {
        **os.environ,
        "PORT": "0",
        "UDP_PORT": "0",
        "LOG_DIR": str(tmp_path / "logs"),
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-m", "streamer"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=STOP_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def test_sigterm_with_a_listener_ends_it_within_5_seconds_and_without_a_fault(
    redis_url: str, tmp_path: Path
) -> None:
    async def go() -> None:
        with streamer(redis_url, tmp_path) as running:
            async with aiohttp.ClientSession(running.url) as http, browser(http) as listener:
                await listener.hears(10)
                begun = time.monotonic()
                running.process.send_signal(signal.SIGTERM)
                await becomes(lambda: running.process.poll() is not None)
                assert time.monotonic() - begun < 5
                assert running.process.returncode == 0
                await becomes(lambda: listener.pc.connectionState == "closed")

    run(go())
    logged = (tmp_path / "logs" / "webrtcsvr.log").read_text()
    assert "streamer.stopped" in logged
    assert "Traceback" not in logged
    assert '"level": "error"' not in logged


def test_a_port_that_is_taken_is_named(redis_url: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = failed(tmp_path, REDIS_URL=redis_url, PORT=port)
    assert f"127.0.0.1:{port}" in line
    assert "PORT" in line


def test_a_udp_port_that_is_taken_is_named(redis_url: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", 0))
        port = str(taken.getsockname()[1])
        line = failed(tmp_path, REDIS_URL=redis_url, UDP_PORT=port)
    assert f"UDP port {port}" in line
    assert "UDP_PORT" in line


def test_a_redis_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    line = failed(tmp_path, REDIS_URL="redis://me:secret@127.0.0.1:1/0")
    assert "REDIS_URL" in line
    assert "127.0.0.1:1" in line
    assert "secret" not in line


def test_a_setting_that_cannot_be_is_named_with_its_value(tmp_path: Path) -> None:
    assert "PREBUFFER=soon" in failed(tmp_path, PREBUFFER="soon")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("FEED", "a b"),
        ("REDIS_URL", "http://x"),
        ("OPUS_CHANNELS", "stereo"),
        ("LOG_DIR", "/dev/null/x"),
    ],
)
def test_every_kind_of_setting_is_named_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{name}={value}" in line


def test_a_folder_for_captures_that_cannot_be_written_is_named(
    redis_url: str, tmp_path: Path
) -> None:
    line = failed(tmp_path, REDIS_URL=redis_url, CAPTURES="1", CAPTURE_DIR="/dev/null/x")
    assert "CAPTURE_DIR=/dev/null/x" in line
