"""A container restarts in the middle of a sentence: the page comes back, and nothing is lost."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from captures.check import reference_resample
from captures.compare import compare
from captures.files import RAW_AUDIO, capture_path, index_path, list_timestamps
from captures.index import CaptureIndex
from tests.stack.stack import Stack
from tests.system.browser import Listener
from tests.system.fixtures import Clip

pytestmark = [pytest.mark.docker, pytest.mark.browser]

REPEATED_SAMPLES = 24_000 // 5
"""At most so much is said again by a streamer that comes back: what the last commit missed."""


def said(directory: Path, feed: str) -> list[tuple[int, bytes]]:
    """Return, for each capture of ``feed``, the source sample it begins with, and its bytes."""
    found = []
    for timestamp in list_timestamps(directory):
        index = CaptureIndex.from_json(index_path(directory, timestamp).read_bytes())
        if index.feed == feed:
            speech = next(span for span in index.spans if span.kind == "speech")
            raw = capture_path(directory, RAW_AUDIO, timestamp).read_bytes()
            found.append((speech.offset, raw))
    return found


@pytest.mark.parametrize(("service", "captures"), [("valkey", 1), ("streamer", 2)])
def test_a_restart_in_mid_sentence_is_ridden_out(
    browser: Browser,
    stack: Stack,
    clip: Clip,
    speech: NDArray[np.int16],
    service: str,
    captures: int,
) -> None:
    source, feed = speech[: 10 * 24_000], f"restart-of-{service}"
    listener = Listener(browser, f"{stack.url}/?feed={feed}")
    listener.wait_for("ready")
    with stack.making("replay", WAV=str(clip(0, 10)), FEED=feed) as speaker:
        listener.wait_for("speaking")
        listener.wait(1.5)
        stack.restart(service)
        assert speaker.wait(timeout=40) == 0
    listener.wait_for("ready")
    listener.wait(0.5)
    heard = compare(reference_resample(source), listener.recording().audio[:, 0])
    listener.close()
    assert heard.first_100ms_heard
    assert heard.last_100ms_heard
    # not smooth: a container that starts takes both cores of a small machine for a moment
    assert np.median(heard.correlations) > 0.95

    # but nothing is missing, and next to nothing was said twice
    assert stack.make("captures", ALL="1").returncode == 0
    parts = said(stack.captures, feed)
    assert len(parts) == captures
    for (start, raw), (resumed, _) in pairwise(parts):
        assert 0 <= start + len(raw) // 2 - resumed <= REPEATED_SAMPLES
    whole = b""
    for start, raw in parts:
        whole = whole[: 2 * start] + raw
    assert whole == source.tobytes()
