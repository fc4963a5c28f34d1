"""What the tests with real programs share: a browser if there is one, clips of the sample."""

import os
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Playwright, sync_playwright

from feed.audio import FEED_RATE_HZ
from producer.source import open_source
from tests.system.browser import CHROMIUM, chromium
from tests.system.programs import SAMPLE


class Clip(Protocol):
    """Makes a WAV of a part of the sample."""

    def __call__(self, start_s: float, length_s: float, silence_s: float = 0.0) -> Path:
        """Return its path."""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright for a module. Its loop occupies the thread: no ``asyncio.run`` beside it."""
    if not CHROMIUM.exists():
        missing = f"no {CHROMIUM}: install it (Debian: apt install chromium)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium that plays without a click."""
    with chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def speech() -> NDArray[np.int16]:
    """The sample, 24 kHz mono, from its first loud sample to its last."""
    pcm = b"".join(open_source(str(SAMPLE)).blocks())
    samples = np.frombuffer(pcm, "<i2")
    loud = np.flatnonzero(np.abs(samples) > 300)
    return samples[loud[0] : loud[-1] + 1]


@pytest.fixture
def clip(speech: NDArray[np.int16], tmp_path: Path) -> Clip:
    """Write so many seconds of speech, from a second on, as a WAV; return its path.

    Silence may come before.
    """

    def make(start_s: float, length_s: float, silence_s: float = 0.0) -> Path:
        start = int(start_s * FEED_RATE_HZ)
        path = tmp_path / f"clip-{start_s}-{length_s}.wav"
        with wave.open(str(path), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(FEED_RATE_HZ)
            wav.writeframes(bytes(2 * int(silence_s * FEED_RATE_HZ)))
            wav.writeframes(speech[start : start + int(length_s * FEED_RATE_HZ)].tobytes())
        return path

    return make
