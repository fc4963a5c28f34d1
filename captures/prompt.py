"""The two questions asked in a terminal: which playback, and which of its stages."""

from collections.abc import Callable
from typing import Final

from captures.files import STAGES, Stage

QUIT: Final = "q"

Ask = Callable[[str], str]
"""Shows a question, returns the line typed; raises EOFError when there will be none."""
Say = Callable[[str], None]


def choose(timestamps: list[str], ask: Ask, say: Say) -> tuple[str, tuple[Stage, ...]] | None:
    """Ask until both answers make sense.

    Args:
        timestamps: those there are, oldest first, at least one.
        ask: asks the user for a line.
        say: tells the user what was wrong with it.

    Returns:
        The timestamp and its stages to convert; None if the user quits, or is gone.
    """
    try:
        timestamp = _timestamp(timestamps, ask, say)
        stages = None if timestamp is None else _stages(ask, say)
    except EOFError:
        return None
    return None if timestamp is None or stages is None else (timestamp, stages)


def _timestamp(timestamps: list[str], ask: Ask, say: Say) -> str | None:
    while True:
        answer = ask(f"timestamp [newest: {timestamps[-1]}]: ").strip()
        if answer == QUIT:
            return None
        if not answer:
            return timestamps[-1]
        if answer in timestamps:
            return answer
        latest = ", ".join(timestamps[-5:])
        say(f"no capture {answer[:40]!r}: enter one of {latest}, or {QUIT} to quit")


def _stages(ask: Ask, say: Say) -> tuple[Stage, ...] | None:
    rates = sorted({stage.rate_hz for stage in STAGES})
    choices = "/".join(str(rate) for rate in rates)
    while True:
        answer = ask(f"sample rate [{choices} as recorded]: ").strip()
        if answer == QUIT:
            return None
        if not answer:
            return STAGES
        chosen = tuple(stage for stage in STAGES if str(stage.rate_hz) == answer)
        if chosen:
            return chosen
        say(f"nothing is recorded at {answer[:40]!r}: enter {choices}, nothing, or {QUIT} to quit")
