"""The page in a real browser: autoplay or a click, Stop and Play, reconnecting, no microphone."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.system.browser import Listener, chromium
from tests.system.fixtures import Clip
from tests.system.programs import Streamer, producer, streamer

pytestmark = pytest.mark.browser

NO_MICROPHONE = """
window.asked = 0;
navigator.mediaDevices.getUserMedia = () => { window.asked += 1; return new Promise(() => {}); };
"""


def words(listener: Listener) -> str:
    """Return the connection's state as the page says it."""
    return listener.page.get_by_role("status").first.inner_text()


def metric(running: Streamer, name: str) -> float:
    """Return the value of a gauge."""
    return running.metrics()[name]


def test_speech_begins_without_a_click_where_the_browser_allows_it(
    browser: Browser, redis_url: str, tmp_path: Path, clip: Clip
) -> None:
    with (
        streamer(redis_url, tmp_path) as running,
        producer(redis_url, tmp_path, "--serve", str(clip(0, 2))),
    ):
        listener = Listener(browser, running.url, before=NO_MICROPHONE)
        listener.wait_for("speaking")
        assert words(listener).startswith("Speaking")
        listener.wait_for("ready")
        assert listener.page.evaluate("() => window.asked") == 0
        rows = listener.page.locator("table").inner_text()
        for name in ("Packets lost", "Jitter", "Jitter buffer", "Concealed samples", "Bitrate"):
            assert name in rows
        assert listener.page.locator("canvas").count() == 1
        assert listener.errors == []


def test_one_click_on_play_unblocks_a_browser_that_wants_it(
    playwright: Playwright, redis_url: str, tmp_path: Path, clip: Clip
) -> None:
    with (
        chromium(playwright, autoplay=False) as browser,
        streamer(redis_url, tmp_path) as running,
        producer(redis_url, tmp_path, "--serve", str(clip(0, 2))),
    ):
        listener = Listener(browser, running.url)
        listener.wait_for("blocked")
        assert metric(running, "playhead_listeners_ready") == 0
        assert listener.page.get_by_role("button", name="Play").count() == 1
        listener.page.get_by_role("button", name="Play").click()
        listener.wait_for("speaking")
        assert metric(running, "playhead_listeners_ready") == 1
        assert listener.errors == []


def test_stop_holds_the_speech_and_play_goes_on_where_it_was(
    browser: Browser, redis_url: str, tmp_path: Path, clip: Clip
) -> None:
    with (
        streamer(redis_url, tmp_path) as running,
        producer(redis_url, tmp_path, str(clip(0, 3))) as speaker,
    ):
        listener = Listener(browser, running.url)
        listener.wait_for("speaking")
        listener.page.wait_for_timeout(500)
        listener.page.get_by_role("button", name="Stop").click()
        listener.wait_for("paused")
        listener.page.wait_for_timeout(1500)
        assert metric(running, "playhead_listeners_ready") == 0
        assert speaker.poll() is None
        listener.page.get_by_role("button", name="Play").click()
        listener.wait_for("speaking")
        assert speaker.wait(timeout=15) == 0
        (index_path,) = running.captures.glob("tmp_00_index_*.json")
        spans = json.loads(index_path.read_text())["spans"]
    assert [(span["kind"], span.get("cause")) for span in spans] == [
        ("speech", None),
        ("silence", "paused"),
        ("speech", None),
    ]
    assert spans[2]["offset"] == spans[0]["samples"] // 2


def test_the_page_comes_back_by_itself_when_the_streamer_does(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    with streamer(redis_url, tmp_path) as running:
        listener = Listener(browser, running.url)
        listener.wait_for("ready")
        port = running.url.rsplit(":", 1)[1]
    listener.wait_for("reconnecting")
    assert "reconnecting" in words(listener)
    with streamer(redis_url, tmp_path, PORT=port):
        listener.wait_for("ready")
        listener.page.close()


def test_a_feed_that_cannot_exist_is_refused_in_words(
    browser: Browser, redis_url: str, tmp_path: Path
) -> None:
    with streamer(redis_url, tmp_path) as running:
        listener = Listener(browser, f"{running.url}/?feed=a%20b")
        listener.wait_for("failed")
        assert "1 to 64 characters" in words(listener)
        assert listener.page.get_by_role("button", name="Retry").count() == 1
        listener.page.close()


def test_a_closed_page_is_gone_at_once(browser: Browser, redis_url: str, tmp_path: Path) -> None:
    with streamer(redis_url, tmp_path) as running:
        listener = Listener(browser, running.url)
        listener.wait_for("ready")
        assert metric(running, "playhead_listeners_connected") == 1
        listener.page.goto("about:blank")
        listener.page.wait_for_timeout(1000)
        assert metric(running, "playhead_listeners_connected") == 0
