import io

from rich.console import Console

from producer.progress import Display, Status


def lines(*, terminal: bool = False) -> tuple[Display, io.StringIO]:
    out = io.StringIO()
    return Display(Console(file=out, force_terminal=terminal, width=100, highlight=False)), out


def test_what_is_going_on_in_words() -> None:
    status = Status()
    status.begins("a.wav", 48_000)
    assert status.words == "writing"
    status.listeners(0)
    assert status.words == "waiting for a listener"
    status.listeners(2)
    assert status.words == "about to play"
    status.waiting("Redis is not reachable")
    assert status.words == "waiting: Redis is not reachable"
    status.waiting(None)
    status.started()
    status.position(12_000)
    assert (status.words, status.times) == ("playing", "0.5 / 2.0 s")
    status.listeners(0)
    assert status.words == "waiting for a listener"


def test_the_position_never_goes_back() -> None:
    status = Status()
    status.begins("a.wav", None)
    status.position(24_000)
    status.position(12_000)
    assert status.times == "1.0 / ? s"


def test_without_a_terminal_a_line_per_change() -> None:
    display, out = lines()
    with display:
        display.begins("a.wav", 240_000)
        for _ in range(3):
            display.listeners(0)
        display.listeners(1)
        display.started()
        for samples in range(0, 240_001, 4_800):
            display.position(samples)
        display.written(240_000)
        display.complete(240_000, heard=True)
    assert out.getvalue().splitlines() == [
        "a.wav: waiting for a listener",
        "a.wav: about to play",
        "a.wav: playing",
        "a.wav: playing 5.0 s",
        "a.wav: playing 10.0 s",
        "a.wav: complete, 10.0 s played",
    ]


def test_on_a_terminal_a_bar_that_leaves_one_line() -> None:
    display, out = lines(terminal=True)
    with display:
        display.begins("a[b].wav", 48_000)
        display.listeners(1)
        display.position(24_000)
        display.complete(48_000, heard=False)
    assert "a[b].wav: 2.0 s written" in out.getvalue()
    assert "1.0 / 2.0 s" in out.getvalue()
