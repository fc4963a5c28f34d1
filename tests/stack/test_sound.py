"""Speech through the stack to browsers on the host, measured as it is without Docker."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from captures.check import check_timestamp, first_failure, reference_resample
from captures.compare import compare
from captures.files import list_timestamps, newest
from producer.source import open_source
from tests.stack.hearing import CALM_S, hears_replay, with_calm
from tests.stack.stack import Stack
from tests.system.browser import Listener
from tests.system.firefox import FirefoxListener, firefox
from tests.system.fixtures import Clip
from tests.system.hearing import assert_exact
from tests.system.programs import SAMPLE

pytestmark = [pytest.mark.docker, pytest.mark.browser]


def test_any_file_of_the_host_is_heard_exactly_and_its_captures_say_so(
    browser: Browser,
    stack: Stack,
    clip: Clip,
    speech: NDArray[np.int16],
    tmp_path: Path,
    report: Callable[[str], None],
) -> None:
    source = speech[: 20 * 24_000]
    wav = with_calm(clip, 20).rename(tmp_path / 'it\'s a file: "1", for $me.wav')
    wav.chmod(0o400)
    heard = hears_replay(
        lambda path: Listener(browser, stack.url + path), stack, wav, source, report
    )
    report(f"20 s through the stack in Chromium: {heard}")
    assert_exact(heard)

    fetched = stack.make("captures")
    assert fetched.returncode == 0, fetched.stderr
    timestamp = newest(stack.captures)
    assert first_failure(check_timestamp(stack.captures, timestamp)) is None
    assert len(list(stack.captures.glob(f"tmp_*_{timestamp}.wav"))) == 4
    raw = stack.captures / f"tmp_01_rawaudio_24_{timestamp}"
    assert raw.read_bytes() == bytes(2 * int(CALM_S * 24_000)) + source.tobytes()


def test_firefox_hears_it_exactly(
    stack: Stack, clip: Clip, speech: NDArray[np.int16], report: Callable[[str], None]
) -> None:
    with firefox() as browser:
        heard = hears_replay(
            lambda path: FirefoxListener(browser, stack.url + path),
            stack,
            with_calm(clip, 8),
            speech[: 8 * 24_000],
            report,
        )
    report(f"8 s through the stack in Firefox: {heard}")
    assert_exact(heard)


def test_the_sample_is_spoken_to_whoever_comes_first_and_captures_are_kept(
    browser: Browser, stack: Stack
) -> None:
    sample = np.frombuffer(b"".join(open_source(str(SAMPLE)).blocks()), "<i2")
    listener = Listener(browser, stack.url)
    listener.wait_for("speaking")
    listener.wait_for("ready", timeout_s=40)
    listener.wait(0.5)
    found = compare(reference_resample(sample), listener.recording().audio[:, 0])
    listener.close()
    assert found.first_100ms_heard
    assert found.last_100ms_heard
    assert np.median(found.correlations) > 0.95

    assert stack.make("captures", ALL="1").returncode == 0
    *_, earlier, latest = list_timestamps(stack.captures)
    for timestamp in (earlier, latest):
        assert first_failure(check_timestamp(stack.captures, timestamp)) is None
    unknown = stack.make("captures", TS="1.000000")
    assert unknown.returncode != 0
    assert "nothing to convert under 1.000000" in unknown.stderr
