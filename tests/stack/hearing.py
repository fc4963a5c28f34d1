"""What a browser hears of a file of the host that is replayed through the stack."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.stack.stack import Stack
from tests.system.fixtures import Clip
from tests.system.hearing import Heard, Punctuality, listen, smooth
from tests.system.listening import AnyListener

FEED = "replayed"
CALM_S = 5.0
"""Silence before the speech. A container that starts takes both cores of a small machine for a
moment, and the browser's jitter buffer some seconds to get over it: that is not what is measured.
"""


def with_calm(clip: Clip, length_s: float) -> Path:
    """Return a WAV of so much of the speech, with calm before it."""
    return clip(0, length_s, silence_s=CALM_S)


def hears_replay(
    open_page: Callable[[str], AnyListener],
    stack: Stack,
    wav: Path,
    source: NDArray[np.int16],
    report: Callable[[str], None],
) -> Heard:
    """Replay ``wav`` to a page of its own; return what that page heard of ``source``.

    As often as it takes, see ``tests.system.hearing.smooth``. ``open_page`` is given the path
    and the query of the page. ``wav`` is from ``with_calm``, and holds ``source`` after it.
    """

    def attempt() -> tuple[list[Heard], bool]:
        listener = open_page(f"/?feed={FEED}")
        listener.wait_for("ready")
        with stack.making("replay", WAV=str(wav), FEED=FEED) as speaker:
            listener.wait_for("speaking")
            listener.wait(CALM_S - 1)
            before, sender = [listener.inbound()], Punctuality(stack.streamer)
            heard = listen([listener], before, source)
            said, errors = speaker.communicate(timeout=20)
            assert speaker.returncode == 0, errors
        assert f"{wav.name}: complete" in said
        assert listener.errors == []
        listener.close()
        return heard, sender.on_time

    (heard,) = smooth(attempt, report)
    return heard
