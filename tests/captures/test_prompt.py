from collections.abc import Callable

import pytest

from captures.files import MONO_FRAME, RAW_AUDIO, SEND_FRAME, STAGES, STEREO_FRAME, Stage
from captures.prompt import choose

TIMESTAMPS = ["1.000000", "2.000000"]


def typing(*lines: str) -> tuple[list[str], Callable[[str], str]]:
    """An asker that is answered by ``lines``, then by the end of the input."""
    asked: list[str] = []
    answers = iter(lines)

    def ask(question: str) -> str:
        asked.append(question)
        for answer in answers:
            return answer
        raise EOFError

    return asked, ask


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        (["", ""], ("2.000000", STAGES)),
        (["1.000000", "24000"], ("1.000000", (RAW_AUDIO, MONO_FRAME))),
        ([" 2.000000 ", " 48000 "], ("2.000000", (STEREO_FRAME, SEND_FRAME))),
        (["q"], None),
        (["", "q"], None),
        ([], None),
        ([""], None),
    ],
)
def test_answers(lines: list[str], chosen: tuple[str, tuple[Stage, ...]] | None) -> None:
    said: list[str] = []
    assert choose(TIMESTAMPS, typing(*lines)[1], said.append) == chosen
    assert said == []


def test_it_asks_as_the_original_did() -> None:
    asked, ask = typing("", "")
    choose(TIMESTAMPS, ask, pytest.fail)
    assert asked == [
        "timestamp [newest: 2.000000]: ",
        "sample rate [24000/48000 as recorded]: ",
    ]


def test_an_answer_that_makes_no_sense_is_asked_for_again() -> None:
    said: list[str] = []
    _, ask = typing("3.000000", "1.000000", "44100", "24000")
    assert choose(TIMESTAMPS, ask, said.append) == ("1.000000", (RAW_AUDIO, MONO_FRAME))
    assert said == [
        "no capture '3.000000': enter one of 1.000000, 2.000000, or q to quit",
        "nothing is recorded at '44100': enter 24000/48000, nothing, or q to quit",
    ]
