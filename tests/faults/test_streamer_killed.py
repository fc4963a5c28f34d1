"""The streamer dies in the middle of a sentence; another takes its place."""

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import redis
from numpy.typing import NDArray
from playwright.sync_api import Browser

from captures.check import reference_resample
from captures.compare import compare
from feed.events import Started, Stopped, parse_event
from feed.keys import FeedKeys
from tests.system.browser import Listener
from tests.system.fixtures import Clip
from tests.system.programs import producer, streamer

pytestmark = pytest.mark.browser


def happened(redis_url: str) -> Iterator[str]:
    """Yield the types of the feed's events about the speech, in order."""
    with redis.Redis.from_url(redis_url) as client:
        for _, fields in client.xrange(FeedKeys("default").events):
            event = parse_event(fields)
            if isinstance(event, Started | Stopped):
                yield event.TYPE


def test_kill_in_mid_sentence_loses_nothing_and_events_stay_once_each(
    browser: Browser,
    redis_url: str,
    tmp_path: Path,
    clip: Clip,
    speech: NDArray[np.int16],
) -> None:
    source = speech[: 6 * 24_000]
    with producer(redis_url, tmp_path, str(clip(0, 6))) as speaker:
        with streamer(redis_url, tmp_path, dies=True) as first:
            listener = Listener(browser, first.url)
            listener.wait_for("speaking")
            listener.page.wait_for_timeout(2000)
            port = first.url.rsplit(":", 1)[1]
            first.process.send_signal(signal.SIGKILL)
            first.process.wait()
        listener.wait_for("reconnecting")
        with streamer(redis_url, tmp_path, PORT=port):
            listener.wait_for("speaking")
            assert speaker.wait(timeout=20) == 0
            listener.wait_for("ready")
            listener.page.wait_for_timeout(500)
            recording = listener.recording()
            listener.page.close()
    assert list(happened(redis_url)) == [Started.TYPE, Stopped.TYPE]
    found = compare(reference_resample(source), recording.audio[:, 0])
    # what was in the browser's jitter buffer when the connection was given up may be cut
    # and up to 200 ms said again: two or three windows of 100 ms at the seam
    assert np.count_nonzero(found.correlations < 0.9) <= 4
    assert found.first_100ms_heard
    assert found.last_100ms_heard
