"""The command line: ``python -m bench``."""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import measure, report
from bench.errors import BenchError
from bench.machine import this_machine
from bench.results import Results
from bench.stack import changed_settings, valkey
from launch.console import fail
from launch.loop import run
from launch.terminal import own_foreground

MOST_LISTENERS = 1000
SECONDS = (1.0, 300.0)
"""The longest is what a feed holds without its writer having to wait for the listeners."""
MOST_STARTS = 100
INTERRUPTED = 130
"""Exit code after Ctrl+C, as shells have it."""

T = TypeVar("T")
app = typer.Typer(add_completion=False, rich_markup_mode=None)


def parse_listeners(text: str) -> list[int]:
    """Read ``1,10,50``.

    Raises:
        typer.BadParameter: it is no list of whole numbers from 1 to ``MOST_LISTENERS``.
    """
    numbers = text.split(",")
    if all(number.strip().isdecimal() for number in numbers):
        counts = [int(number) for number in numbers]
        if all(1 <= count <= MOST_LISTENERS for count in counts):
            return counts
    raise typer.BadParameter(f"{text!r}: give numbers from 1 to {MOST_LISTENERS}, such as 1,10,50")


@app.command()
def main(
    listeners: Annotated[
        str, typer.Option(metavar="N,N,...", help="How many listeners, one run for each number.")
    ] = "1,10,50",
    seconds: Annotated[
        float, typer.Option(min=SECONDS[0], max=SECONDS[1], help="How long each run is measured.")
    ] = 10.0,
    starts: Annotated[
        int, typer.Option(min=0, max=MOST_STARTS, help="How often the start of playback is timed.")
    ] = 10,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Write the results as JSON: to this .json file, or as <date>.json in this folder.",
        ),
    ] = None,
) -> None:
    """Measure CPU per listener, lateness of packets and the start of playback on this machine.

    Everything runs here, over loopback: an embedded Valkey, a streamer, and listeners that
    connect as a browser does but decode nothing. Close other programs first: they share the
    cores. Settings of the streamer are taken from the environment (OPUS_COMPLEXITY=5).
    """
    counts = parse_listeners(listeners)
    date = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        file = None if save is None else report.file_for(save, date)
        if file is not None:  # what is wrong with it is said now, not in some minutes
            file.parent.mkdir(parents=True, exist_ok=True)
        with own_foreground():
            results = run(_until_signalled(_measure_all(date, counts, seconds, starts)))
        console = Console(highlight=False)
        for each in report.tables(results):
            console.print(each)
        if file is not None:
            file.write_text(report.as_json(results))
            console.print(f"\nsaved: {file}", markup=False, soft_wrap=True)
    except BenchError as error:  # the boundary to the user
        fail("bench", str(error))
    except OSError as error:
        fail("bench", f"{error.filename or 'system'}: {error.strerror or error}")
    except asyncio.CancelledError:
        fail("bench", "stopped before the end; there are no results", INTERRUPTED)


async def _measure_all(date: str, counts: list[int], seconds: float, starts: int) -> Results:
    machine = this_machine()  # before anything is started: its load is part of it
    errors = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with (
        tempfile.TemporaryDirectory(prefix="playhead-bench-") as name,
        # drawn seldom: starts are timed in this process
        Progress(
            *columns,
            console=errors,
            transient=True,
            disable=not errors.is_terminal,
            refresh_per_second=2,
        ) as progress,
    ):
        folder = Path(name)
        total = len(counts) * measure.CROWD_STEPS + starts
        task = progress.add_task("starting", total=total, completed=-1)

        def note(what: str) -> None:
            progress.update(task, description=what, advance=1)

        async with valkey(folder) as redis_url:
            runs = [
                await measure.crowd(folder, redis_url, count, seconds, note) for count in counts
            ]
            started = await measure.starts(folder, redis_url, starts, note)
    return Results(date, machine, changed_settings(), tuple(runs), started)


async def _until_signalled(work: Awaitable[T]) -> T:
    """Await ``work``; the first Ctrl+C or SIGTERM cancels it, so that all programs are ended."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def stop(number: int) -> None:
        loop.remove_signal_handler(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
            loop.add_signal_handler(number, stop, number)
    return await task


if __name__ == "__main__":
    app(prog_name="python -m bench")
