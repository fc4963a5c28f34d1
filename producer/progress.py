"""Shows how speaking goes on: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from feed.audio import FEED_RATE_HZ, seconds

LINE_EVERY_S = 5
"""A plain line so often while playing, in seconds of speech."""


class Status:
    """What is going on with one response, in words. Knows no terminal."""

    def __init__(self) -> None:
        self.name = ""
        self.total: int | None = None
        self.sent = 0
        self._reason: str | None = None
        self._ready: int | None = None
        self._has_started = False

    def begins(self, name: str, expected_samples: int | None) -> None:
        """Start over with another source; listeners stay, if they were told of."""
        self.name, self.total, self.sent = name, expected_samples, 0
        self._has_started = False

    def waiting(self, reason: str | None) -> None:
        """Take note of what the writer waits for."""
        self._reason = reason

    def listeners(self, ready: int) -> None:
        """Take note of how many hear."""
        self._ready = ready

    def written(self, samples: int) -> None:
        """Take note of the exact length."""
        self.total = samples

    def started(self) -> None:
        """Take note that it plays."""
        self._has_started = True

    def position(self, samples: int) -> None:
        """Take note of how much has been sent; it never goes back."""
        self.sent = max(self.sent, samples)
        self._has_started = self._has_started or samples > 0

    @property
    def words(self) -> str:
        """What is going on."""
        if self._reason is not None:
            return f"waiting: {self._reason}"
        if self._ready is None:
            return "writing"
        if self._ready == 0:
            return "waiting for a listener"
        return "playing" if self._has_started else "about to play"

    @property
    def times(self) -> str:
        """How far it is, as ``3.0 / 22.6 s``."""
        total = "?" if self.total is None else f"{seconds(self.total):.1f}"
        return f"{seconds(self.sent):.1f} / {total} s"


class Display:
    """A ``Reporter`` that shows everything on ``console``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status()
        self._is_plain = not console.is_terminal
        self._last_line = ""
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end_bar()

    def say(self, line: str) -> None:
        """Print a line."""
        self._console.print(Text(line), soft_wrap=True)

    def begins(self, name: str, expected_samples: int | None) -> None:
        """See ``Reporter``; so for the methods below."""
        self._end_bar()
        self._last_line = ""
        self._status.begins(name, expected_samples)
        if not self._is_plain:
            self._bar = Progress(
                TextColumn("{task.fields[name]}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[times]}", markup=False),
                TextColumn("{task.fields[words]}", markup=False),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task("", total=None, name=name, times="", words="")
            self._bar.start()

    def waiting(self, reason: str | None) -> None:  # noqa: D102
        self._change(lambda: self._status.waiting(reason))

    def listeners(self, ready: int) -> None:  # noqa: D102
        self._change(lambda: self._status.listeners(ready))

    def written(self, samples: int) -> None:  # noqa: D102
        self._change(lambda: self._status.written(samples))

    def started(self) -> None:  # noqa: D102
        self._change(self._status.started)

    def position(self, samples: int) -> None:  # noqa: D102
        self._change(lambda: self._status.position(samples))

    def complete(self, samples: int, *, heard: bool) -> None:  # noqa: D102
        self._end_bar()
        name, length = self._status.name, f"{seconds(samples):.1f} s"
        self.say(f"{name}: complete, {length} played" if heard else f"{name}: {length} written")

    def _change(self, change: Callable[[], None]) -> None:
        change()
        status = self._status
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                total=status.total,
                completed=status.sent,
                times=status.times,
                words=status.words,
            )
        elif self._is_plain and status.name:
            steps = status.sent // (LINE_EVERY_S * FEED_RATE_HZ)
            at = f" {seconds(status.sent):.1f} s" if steps else ""
            line = f"{status.words} {steps}"
            if line != self._last_line:
                self._last_line = line
                self.say(f"{status.name}: {status.words}{at}")

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = None
