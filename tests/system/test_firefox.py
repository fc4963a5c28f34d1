"""The page in Firefox, as Debian ships it: heard, stopped, reconnected."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.system.bidi import Bidi
from tests.system.firefox import FirefoxListener, firefox
from tests.system.fixtures import Clip
from tests.system.hearing import assert_exact, hears
from tests.system.programs import Streamer, producer, streamer

pytestmark = pytest.mark.browser

LENGTH_S = 10
SOON_S = 2.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Bidi]:
    """A Firefox that plays without a click."""
    with firefox() as browser:
        yield browser


@pytest.fixture
def running(redis_url: str, tmp_path: Path) -> Iterator[Streamer]:
    """A streamer."""
    with streamer(redis_url, tmp_path) as running:
        yield running


def test_speech_is_heard_smooth_and_exact(
    browser: Bidi,
    running: Streamer,
    clip: Clip,
    speech: NDArray[np.int16],
    report: Callable[[str], None],
) -> None:
    heard = hears(
        lambda: FirefoxListener(browser, running.url),
        running,
        clip(0, LENGTH_S),
        speech[: LENGTH_S * 24_000],
        report,
    )
    report(f"{LENGTH_S} s in Firefox: {heard}")
    assert_exact(heard)


def test_one_click_on_play_unblocks_a_firefox_that_wants_it(
    redis_url: str, running: Streamer, tmp_path: Path, clip: Clip
) -> None:
    with (
        firefox(autoplay=False) as browser,
        producer(redis_url, tmp_path, "--serve", str(clip(0, 2))),
    ):
        listener = FirefoxListener(browser, running.url)
        listener.wait_for("blocked")
        assert listener.words == "Click Play to listen"
        assert running.metrics()["playhead_listeners_ready"] == 0
        listener.press("Play")
        listener.wait_for("speaking")
        assert running.metrics()["playhead_listeners_ready"] == 1
        assert listener.errors == []


def test_stop_holds_the_speech_and_play_goes_on(
    browser: Bidi, redis_url: str, running: Streamer, tmp_path: Path, clip: Clip
) -> None:
    with producer(redis_url, tmp_path, str(clip(0, 3))) as speaker:
        listener = FirefoxListener(browser, running.url)
        listener.wait_for("speaking")
        assert listener.words == "Speaking"
        listener.wait(0.5)
        listener.press("Stop")
        listener.wait_for("paused")
        assert listener.words == "Paused"
        listener.wait(1.5)
        assert running.metrics()["playhead_listeners_ready"] == 0
        assert speaker.poll() is None
        listener.press("Play")
        listener.wait_for("speaking")
        assert speaker.wait(timeout=15) == 0
        listener.wait_for("ready")
        assert listener.words.startswith("Listening")
        assert listener.errors == []
        listener.close()


def test_the_page_shows_what_firefox_measures(browser: Bidi, running: Streamer) -> None:
    listener = FirefoxListener(browser, running.url)
    listener.wait_for("ready")
    listener.wait(2.5)
    table = listener.evaluate("() => document.querySelector('table').innerText")
    shown = dict(line.split("\t") for line in table.splitlines())
    assert len(shown) == 7
    assert "\N{EN DASH}" not in shown.values()  # which stands for what is not known
    assert 60 <= float(shown["Jitter buffer"].removesuffix(" ms")) <= 200
    listener.close()


def test_the_page_comes_back_by_itself_when_the_streamer_does(
    browser: Bidi, redis_url: str, tmp_path: Path
) -> None:
    with streamer(redis_url, tmp_path) as running:
        listener = FirefoxListener(browser, running.url)
        listener.wait_for("ready")
        port = running.url.rsplit(":", 1)[1]
    listener.wait_for("reconnecting", timeout_s=SOON_S)
    assert "reconnecting" in listener.words
    with streamer(redis_url, tmp_path, PORT=port):
        listener.wait_for("ready")
        listener.close()


def test_a_closed_page_is_gone_at_once(browser: Bidi, running: Streamer) -> None:
    listener = FirefoxListener(browser, running.url)
    listener.wait_for("ready")
    assert running.metrics()["playhead_listeners_connected"] == 1
    listener.goto("about:blank")
    deadline = time.monotonic() + SOON_S
    while running.metrics()["playhead_listeners_connected"] > 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    listener.close()
