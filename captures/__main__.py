"""The command line: ``python -m captures [convert | check | export]``.

Exit codes: 0 when all checks pass, 1 when one fails, 2 when there was nothing to do it with.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from captures.check import check_timestamp
from captures.convert import convert as convert_stages
from captures.convert import sizes
from captures.errors import CaptureError, InvalidIndex, NoCaptures, UnknownTimestamp
from captures.export import write_tar
from captures.files import STAGES, Stage, checked_timestamp, index_path, list_timestamps
from captures.index import CaptureIndex
from captures.prompt import choose
from captures.report import check_lines, conversion_table, index_lines

DEFAULT_DIR = Path("captured")
LONG_S = 60.0
"""From here on a conversion takes long enough to show how far it is."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)

DirOption = Annotated[
    Path, typer.Option("--dir", envvar="CAPTURE_DIR", help="Where the captures are.")
]
TsOption = Annotated[str | None, typer.Option("--ts", metavar="TS", help="The playback of TS.")]
NewestOption = Annotated[bool, typer.Option("--newest", help="The newest playback; never asks.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every playback there is.")]


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Turn captures into WAVs, and check them. Without a command: convert."""
    if context.invoked_subcommand is None:
        # Parsed, not only called: its options also come from the environment
        command = typer.main.get_group(app).commands["convert"]
        with command.make_context("convert", [], parent=context) as inner:
            command.invoke(inner)


@app.command()
def convert(
    timestamp: TsOption = None,
    newest: NewestOption = False,
    every: AllOption = False,
    directory: DirOption = DEFAULT_DIR,
) -> None:
    """Write a WAV beside each raw capture, then check.

    In a terminal, without --ts, --newest or --all, it asks which playback and which stages.
    """
    out = _console()
    stages: tuple[Stage, ...] = STAGES
    with _errors_on_one_line():
        chosen = _chosen(directory, timestamp, newest=newest, every=every)
        if not (timestamp or newest or every) and _is_asked():
            answers = choose(list_timestamps(directory), input, _say)
            if answers is None:
                raise typer.Exit(0)
            chosen, stages = [answers[0]], answers[1]
        passed = _convert_and_check(directory, chosen, stages, out)
    raise typer.Exit(0 if passed else 1)


@app.command()
def check(
    timestamp: TsOption = None,
    newest: NewestOption = False,
    every: AllOption = False,
    directory: DirOption = DEFAULT_DIR,
) -> None:
    """Check the captures of the newest playback, or of another, and write nothing."""
    out = _console()
    with _errors_on_one_line():
        chosen = _chosen(directory, timestamp, newest=newest, every=every)
        passed = True
        for each in chosen:
            passed &= _check_one(directory, each, out)
    raise typer.Exit(0 if passed else 1)


@app.command()
def export(
    timestamp: TsOption = None,
    newest: NewestOption = False,
    every: AllOption = False,
    directory: DirOption = DEFAULT_DIR,
) -> None:
    """Convert and check, as convert does, then write raw files, WAVs and index as a tar.

    The tar goes to standard output, so what is said goes to standard error.
    """
    if sys.stdout.isatty():
        raise typer.BadParameter("a tar is nothing to read in a terminal; add: | tar -xf -")
    out = _console(stderr=True)
    with _errors_on_one_line():
        chosen = _chosen(directory, timestamp, newest=newest, every=every)
        passed = _convert_and_check(directory, chosen, STAGES, out)
        write_tar(directory, chosen, sys.stdout.buffer)
    raise typer.Exit(0 if passed else 1)


def _chosen(directory: Path, timestamp: str | None, *, newest: bool, every: bool) -> list[str]:
    """Return the timestamps the options mean: the newest if they say nothing."""
    if sum((timestamp is not None, newest, every)) > 1:
        raise typer.BadParameter("--ts, --newest and --all exclude each other; give one")
    timestamps = list_timestamps(directory)
    if not timestamps:
        raise NoCaptures(directory)
    if timestamp is None:
        return timestamps if every else timestamps[-1:]
    if checked_timestamp(timestamp) not in timestamps:
        raise UnknownTimestamp(directory, timestamp)
    return [timestamp]


def _is_asked() -> bool:
    """Return whether somebody is there to answer."""
    return sys.stdin.isatty()


def _convert_and_check(
    directory: Path, chosen: Iterable[str], stages: Iterable[Stage], out: Console
) -> bool:
    """Return whether all checks of all of ``chosen`` passed."""
    passed = True
    for each in chosen:
        _convert_one(directory, each, stages, out)
        passed &= _check_one(directory, each, out)
    return passed


def _convert_one(directory: Path, timestamp: str, stages: Iterable[Stage], out: Console) -> None:
    there = sizes(directory, timestamp, stages)
    longest_s = max((stage.seconds(n_bytes) for stage, n_bytes in there.items()), default=0.0)
    errors = Console(stderr=True)
    shown = longest_s > LONG_S and errors.is_terminal
    with Progress(console=errors, transient=True, disable=not shown) as progress:
        task = progress.add_task("converting", total=sum(there.values()))
        conversions = convert_stages(
            directory, timestamp, stages, lambda n_bytes: progress.advance(task, n_bytes)
        )
    out.print(conversion_table(conversions))
    for conversion in conversions:
        if conversion.warning:
            _say(f"{conversion.path.name}: {conversion.warning}")


def _check_one(directory: Path, timestamp: str, out: Console) -> bool:
    """Print what the index names and how the checks went; return whether all passed."""
    results = check_timestamp(directory, timestamp)
    out.print(f"\n{timestamp}")
    try:
        index = CaptureIndex.from_json(index_path(directory, timestamp).read_bytes())
    except (FileNotFoundError, InvalidIndex):
        pass  # the checks say so below
    else:
        for line in index_lines(index):
            out.print(line)
    for text in check_lines(results):
        out.print(text)
    return all(result.ok for result in results)


def _console(*, stderr: bool = False) -> Console:
    # IDs come from whoever wrote the feed: never markup. Lines may be long: never folded
    return Console(markup=False, highlight=False, soft_wrap=True, stderr=stderr)


def _say(line: str) -> None:
    sys.stderr.write(f"captures: {line}\n")


@contextmanager
def _errors_on_one_line() -> Iterator[None]:
    """Show an error a user can do something about as one line, and exit with 2."""
    try:
        yield
    except CaptureError as error:
        _say(str(error))
        raise typer.Exit(2) from None
    except OSError as error:  # the boundary to the file system
        _say(f"{error.filename or 'file'}: {error.strerror or error}")
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app(prog_name="python -m captures")
