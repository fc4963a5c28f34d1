from pathlib import Path

from rich.console import Console

from captures.check import CheckResult, check_captures
from captures.convert import Conversion
from captures.files import SEND_FRAME
from captures.report import check_lines, conversion_table, index_lines
from tests.captures.recording import played


def test_the_table_has_a_row_for_each_wav() -> None:
    console = Console(width=100, record=True, quiet=False, file=None)
    with console.capture() as capture:
        console.print(conversion_table([Conversion(SEND_FRAME, Path("d/a[b].wav"), 96_000)]))
    heading, row = capture.get().splitlines()
    assert heading.split() == ["file", "bytes", "seconds", "rate", "channels"]
    assert row.split() == ["a[b].wav", "96000", "0.500", "48000", "2"]


def test_what_the_index_names_is_summed_up() -> None:
    lines = [" ".join(line.split()) for line in index_lines(played().index(truncated=True))]
    assert lines == [
        "feed default: 0.150 s recorded, responses: 2",
        "silence idle 0.040 s in 1",
        "speech 0.110 s in 3",
        "fade out 0.010 s in 2",
        "silence underrun 0.013 s in 1",
        "fade in 0.005 s in 1",
        "silence buffering 0.020 s in 1",
        "cut 0.025 s in 1",
        "silence padding 0.015 s in 1",
        "recording stopped before the playback ended: what is there is checked",
    ]


def test_checks_are_a_line_each() -> None:
    recording = played()
    lines = check_lines(check_captures(recording.index(), recording.raw()))
    assert len(lines) == 5
    assert all(line.plain.startswith("ok    s") for line in lines)


def test_the_first_difference_comes_last() -> None:
    lines = check_lines(
        [
            CheckResult("sizes", False, "short", 4),
            CheckResult("one", False, "[red] here", 3, 17),
        ]
    )
    assert lines[1].plain == "FAIL  one    [red] here"
    assert lines[-1].plain == "stage 3 is the first that differs: [red] here"
