"""A headless Chromium that listens to the page, and what it decoded."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
TAP = (Path(__file__).parent / "tap.js").read_text()


@contextmanager
def chromium(playwright: Playwright, *, autoplay: bool = True) -> Iterator[Browser]:
    """Start a Chromium with a new profile."""
    flags = [*FLAGS, AUTOPLAY] if autoplay else list(FLAGS)
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, headless=True, args=flags, ignore_default_args=["--mute-audio"]
    )
    try:
        yield browser
    finally:
        browser.close()


@dataclass(frozen=True)
class Recording:
    """What a page decoded: shape (n, 2) at 48 kHz, and when each piece of it was there."""

    audio: NDArray[np.int16]
    ends_ms: NDArray[np.float64]
    ends: NDArray[np.int64]
    channels: int

    def when_ms(self, sample: int) -> float:
        """Return when ``sample`` had been decoded, on the page's clock."""
        return float(self.ends_ms[np.searchsorted(self.ends, sample, side="right")])


class Listener:
    """The page, listened to."""

    def __init__(self, browser: Browser, url: str, before: str = "") -> None:
        # a still meter: software drawing costs more than all the rest of the page
        self.page: Page = browser.new_page(reduced_motion="reduce")
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.add_init_script(TAP + before)
        self.page.goto(url)

    @property
    def state(self) -> str:
        """What the page says of its connection."""
        return str(self.page.evaluate("() => document.body.dataset.state"))

    def wait_for(self, *states: str, timeout_s: float = 20.0) -> None:
        """Wait until the page is in one of ``states``."""
        self.page.wait_for_function(
            "(states) => states.includes(document.body.dataset.state)",
            arg=list(states),
            timeout=timeout_s * 1000,
            polling=50,
        )

    def now_ms(self) -> float:
        """Return the page's clock."""
        return float(self.page.evaluate("() => performance.now()"))

    def inbound(self) -> dict[str, Any]:
        """Return the receiver's statistics."""
        stats: dict[str, Any] = self.page.evaluate("() => tap.inbound()")
        return stats

    def recording(self) -> Recording:
        """Return everything decoded so far."""
        raw = base64.b64decode(self.page.evaluate("() => tap.take()"))
        times = np.array(self.page.evaluate("() => tap.times"), dtype=np.float64)
        channels = int(self.page.evaluate("() => tap.channels"))
        assert self.page.evaluate("() => tap.rate_hz") == 48_000
        audio = np.frombuffer(raw, "<i2").reshape(-1, 2)
        return Recording(audio, times[:, 0], np.cumsum(times[:, 1]).astype(np.int64), channels)
