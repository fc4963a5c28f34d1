"""Speech through everything, to a real browser: what it decoded is compared with the source."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from captures.check import check_timestamp, first_failure
from captures.files import newest
from tests.system.browser import Listener
from tests.system.fixtures import Clip
from tests.system.hearing import TRIES, Heard, Punctuality, assert_exact, listen, smooth
from tests.system.programs import producer, streamer

pytestmark = pytest.mark.browser


def test_twenty_seconds_of_speech_are_heard_smooth_and_exact(
    browser: Browser,
    redis_url: str,
    tmp_path: Path,
    clip: Clip,
    speech: NDArray[np.int16],
    report: Callable[[str], None],
) -> None:
    source = speech[: 20 * 24_000]
    wav = clip(0, 20)
    folders = iter(tmp_path / f"try-{n}" for n in range(TRIES))
    captured: list[Path] = []

    def attempt() -> tuple[list[Heard], bool]:
        folder = next(folders)
        with streamer(redis_url, folder) as running:
            listener = Listener(browser, running.url)
            listener.wait_for("ready")
            before, sender = [listener.inbound()], Punctuality(running)
            with producer(redis_url, folder, str(wav)) as speaker:
                heard = listen([listener], before, source)
                assert speaker.wait(timeout=10) == 0, speaker.stderr
            punctual = sender.on_time
            listener.page.close()
            captured.append(running.captures)
            return heard, punctual

    (heard,) = smooth(attempt, report)
    report(f"20 s in Chromium: {heard}")
    assert_exact(heard)
    assert heard.recording.channels == 2
    assert np.array_equal(heard.recording.audio[:, 0], heard.recording.audio[:, 1])

    # and the captures of the same playback say so, stage by stage
    timestamp = newest(captured[-1])
    results = check_timestamp(captured[-1], timestamp)
    assert first_failure(results) is None, results
    index = json.loads((captured[-1] / f"tmp_00_index_{timestamp}.json").read_text())
    assert [span["kind"] for span in index["spans"]] == ["speech"]
    stage1 = (captured[-1] / f"tmp_01_rawaudio_24_{timestamp}").read_bytes()
    assert stage1 == source.tobytes()


def test_three_browsers_on_one_feed_hear_the_same(
    browser: Browser,
    redis_url: str,
    tmp_path: Path,
    clip: Clip,
    speech: NDArray[np.int16],
    report: Callable[[str], None],
) -> None:
    source = speech[: 5 * 24_000]
    wav = clip(0, 5)
    with streamer(redis_url, tmp_path) as running:
        listeners = [Listener(browser, running.url) for _ in range(3)]
        for listener in listeners:
            listener.wait_for("ready")

        def attempt() -> tuple[list[Heard], bool]:
            # Pages that load make packets late, and a jitter buffer that has grown from it
            # shrinks for many seconds: now that all have loaded, they connect anew.
            for listener in listeners:
                listener.page.wait_for_timeout(1000)
                listener.page.evaluate("() => window.playhead.retry()")
                listener.wait_for("connecting", "warming")
                listener.wait_for("ready")
                listener.page.evaluate("() => { tap.chunks = []; tap.times = []; }")
            before, sender = [listener.inbound() for listener in listeners], Punctuality(running)
            with producer(redis_url, tmp_path, str(wav), "--no-wait"):
                return listen(listeners, before, source), sender.on_time

        heard = smooth(attempt, report)
    pieces = []
    for page in heard:
        assert page.comparison.min_correlation > 0.95
        lag = round(float(np.median(page.comparison.lag_ms)) * 48)
        pieces.append(page.recording.audio[lag : lag + 2 * len(source), 0].astype(float))
    for other in pieces[1:]:
        # the same packets, decoded from the same state but for the silence before
        difference = np.sqrt(np.mean((pieces[0] - other) ** 2) / np.mean(pieces[0] ** 2))
        assert difference < 0.01
