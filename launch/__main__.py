"""``python -m launch``: everything on one machine, in one go, until Ctrl+C.

An embedded Valkey (or ``REDIS_URL``), the streamer, and a producer that speaks a file
whenever somebody begins to listen. What ``make run`` starts.
"""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from launch.console import fail, redacted
from launch.programs import program
from launch.terminal import own_foreground

SAMPLE = Path("producer/sample.flac")


async def run(wav: str) -> int:
    """Start everything, wait for a signal or for one of the programs to end.

    Returns:
        0 after a signal; else the exit code of the program that ended, at least 1.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        env = {"CAPTURES": "1", **os.environ}
        if not env.get("REDIS_URL"):
            valkey = await stack.enter_async_context(program("launch.valkey", env=env, stdin=PIPE))
            env["REDIS_URL"] = await _first_line(valkey)
        streamer = await stack.enter_async_context(program("streamer", env=env))
        url = (await _first_line(streamer)).removeprefix("listening on ")
        print(f"Playhead: open {url} to listen. Ctrl+C stops.", flush=True)  # noqa: T201
        print(f"Redis: {redacted(env['REDIS_URL'])}", flush=True)  # noqa: T201
        producer = await stack.enter_async_context(
            program("producer", "--serve", wav, env=env, stdout=None)
        )
        programs = [asyncio.create_task(child.wait()) for child in (streamer, producer)]
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([*programs, stopped], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            return 0
        return max(1, *(task.result() for task in programs if task.done()))
    raise AssertionError("unreachable")


async def _first_line(process: Process) -> str:
    """Return the first line a program prints, which says that it is up.

    Exits with the program's code if it ends instead; it has said why.
    """
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode().strip()
    if not line:
        sys.exit(await process.wait() or 1)
    return line


def main() -> None:
    """Read ``WAV`` from the environment, run, and exit."""
    wav = os.environ.get("WAV") or str(SAMPLE)
    if not Path(wav).exists():
        fail("make run", f"WAV: there is no file {wav}")
    with own_foreground():
        code = asyncio.run(run(wav))
    sys.exit(code)


if __name__ == "__main__":
    main()
