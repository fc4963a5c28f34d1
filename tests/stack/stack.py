"""The Docker stack, driven by ``make`` as a person does, beside any other on this machine."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.system.programs import ROOT, Streamer

SERVICES = ("valkey", "streamer", "producer")
PREFIX = "playhead-test-"
"""Of the Compose projects of tests, so that what a test session left behind can be found."""
MAKE_S = 300.0


def docker(*arguments: str, check: bool = True) -> str:
    """Run ``docker``; return what it printed.

    Raises:
        CalledProcessError: it failed, and ``check`` is not False.
    """
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=check, timeout=60
    ).stdout.strip()


def free_port(kind: socket.SocketKind) -> int:
    """Return a port that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("0.0.0.0", 0))
        port: int = probe.getsockname()[1]
    return port


class Stack:
    """A Compose project of its own, on ports of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.project = f"{PREFIX}{os.getpid()}-{name}"
        self.port = free_port(socket.SOCK_STREAM)
        self.udp_port = free_port(socket.SOCK_DGRAM)
        self.captures = folder / "captured"
        self.its = ("--filter", _label("project", self.project))
        """What picks its own out of all that Docker has."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        self.env = {
            **kept,
            "COMPOSE_PROJECT_NAME": self.project,
            "PORT": str(self.port),
            "UDP_PORT": str(self.udp_port),
            "CAPTURE_DIR": str(self.captures),
        }

    @property
    def url(self) -> str:
        """Where its page is."""
        return f"http://localhost:{self.port}"

    @property
    def streamer(self) -> Streamer:
        """Its streamer, as far as it can be seen from outside: HTTP, and nothing of its process."""
        nothing: Any = None
        return Streamer(nothing, self.url, nothing, self.captures.parent)

    @contextmanager
    def making(self, target: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """Run ``make target`` in this context; stop it if it has not ended."""
        process = subprocess.Popen(
            ["make", "--no-print-directory", target, f"VENV={sys.prefix}"],
            cwd=ROOT,
            env={**self.env, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.terminate()

    def make(self, target: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run ``make target`` to its end."""
        with self.making(target, **settings) as process:
            out, err = process.communicate(timeout=MAKE_S)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def up(self) -> str:
        """Start it; return what ``make up`` printed."""
        done = self.make("up")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def container(self, service: str) -> str:
        """Return the ID of the container of ``service``."""
        running = ("--filter", _label("service", service), "--filter", _label("oneoff", "False"))
        return docker("ps", "--quiet", *self.its, *running)

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what Docker knows of the container of ``service``."""
        (found,) = json.loads(docker("inspect", self.container(service)))
        return dict(found)

    def inside(self, service: str, *command: str, check: bool = True) -> str:
        """Run ``command`` in the container of ``service``; return what it printed."""
        return docker("exec", self.container(service), *command, check=check)

    def printed(self, service: str) -> list[str]:
        """Return every line its container has printed since it was made."""
        return subprocess.run(
            ["docker", "logs", self.container(service)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=60,
        ).stdout.splitlines()

    def restart(self, service: str) -> None:
        """Restart a container, as ``docker restart`` does."""
        docker("restart", self.container(service))

    def left_over(self) -> list[str]:
        """Return every container, volume and network that there is of it."""
        return [
            *docker("ps", "--all", "--format", "{{.Names}}", *self.its).split(),
            *self.volumes(),
            *docker("network", "ls", "--format", "{{.Name}}", *self.its).split(),
        ]

    def volumes(self) -> list[str]:
        """Return the names of its volumes."""
        return docker("volume", "ls", "--quiet", *self.its).split()

    def remove(self) -> None:
        """Remove it, its data and its images."""
        self.make("purge")
        images = docker("image", "ls", "--format", "{{.Repository}}").split()
        own = [image for image in images if image.startswith(self.project)]
        if own:
            docker("image", "rm", "--force", *own)


def _label(name: str, value: str) -> str:
    return f"label=com.docker.compose.{name}={value}"
