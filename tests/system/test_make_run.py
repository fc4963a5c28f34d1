"""``make run``, as a person runs it: in a terminal, ended by one Ctrl+C."""

import os
import secrets
import socket
import sys
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.system.browser import Listener
from tests.system.fixtures import Clip
from tests.system.programs import ROOT
from tests.system.terminal import CTRL_C, Terminal

MARK = "PLAYHEAD_TEST_MARK"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment with a free port and folders of the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return {
        **kept,
        "PORT": "0",
        "UDP_PORT": "0",
        "LOG_DIR": str(tmp_path / "logs"),
        "CAPTURE_DIR": str(tmp_path / "captured"),
        "TERM": "xterm",
        "COLUMNS": "120",
        MARK: secrets.token_hex(8),
    }


def make_run(env: dict[str, str], *settings: str) -> Terminal:
    """Start ``make run`` with the environment that runs this test."""
    return Terminal(["make", "run", f"VENV={sys.prefix}", *settings], ROOT, env)


def left_over(env: dict[str, str]) -> list[str]:
    """Return the processes that carry the test's mark."""
    if not Path("/proc").is_dir():
        return []
    mark = f"{MARK}={env[MARK]}".encode()
    found = []
    for process in Path("/proc").iterdir():
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # not a process, not ours, or gone meanwhile
            continue
    return found


@pytest.mark.browser
def test_it_plays_in_a_browser_says_what_happens_and_ends_with_one_ctrl_c(
    browser: Browser, env: dict[str, str], clip: Clip, tmp_path: Path
) -> None:
    terminal = make_run(env, f"WAV={clip(0, 2)}")
    url = terminal.wait_for(r"open (http://localhost:\d+)")[1]
    terminal.wait_for("listening")
    listener = Listener(browser, url)
    listener.wait_for("speaking")
    terminal.wait_for("playing")
    listener.wait_for("ready")
    terminal.wait_for("complete")
    listener.page.close()
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 0, terminal.text
    assert "Traceback" not in terminal.text
    assert "make:" not in terminal.text
    assert left_over(env) == []
    assert (tmp_path / "logs" / "webrtcsvr.log").stat().st_size > 0
    assert (tmp_path / "logs" / "producer.log").stat().st_size > 0
    assert list((tmp_path / "captured").glob("tmp_04_sendframe_48_*"))


def test_ctrl_c_with_nobody_listening_ends_it(env: dict[str, str]) -> None:
    terminal = make_run(env)
    url = terminal.wait_for(r"open (http://localhost:\d+)")[1]
    with urllib.request.urlopen(f"{url}/healthz", timeout=5) as reply:
        assert reply.status == 200
    terminal.wait_for("listening")
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 0, terminal.text
    assert "Traceback" not in terminal.text
    assert left_over(env) == []


def test_it_uses_another_redis_if_told_so(env: dict[str, str], redis_url: str) -> None:
    terminal = make_run({**env, "REDIS_URL": redis_url})
    terminal.wait_for("listening")
    assert not [command for command in left_over(env) if "valkey-server" in command]
    terminal.press(CTRL_C)
    assert terminal.exit_code() == 0, terminal.text


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("WAV=no-such-file.wav", "no-such-file.wav"),
        ("WAV=README.md", "README.md"),
        ("REDIS_URL=redis://127.0.0.1:1", "127.0.0.1:1"),
        ("PORT=99999", "PORT"),
    ],
)
def test_what_it_cannot_use_is_named_in_a_line_and_nothing_stays(
    env: dict[str, str], setting: str, says: str
) -> None:
    terminal = make_run(env, setting)
    assert terminal.exit_code() != 0
    assert says in terminal.text
    assert "Traceback" not in terminal.text
    assert left_over(env) == []


def test_a_port_that_is_taken_is_named(env: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        terminal = make_run(env, f"PORT={port}")
        assert terminal.exit_code() != 0
    assert f"127.0.0.1:{port}" in terminal.text
    assert "Traceback" not in terminal.text
    assert left_over(env) == []
