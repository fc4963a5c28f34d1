"""What a browser heard of a response, and whether the sender was to blame for what it repaired."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captures.check import reference_resample
from captures.compare import Comparison, compare
from tests.system.listening import AnyListener, Recording
from tests.system.programs import Streamer, producer

TRIES = 3
ON_TIME_S = 0.010
"""A sender is on time if 99 % of its frames leave at most this late."""
COUNTERS = (
    "packetsLost",
    "concealedSamples",
    "removedSamplesForAcceleration",
    "insertedSamplesForDeceleration",
)


@dataclass(frozen=True)
class Heard:
    """A response as one page heard it."""

    comparison: Comparison
    recording: Recording
    repairs: dict[str, int]
    """What the browser's jitter buffer counted while the response was being said."""

    @property
    def smooth(self) -> bool:
        """Whether nothing was lost, concealed, stretched or shifted."""
        return not any(self.repairs.values()) and not self.comparison.lag_jumps

    def __str__(self) -> str:
        found = self.comparison
        return (
            f"correlation >= {found.min_correlation:.3f}, level {found.level_db:+.3f} dB,"
            f" echo {found.echo_db:.1f} dB, drift {found.drift_ms:+.3f} ms, repairs {self.repairs}"
        )


def listen(
    listeners: Sequence[AnyListener], before: list[dict[str, Any]], source: NDArray[np.int16]
) -> list[Heard]:
    """Return what each page hears of the response that comes next.

    ``before`` are the statistics of each, read when it was ready and nothing had been said.
    """
    for listener in listeners:
        listener.wait_for("speaking")
    for listener in listeners:
        listener.wait_for("ready", timeout_s=60)
    # what has been sent is still in the jitter buffer
    listeners[0].wait(0.5)
    reference = reference_resample(source)
    heard = []
    for listener, earlier in zip(listeners, before, strict=True):
        later, recording = listener.inbound(), listener.recording()
        repairs = {name: later[name] - earlier[name] for name in COUNTERS}
        heard.append(Heard(compare(reference, recording.audio[:, 0]), recording, repairs))
    return heard


class Punctuality:
    """Whether the sender was on time since this was made: else it is to blame for repairs."""

    def __init__(self, running: Streamer) -> None:
        self._running = running
        self._before = running.lateness()

    @property
    def on_time(self) -> bool:
        """Whether 99 % of the frames since then left within the limit."""
        after = self._running.lateness()
        sent = after[float("inf")] - self._before[float("inf")]
        return after[ON_TIME_S] - self._before[ON_TIME_S] >= 0.99 * sent


def smooth(
    attempt: Callable[[], tuple[list[Heard], bool]], report: Callable[[str], None]
) -> list[Heard]:
    """Try up to three times while the sender is on time; report every try that was not smooth.

    A browser on a busy machine repairs what no sender did: its jitter buffer reacts to 10 ms
    of lateness, whoever caused it.
    """
    for number in range(1, TRIES + 1):
        heard, sender_on_time = attempt()
        if all(page.smooth for page in heard):
            return heard
        found = [(page.repairs, page.comparison.lag_jumps) for page in heard]
        report(f"try {number} was not smooth; sender on time: {sender_on_time}; {found}")
        assert sender_on_time, found
    return heard


def assert_exact(heard: Heard) -> None:
    """Require all of the response, as it was spoken, at its level, and nothing beside it."""
    found = heard.comparison
    assert heard.repairs == dict.fromkeys(COUNTERS, 0)
    assert found.lag_jumps == []
    assert found.inserted_ms == found.removed_ms == 0
    assert abs(found.drift_ms) < 1
    assert found.min_correlation > 0.95
    assert abs(found.level_db) < 0.1
    assert found.echo_db < -38
    assert found.first_100ms_heard
    assert found.last_100ms_heard


def hears(
    open_page: Callable[[], AnyListener],
    running: Streamer,
    wav: Path,
    source: NDArray[np.int16],
    report: Callable[[str], None],
) -> Heard:
    """Speak ``wav``, which holds ``source``, to a page of its own; return what that page heard.

    As often as it takes, see `smooth`.
    """

    def attempt() -> tuple[list[Heard], bool]:
        listener = open_page()
        listener.wait_for("ready")
        before, sender = [listener.inbound()], Punctuality(running)
        with producer(running.redis_url, running.folder, str(wav)) as speaker:
            heard = listen([listener], before, source)
            assert speaker.wait(timeout=10) == 0, speaker.stderr
        assert listener.errors == []
        listener.close()
        return heard, sender.on_time

    (heard,) = smooth(attempt, report)
    return heard
