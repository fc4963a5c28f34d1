"""A headless Firefox that listens to the page, and what it decoded.

It is driven over WebDriver BiDi, as Playwright's Firefox is not the one that people have. Its
settings are a new profile's, but for what a user's click would change and for what keeps it off
the network (most of which it does by itself when it is driven); nothing that ICE, the jitter
buffer or the decoder go by.

On a machine without a sound device it plays to a clock of its own, which loses time when it is
woken 10 ms late. Its jitter buffer then squeezes what no sender has delayed.
"""

import base64
import io
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.system.bidi import Bidi, BidiError
from tests.system.lan import Machine
from tests.system.listening import AnyListener, Recording
from tests.system.missing import missing

FIREFOX = Path("/usr/bin/firefox-esr")
TAP = "".join((Path(__file__).parent / name).read_text() for name in ("tap.js", "tap_firefox.js"))
START_S = 30.0
POLL_S = 0.05
STOP_S = 10.0
RATE_HZ = 48_000
PIECE = RATE_HZ // 100

PREFERENCES = {
    # no names are looked up: every page here has a literal address, or is on localhost
    "network.dns.disabled": True,
    "media.gmp-manager.updateEnabled": False,
    # a still meter: software drawing costs more than all the rest of the page
    "ui.prefersReducedMotion": 1,
}
AUTOPLAY = {"media.autoplay.default": 0}


@contextmanager
def firefox(*, autoplay: bool = True, machine: Machine | None = None) -> Iterator[Bidi]:
    """Start a Firefox with a new profile, here or on another machine."""
    if not FIREFOX.exists():
        missing(f"no {FIREFOX}: install it (Debian: apt install firefox-esr)")
    # its last processes may still write there
    with tempfile.TemporaryDirectory(
        prefix="playhead-firefox-", ignore_cleanup_errors=True
    ) as folder:
        profile = Path(folder)
        preferences = {**PREFERENCES, **(AUTOPLAY if autoplay else {})}
        lines = [f"user_pref({json.dumps(n)}, {json.dumps(v)});\n" for n, v in preferences.items()]
        (profile / "user.js").write_text("".join(lines))
        said = profile / "stderr"
        command = [str(FIREFOX), "--headless", "--profile", folder, "--remote-debugging-port=0"]
        with said.open("w") as stderr:
            process = subprocess.Popen(
                machine.command(*command) if machine else command,
                env={**os.environ, "HOME": folder, "MOZ_CRASHREPORTER_DISABLE": "1"},
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        try:
            new_socket = (lambda info: machine.socket(*info[:3])) if machine else None
            with Bidi(f"{_address(process, said)}/session", new_socket) as browser:
                browser.call("session.new", capabilities={})
                browser.call("session.subscribe", events=["log.entryAdded"])
                yield browser
                browser.call("browser.close")
            process.wait(STOP_S)
        finally:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    """Return where a Firefox that starts takes commands."""
    deadline = time.monotonic() + START_S
    while not (found := re.search(r"BiDi listening on (ws://\S+)\n", said.read_text())):
        assert process.poll() is None and time.monotonic() < deadline, said.read_text()
        time.sleep(POLL_S)
    return found[1]


class FirefoxListener(AnyListener):
    """The page in Firefox, listened to."""

    def __init__(self, browser: Bidi, url: str, before: str = "") -> None:
        self._browser = browser
        tab = browser.call("browsingContext.create", type="tab")
        self._context: str = tab["context"]
        browser.call(
            "script.addPreloadScript",
            functionDeclaration=f"() => {{ {TAP}\n{before} }}",
            contexts=[self._context],
        )
        self.goto(url)

    def goto(self, url: str) -> None:
        """Go to another page."""
        self._browser.call(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    @property
    def errors(self) -> list[str]:
        """What the browser has logged as an error of the page: uncaught ones are among it."""
        self._browser.call("session.status")  # what was told until now comes before the reply
        return [
            entry["text"]
            for entry in (each["params"] for each in self._browser.events)
            if entry["source"].get("context") == self._context
            and (entry["type"], entry["level"]) == ("javascript", "error")
        ]

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """Call a JavaScript function with a JSON value; return what it gives or resolves to."""
        called = self._browser.call(
            "script.callFunction",
            functionDeclaration=(
                f"async (text) => JSON.stringify((await ({function})(JSON.parse(text))) ?? null)"
            ),
            arguments=[{"type": "string", "value": json.dumps(argument)}],
            target={"context": self._context},
            awaitPromise=True,
        )
        if called["type"] == "exception":
            raise BidiError(called["exceptionDetails"]["text"])
        return json.loads(called["result"]["value"])

    def press(self, button: str) -> None:
        """Click on the button of this name, as a user does."""
        middle = self.evaluate(
            """(name) => {
              const buttons = Array.from(document.querySelectorAll("button"));
              const button = buttons.find((each) => each.innerText === name);
              const { x, y, width, height } = button.getBoundingClientRect();
              return { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
            }""",
            button,
        )
        click = [
            {"type": "pointerMove", **middle},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._browser.call(
            "input.performActions",
            context=self._context,
            actions=[{"type": "pointer", "id": "mouse", "actions": click}],
        )

    def recording(self) -> Recording:
        """Return everything decoded so far, and record no more."""
        raw = base64.b64decode(self.evaluate("() => tap.take()"))
        started_ms = self.evaluate("() => tap.started_ms")
        with av.open(io.BytesIO(raw), "r") as file:
            planes = np.hstack([frame.to_ndarray() for frame in file.decode(audio=0)])
        ends = np.arange(PIECE, planes.shape[1] + PIECE, PIECE)
        ends_ms = started_ms + ends / RATE_HZ * 1000
        return Recording(_stereo(planes), ends_ms, ends, len(planes))

    def close(self) -> None:
        """Close the page."""
        self._browser.call("browsingContext.close", context=self._context)


def _stereo(planes: NDArray[Any]) -> NDArray[np.int16]:
    """Interleave one or two channels, shape (channels, n), as s16."""
    samples = np.clip(np.round(planes * 32768), -32768, 32767).astype(np.int16)
    return np.broadcast_to(samples.T, (samples.shape[1], 2))
