"""A headless Chromium that listens to the page, and what it decoded."""

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, Playwright

from tests.system.lan import Machine
from tests.system.listening import AnyListener, Recording

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
TAP = "".join((Path(__file__).parent / name).read_text() for name in ("tap.js", "tap_chromium.js"))


@contextmanager
def chromium(
    playwright: Playwright, *, autoplay: bool = True, machine: Machine | None = None
) -> Iterator[Browser]:
    """Start a Chromium with a new profile, here or on another machine."""
    flags = [*FLAGS, AUTOPLAY] if autoplay else list(FLAGS)
    with tempfile.TemporaryDirectory(prefix="playhead-chromium-") as folder:
        browser = playwright.chromium.launch(
            executable_path=machine.launcher(CHROMIUM, Path(folder)) if machine else CHROMIUM,
            headless=True,
            args=flags,
            ignore_default_args=["--mute-audio"],
        )
        try:
            yield browser
        finally:
            browser.close()


class Listener(AnyListener):
    """The page in Chromium, listened to."""

    def __init__(self, browser: Browser, url: str, before: str = "") -> None:
        # a still meter: software drawing costs more than all the rest of the page
        self.page: Page = browser.new_page(reduced_motion="reduce")
        self._errors: list[str] = []
        self.page.on("pageerror", lambda error: self._errors.append(str(error)))
        self.page.add_init_script(TAP + before)
        self.page.goto(url)

    @property
    def errors(self) -> list[str]:
        """What the page's scripts have thrown and nobody caught."""
        return self._errors

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """Call a JavaScript function with a JSON value; return what it gives or resolves to."""
        return self.page.evaluate(function, argument)

    def press(self, button: str) -> None:
        """Click on the button of this name, as a user does."""
        self.page.get_by_role("button", name=button).click()

    def recording(self) -> Recording:
        """Return everything decoded so far."""
        raw = base64.b64decode(self.evaluate("() => tap.take()"))
        times = np.array(self.evaluate("() => tap.times"), dtype=np.float64)
        channels = int(self.evaluate("() => tap.channels"))
        assert self.evaluate("() => tap.rate_hz") == 48_000
        audio = np.frombuffer(raw, "<i2").reshape(-1, 2)
        return Recording(audio, times[:, 0], np.cumsum(times[:, 1]).astype(np.int64), channels)

    def close(self) -> None:
        """Close the page."""
        self.page.close()
