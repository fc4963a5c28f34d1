import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from bench.report import as_json, file_for, tables
from bench.results import Results
from tests.bench.figures import RESULTS, run_of

late_run = replace(run_of(1, 0.1), sender_late_p99_bound_ms=None)


def printed(results: Results) -> str:
    console = Console(file=StringIO(), width=80)
    for each in tables(results):
        console.print(each)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_every_figure_is_shown_in_80_columns_with_its_machine() -> None:
    text = printed(RESULTS)
    for expected in (
        "Some CPU",
        "OPUS_COMPLEXITY",
        "12.00 ± 1.00",
        "2.91 ± 0.09",
        "10.0 ms per second for the feed, 2.00 for each listener",
        "3.25",
        "-2.0",
        "100.0%",
        "<= 2",
        "first RTP packet",
        "130.0",
        "over 10 s one ms of jitter can pass for 100 ppm",
    ):
        assert expected in text
    assert "…" not in text


def test_a_sender_later_than_its_histogram_knows() -> None:
    assert "beyond" in printed(replace(RESULTS, runs=(late_run,)))


def test_what_was_not_measured_is_left_out() -> None:
    text = printed(replace(RESULTS, runs=(run_of(1, 0.1),), starts=()))
    assert "the line through" not in text
    assert "listener.ready" not in text


def test_a_file_or_a_folder() -> None:
    date = RESULTS.date
    assert file_for(Path("a/b.json"), date) == Path("a/b.json")
    assert file_for(Path("a"), date) == Path("a/2026-01-02T030405+0000.json")


def test_json_holds_everything() -> None:
    saved = json.loads(as_json(RESULTS))
    assert saved["machine"]["cpu"] == "Some CPU"
    assert saved["runs"][1]["listeners"] == 11
    assert saved["runs"][0]["clock"]["late_max_ms"] == 3.25
    assert saved["starts"][0] == {"answer_ms": 30.0, "rtp_ms": 120.0, "speech_ms": 4.0}
