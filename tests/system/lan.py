"""Another machine of the LAN, on this one: a network namespace, and a cable to it.

It has a network of its own, with this host as the only neighbour and no way beyond. So it
reaches what this host serves to everybody, published ports of containers included, and neither
this host's loopback nor its addresses in other networks. Files and users are this host's.

::

    with another_machine() as machine:
        url = f"http://{machine.host}:{port}/"
        with chromium(playwright, machine=machine) as browser:  # or firefox(machine=machine)
            ...
        subprocess.run(machine.command("curl", url))

It needs root and iproute2; without them the test is skipped, or fails in CI.
"""

import contextlib
import ctypes
import os
import re
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from tests.system.missing import missing

_NAMESPACES = Path("/run/netns")
"""Where ``ip netns`` keeps them (ip-netns(8))."""
_CLONE_NEWNET = 0x40000000
"""A network namespace, for setns(2)."""
_NETWORKS = int(IPv4Address("10.213.0.0"))
"""A /16 that hardly anybody has, cut into networks of four addresses, one for each process."""
_OURS = re.compile(r"playhead-(\d+)")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Machine:
    """A machine of the LAN that is not this host."""

    name: str
    """Of its network namespace."""
    host: str
    """The address of this host as seen from there."""
    address: str
    """Its own."""

    def command(self, *command: str | Path) -> list[str]:
        """Return the command that runs ``command`` there."""
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def launcher(self, program: Path, folder: Path) -> Path:
        """Write an executable into ``folder`` that runs ``program`` there; return its path.

        It hands on arguments and open file descriptors: what starts it talks to the program
        over pipes as if it had started the program itself.
        """
        launcher = folder / f"{program.name}-on-{self.name}"
        launcher.write_text(f'#!/bin/sh\nexec {shlex.join(self.command(program))} "$@"\n')
        launcher.chmod(0o700)
        return launcher

    def socket(self, family: int, kind: int, protocol: int) -> socket.socket:
        """Return a socket of that machine: it can reach what listens on the loopback there."""

        def make() -> socket.socket:
            with (_NAMESPACES / self.name).open() as namespace:
                if _libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns to {self.name}")
            return socket.socket(family, kind, protocol)

        # a thread enters a namespace alone, and this one never leaves it
        with ThreadPoolExecutor(1) as there:
            return there.submit(make).result()


@contextmanager
def another_machine() -> Iterator[Machine]:
    """Yield a machine that is there until the end of the block; one at a time for a process.

    What still runs on it then is killed. What a killed test run has left is removed first.
    """
    pid = os.getpid()
    host, address = IPv4Network((_NETWORKS + pid % 2**14 * 4, 30)).hosts()
    machine = Machine(_name(pid), str(host), str(address))
    try:
        _remove_leftovers()
        _build(machine, _cable(pid))
    except FileNotFoundError:  # the boundary to the system, here and in the next
        missing("another machine: no ip command: install iproute2 (Debian: apt install iproute2)")
    except subprocess.CalledProcessError as error:
        _remove(pid)
        missing(f"another machine needs root: {' '.join(error.cmd)}: {error.stderr.strip()}")
    try:
        yield machine
    finally:
        _remove(pid)


def _name(pid: int) -> str:
    """Return the name of the namespace of a test run."""
    return f"playhead-{pid}"


def _cable(pid: int) -> str:
    """Return the name of the cable's end on this host, at most 15 characters."""
    return f"playhead{pid}"


def _build(machine: Machine, cable: str) -> None:
    _ip("netns", "add", machine.name)
    _ip("link", "add", cable, "type", "veth", "peer", "name", "lan", "netns", machine.name)
    _ip("address", "add", f"{machine.host}/30", "dev", cable)
    _ip("link", "set", cable, "up")
    _ip("-n", machine.name, "address", "add", f"{machine.address}/30", "dev", "lan")
    _ip("-n", machine.name, "link", "set", "lan", "up")
    _ip("-n", machine.name, "link", "set", "lo", "up")


def _remove_leftovers() -> None:
    for line in _ip("netns", "list").splitlines():
        found = _OURS.fullmatch(line.split()[0])
        if found and not Path("/proc", found[1]).exists():
            _remove(int(found[1]))


def _remove(pid: int) -> None:
    """Remove the machine of a test run, or as much of it as there is."""
    with contextlib.suppress(subprocess.CalledProcessError):
        for each in _ip("netns", "pids", _name(pid)).split():
            with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(int(each), signal.SIGKILL)
    for thing in (("link", "delete", _cable(pid)), ("netns", "delete", _name(pid))):
        with contextlib.suppress(subprocess.CalledProcessError):  # it is not there
            _ip(*thing)


def _ip(*arguments: str) -> str:
    command = ["ip", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
