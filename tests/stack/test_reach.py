"""From where the stack can be heard: another machine, and a host that sees published ports only."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Playwright

from tests.stack.hearing import hears_replay, with_calm
from tests.stack.stack import Stack
from tests.system.browser import Listener, chromium
from tests.system.firefox import FirefoxListener, firefox
from tests.system.fixtures import Clip
from tests.system.hearing import Heard, assert_exact
from tests.system.lan import Machine, another_machine
from tests.system.listening import AnyListener
from tests.system.missing import missing

pytestmark = [pytest.mark.docker, pytest.mark.browser]

LENGTH_S = 8
GROUP = "47123"
"""Nobody's: what its processes send is told apart by it."""

Hears = Callable[[str, str, Machine], Heard]


class ThroughTheProxy(Machine):
    """This host, as it is where Docker runs in a virtual machine: on a Mac, and on Windows.

    What it sends to a published port, Docker rewrites straight to the container. For the
    processes that are run here it does not: they reach Docker's proxy process, and addresses of
    containers are refused to them.
    """

    def command(self, *command: str | Path) -> list[str]:
        return ["setpriv", f"--regid={GROUP}", "--clear-groups", "--", *map(str, command)]

    def socket(self, family: int, kind: int, protocol: int) -> socket.socket:
        return socket.socket(family, kind, protocol)

    def connects(self, address: str, port: int) -> bool:
        """Whether a process here can connect there."""
        dial = self.command("bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}")
        return subprocess.run(dial, capture_output=True, check=False).returncode == 0


@contextmanager
def published_only(container: str) -> Iterator[ThroughTheProxy]:
    """Yield this host as one that cannot reach ``container``, an address, by itself."""
    if os.geteuid() or not shutil.which("iptables") or not shutil.which("setpriv"):
        missing("to cut the direct way takes root, iptables and setpriv (Debian: util-linux)")
    sent_by = ["OUTPUT", "-m", "owner", "--gid-owner", GROUP]
    rules = [
        ["nat", *sent_by, "-j", "ACCEPT"],
        ["filter", *sent_by, "-d", container, "-j", "REJECT"],
    ]
    for table, *rule in rules:
        subprocess.run(["iptables", "-w", "-t", table, "-I", *rule], check=True)
    try:
        yield ThroughTheProxy("proxied", "localhost", "127.0.0.1")
    finally:
        for table, *rule in rules:
            subprocess.run(["iptables", "-w", "-t", table, "-D", *rule], check=True)


@pytest.fixture
def hears(
    playwright: Playwright,
    stack: Stack,
    clip: Clip,
    speech: NDArray[np.int16],
    report: Callable[[str], None],
) -> Hears:
    """Open the page in a browser on a machine, at an address; return what it hears of a replay."""
    source, wav = speech[: LENGTH_S * 24_000], with_calm(clip, LENGTH_S)

    def listen(open_page: Callable[[str], AnyListener]) -> Heard:
        return hears_replay(open_page, stack, wav, source, report)

    def hear(name: str, address: str, machine: Machine) -> Heard:
        url = f"http://{address}:{stack.port}"
        if name == "Chromium":
            with chromium(playwright, machine=machine) as browser:
                return listen(lambda path: Listener(browser, url + path))
        with firefox(machine=machine) as bidi:
            return listen(lambda path: FirefoxListener(bidi, url + path))

    return hear


each_browser = pytest.mark.parametrize("browser_name", ["Chromium", "Firefox"])


@each_browser
def test_it_is_heard_on_another_machine(hears: Hears, browser_name: str) -> None:
    with another_machine() as machine:
        assert_exact(hears(browser_name, machine.host, machine))


@each_browser
def test_published_ports_are_all_it_takes(hears: Hears, stack: Stack, browser_name: str) -> None:
    networks = stack.inspect("streamer")["NetworkSettings"]["Networks"]
    container = networks[f"{stack.project}_default"]["IPAddress"]
    with published_only(container) as host:
        assert not host.connects(container, 8910)
        assert host.connects("127.0.0.1", stack.port)
        assert_exact(hears(browser_name, "localhost", host))
