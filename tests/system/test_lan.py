"""The page opened from another machine of the LAN, and heard there."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Playwright

from tests.system.browser import Listener, chromium
from tests.system.firefox import FirefoxListener, firefox
from tests.system.fixtures import Clip
from tests.system.hearing import assert_exact, hears
from tests.system.lan import Machine, another_machine
from tests.system.programs import ROOT, Streamer, streamer

LENGTH_S = 8
DIES = """
import os, signal, subprocess
from tests.system.lan import another_machine
with another_machine() as machine:
    subprocess.Popen(machine.command("sleep", "1000"))
    print(machine.name, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Another machine of the LAN."""
    with another_machine() as machine:
        yield machine


@pytest.fixture
def running(redis_url: str, tmp_path: Path) -> Iterator[Streamer]:
    """A streamer that is there for the whole LAN."""
    with streamer(redis_url, tmp_path, HTTP_HOST="0.0.0.0") as running:
        yield running


def page_of(running: Streamer, machine: Machine) -> str:
    """Return the page's address on another machine."""
    return f"http://{machine.host}:{running.url.rsplit(':', 1)[1]}"


def namespaces() -> list[str]:
    """Return the names of the network namespaces of this host."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    return [line.split()[0] for line in listed.stdout.splitlines()]


def reaches(machine: Machine, address: str, port: int) -> bool:
    """Return whether that machine can connect there."""
    with machine.socket(socket.AF_INET, socket.SOCK_STREAM, 0) as probe:
        probe.settimeout(5)
        try:
            probe.connect((address, port))
        except OSError:  # the boundary to the network
            return False
        return True


def test_another_machine_reaches_this_host_but_not_its_loopback(machine: Machine) -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        port = everywhere.getsockname()[1]
        assert reaches(machine, machine.host, port)
        assert not reaches(machine, "127.0.0.1", port)
    with socket.create_server(("127.0.0.1", 0)) as here:
        assert not reaches(machine, machine.host, here.getsockname()[1])


def test_what_a_killed_run_has_left_is_removed() -> None:
    with another_machine():
        pass  # this skips the test where there can be none
    command = [sys.executable, "-c", DIES]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as died:
        assert died.stdout is not None
        name = died.stdout.readline().strip()
        assert died.wait() == -signal.SIGKILL
        assert name in namespaces()
        with another_machine() as machine:
            assert name not in namespaces()
            assert machine.name in namespaces()
        assert machine.name not in namespaces()
        died.communicate(timeout=5)  # its output ends when what it ran there has ended


@pytest.mark.browser
def test_chromium_on_another_machine_hears_it(
    playwright: Playwright,
    machine: Machine,
    running: Streamer,
    clip: Clip,
    speech: NDArray[np.int16],
    report: Callable[[str], None],
) -> None:
    url = page_of(running, machine)
    source = speech[: LENGTH_S * 24_000]
    with chromium(playwright, machine=machine) as browser:
        heard = hears(lambda: Listener(browser, url), running, clip(0, LENGTH_S), source, report)
    report(f"{LENGTH_S} s in Chromium on another machine: {heard}")
    assert_exact(heard)


@pytest.mark.browser
def test_firefox_on_another_machine_hears_it(
    machine: Machine,
    running: Streamer,
    clip: Clip,
    speech: NDArray[np.int16],
    report: Callable[[str], None],
) -> None:
    url = page_of(running, machine)
    source = speech[: LENGTH_S * 24_000]
    with firefox(machine=machine) as browser:
        heard = hears(
            lambda: FirefoxListener(browser, url), running, clip(0, LENGTH_S), source, report
        )
    report(f"{LENGTH_S} s in Firefox on another machine: {heard}")
    assert_exact(heard)
