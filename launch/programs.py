"""Programs of this project as child processes that end with whoever started them."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping
from typing import IO

STOP_S = 6.0
"""How long a program may take to stop: the streamer's own limit is 5 s."""
LINE_BYTES = 1 << 22


@contextlib.asynccontextmanager
async def program(
    module: str,
    *arguments: str,
    env: Mapping[str, str],
    stdin: int = DEVNULL,
    stdout: int | None = PIPE,
    stderr: IO[bytes] | None = None,
) -> AsyncIterator[Process]:
    """Run ``python -m module`` in this context; end it, and wait for it, on the way out.

    One whose standard input is a pipe ends with that pipe, however this process goes; the
    others get SIGTERM. What has not ended after ``STOP_S`` is killed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        env=env,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        limit=LINE_BYTES,
        # Ctrl+C comes to us alone: the programs are stopped in order
        start_new_session=True,
    )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    elif process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
