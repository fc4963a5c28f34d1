"""The programs a benchmark needs, as child processes that end with it."""

import asyncio
import contextlib
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bench.errors import ProgramEnded
from launch.programs import program
from streamer.settings import Settings

ANSWER_S = 60.0
"""How long a program may take to say something: connecting many listeners takes longest."""

_OURS = {"REDIS_URL", "HTTP_HOST", "PORT", "UDP_PORT", "LOG_DIR", "MAX_LISTENERS", "CAPTURES"}


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs, and talks in lines."""

    name: str
    process: Process
    errors: Path

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    async def line(self) -> str:
        """Return the next line it prints.

        Raises:
            ProgramEnded: it ended instead, or said nothing for ``ANSWER_S``.
        """
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(ANSWER_S):
                line = await self.process.stdout.readline()
        except TimeoutError:
            raise ProgramEnded(self.name, f"no answer within {ANSWER_S:.0f} s") from None
        if not line:
            await self.process.wait()
            raise ProgramEnded(self.name, self.errors.read_text().strip().rpartition("\n")[2])
        return line.decode().strip()


def changed_settings() -> dict[str, str]:
    """Return the streamer's settings that the environment changes, by name."""
    names = {name.upper() for name in Settings.model_fields} - _OURS
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


@contextlib.asynccontextmanager
async def valkey(folder: Path) -> AsyncIterator[str]:
    """Run an embedded Valkey; yield its URL."""
    # it lives as long as its standard input: it goes however this process ends
    async with _running(folder, "launch.valkey", stdin=PIPE) as program:
        yield await program.line()


@contextlib.asynccontextmanager
async def streamer(
    folder: Path, redis_url: str, max_listeners: int
) -> AsyncIterator[tuple[str, int]]:
    """Run a streamer on a free port of loopback; yield its URL and process ID."""
    env = {
        "REDIS_URL": redis_url,
        "HTTP_HOST": "127.0.0.1",
        "PORT": "0",
        "UDP_PORT": "0",
        "LOG_DIR": str(folder),
        "MAX_LISTENERS": str(max_listeners),
        "CAPTURES": "0",
    }
    async with _running(folder, "streamer", env=env) as program:
        url = (await program.line()).removeprefix("listening on ")
        yield url, program.process.pid


@contextlib.asynccontextmanager
async def listeners(folder: Path, url: str, feed: str, count: int) -> AsyncIterator[Program]:
    """Run ``count`` listeners in one process."""
    arguments = (url, feed, str(count))
    async with _running(folder, "bench.listener", *arguments, stdin=PIPE) as program:
        yield program


@contextlib.asynccontextmanager
async def _running(
    folder: Path,
    module: str,
    *arguments: str,
    env: dict[str, str] | None = None,
    stdin: int = DEVNULL,
) -> AsyncIterator[Program]:
    """Run ``python -m module``, its complaints in a file of ``folder``."""
    errors = folder / f"{module}.err"
    with errors.open("ab") as stderr:
        running = program(
            module, *arguments, env={**os.environ, **(env or {})}, stdin=stdin, stderr=stderr
        )
        async with running as process:
            yield Program(module, process, errors)
