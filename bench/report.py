"""Results as tables for a terminal, and as JSON for a file."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bench.results import CostLine, CrowdRun, Results, Start, cost_line

ENOUGH = 0.99
"""Less than this part of the packets received is pointed out: the machine was overloaded."""


def tables(results: Results) -> Iterator[RenderableType]:
    """Give what is to be printed, in order."""
    yield _machine_table(results)
    if results.runs:
        yield _heading("CPU time of the streamer, one feed, while speech plays")
        yield _cpu_table(results.runs)
        if (line := cost_line(results.runs)) is not None:
            yield _cost_text(line)
        yield _heading("Lateness of packets against an ideal 20 ms clock, as one listener sees it")
        yield _clock_table(results.runs)
        yield _drift_text(results.runs)
    if results.starts:
        yield _heading("The start of a listener, one at a time")
        yield _starts_table(results.starts)


def file_for(path: Path, date: str) -> Path:
    """Return ``path`` if it names a .json file, else ``<date>.json`` in the folder it names."""
    return path if path.suffix == ".json" else path / f"{date.replace(':', '')}.json"


def as_json(results: Results) -> str:
    """Return ``results`` as JSON; names and units are those of ``results.Results``."""
    return json.dumps(asdict(results), indent=1) + "\n"


def _machine_table(results: Results) -> Table:
    machine = results.machine
    table = Table(box=None, show_header=False, pad_edge=False)
    rows = {
        "date": results.date,
        "CPU": machine.cpu,
        "cores": str(machine.cores),
        "system": machine.os,
        "Python": machine.python,
        "load before": f"{machine.load:.2f}",
        **results.settings,
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def _cpu_table(runs: tuple[CrowdRun, ...]) -> Table:
    table = _table(
        "listeners",
        "seconds",
        "% of a core",
        "ms per listener-second",
        "packets received",
    )
    for run in runs:
        received = Text(f"{run.received_share:.1%}")
        if run.received_share < ENOUGH:
            received.stylize("bold red")
        table.add_row(
            str(run.listeners),
            f"{run.seconds:.1f}",
            f"{run.cpu_share:.1%}",
            # 10 ms are the resolution of a process's CPU time
            f"{run.cpu_ms_per_listener_s:.2f} ± {10 / run.seconds / run.listeners:.2f}",
            received,
        )
    return table


def _cost_text(line: CostLine) -> Text:
    return Text(
        f"the line through these: {line.feed_ms:.1f} ms per second for the feed,"
        f" {line.listener_ms:.2f} for each listener"
    )


def _clock_table(runs: tuple[CrowdRun, ...]) -> Table:
    table = _table(
        "listeners",
        "p50 ms",
        "p99",
        "max",
        "drift ppm",
        "sender p99",
        "stalls",
        "odd steps",
        "repeats",
        "lost",
    )
    for run in runs:
        clock = run.clock
        table.add_row(
            str(run.listeners),
            f"{clock.late_p50_ms:.2f}",
            f"{clock.late_p99_ms:.2f}",
            f"{clock.late_max_ms:.2f}",
            f"{clock.drift_ppm:+.1f}",
            _bound(run.sender_late_p99_bound_ms),
            str(run.sender_stalls),
            str(clock.odd_steps),
            str(clock.repeated_timestamps),
            str(clock.lost),
        )
    return table


def _bound(bound_ms: float | None) -> str:
    return "beyond" if bound_ms is None else f"<= {bound_ms:g}"


def _drift_text(runs: tuple[CrowdRun, ...]) -> Text:
    seconds = max(run.seconds for run in runs)
    return Text(
        f"over {seconds:.0f} s one ms of jitter can pass for {1000 / seconds:.0f} ppm of drift;"
        " longer runs (--seconds) tell better"
    )


def _starts_table(starts: tuple[Start, ...]) -> Table:
    table = _table("from", "to", "starts", "least ms", "median", "max")
    for column in table.columns[:2]:
        column.justify = "left"
    for begin, end, field in (
        ("offer", "answer", "answer_ms"),
        ("answer", "first RTP packet", "rtp_ms"),
        ("listener.ready", "first packet of speech", "speech_ms"),
    ):
        values_ms = [getattr(start, field) for start in starts]
        table.add_row(
            begin,
            end,
            str(len(starts)),
            *(f"{value:.1f}" for value in (min(values_ms), median(values_ms), max(values_ms))),
        )
    return table


def _heading(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
