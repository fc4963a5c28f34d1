"""Players that others have written, in a real browser, from another origin than ours."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Response

from captures.check import reference_resample
from captures.compare import compare
from tests.system import npm
from tests.system.browser import Listener
from tests.system.fixtures import Clip
from tests.system.npm import Package
from tests.system.origin import origin
from tests.system.programs import Streamer, producer, streamer

pytestmark = pytest.mark.browser

PLAYERS = Path(__file__).parent / "players"

WHIP_WHEP = Package(
    "whip-whep",
    "1.2.0",
    "CP+Tht3O/N6QLebW5LxsNKgzFN5KX6WinLr1SLs74feagYu+Gqy+0dw48p5RQuE+FlrM4xyOlOdW2UOQwljImA==",
)
EYEVINN = Package(
    "@eyevinn/webrtc-player",
    "0.13.0",
    "X5Nzznbyw9PXj85HYV7nyHSbeC0tWpTTAFEYjilnlLLWfo9EARx1tCQk5tdhmImnDST8VN50SYt6uMDudoVnWw==",
)
EVENTS = Package(
    "events",
    "3.3.0",
    "mQw+2fkQbALzQ7V0MY0IqdnXNOeTtP4r0lN9z7AAawCXgqea7bDii20AYrIBrFd/Hx0M2Ocz6S111CaFkUcb0Q==",
)


@pytest.fixture
def whip_whep(tmp_path: Path) -> Path:
    """A folder with a page that plays with whip-whep."""
    (tmp_path / "whep.js").write_bytes(npm.read(WHIP_WHEP, "whep.js", tmp_path))
    shutil.copy(PLAYERS / "whip-whep.html", tmp_path / "index.html")
    return tmp_path


@pytest.fixture
def eyevinn(tmp_path: Path) -> Path:
    """A folder with a page that plays with @eyevinn/webrtc-player."""
    (tmp_path / "main.js").write_bytes(npm.read(EYEVINN, "dist/main.js", tmp_path))
    (tmp_path / "events.js").write_bytes(npm.read(EVENTS, "events.js", tmp_path))
    shutil.copy(PLAYERS / "eyevinn.html", tmp_path / "index.html")
    return tmp_path


class Player(Listener):
    """A page with somebody's player, and how the streamer answered it."""

    def __init__(self, browser: Browser, running: Streamer, site: str, query: str = "") -> None:
        super().__init__(browser, "about:blank")
        self._running = running
        self.answered: list[tuple[str, int]] = []
        endpoint = f"{running.url}/whep/default"

        def note(reply: Response) -> None:
            if reply.url.startswith(endpoint):
                self.answered.append((reply.request.method, reply.status))

        self.page.on("response", note)
        self.page.goto(f"{site}/?url={endpoint}{query}")

    def answers(self, method: str) -> set[int]:
        """Wait for an answer to a method; return the statuses of all there have been."""
        for _ in range(200):
            found = {status for each, status in self.answered if each == method}
            if found:
                return found
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no {method}")

    def wait_for_metric(self, name: str, value: float) -> None:
        """Wait until a metric of the streamer has a value; the page goes on meanwhile."""
        for _ in range(200):
            if self._running.metrics()[name] == value:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{name} is {self._running.metrics()[name]}")

    def hears(self, wav: Path, source: NDArray[np.int16]) -> str:
        """Speak, and require that it is heard; return the figures."""
        self.wait_for_metric("playhead_listeners_ready", 1)
        running = self._running
        with producer(running.redis_url, running.folder, str(wav)) as speaker:
            assert speaker.wait(timeout=15) == 0
        self.page.wait_for_timeout(500)
        found = compare(reference_resample(source), self.recording().audio[:, 0])
        # That it is this speech: how smooth is told by our page (test_sound). The jitter buffer
        # of a player that has just connected may stretch all of two seconds on a busy machine.
        assert found.median_correlation > 0.8
        assert abs(found.level_db) < 3
        return f"correlation {found.median_correlation:.3f}, {found.intact:.0%} intact"

    def stop(self) -> None:
        """Stop as the player does, and require that the streamer has one listener less."""
        self.page.evaluate("() => window.stop()")
        self.wait_for_metric("playhead_listeners_connected", 0)


def test_whip_whep_plays_and_stops(
    browser: Browser,
    redis_url: str,
    whip_whep: Path,
    clip: Clip,
    speech: NDArray[np.int16],
    report: Callable[[str], None],
) -> None:
    with streamer(redis_url, whip_whep, WARMUP="2") as running, origin(whip_whep) as site:
        player = Player(browser, running, site)
        report(f"whip-whep in Chromium: {player.hears(clip(0, 2), speech[:48_000])}")
        assert player.answers("POST") == {201}
        # as it is published it names no ICE session, which the draft wants a 428 for (4.4.1)
        assert player.answers("PATCH") == {428}
        player.stop()
        # it closes the connection first, and sends DELETE then: either may be seen first
        assert player.answers("DELETE") <= {200, 404}


def test_whip_whep_trickles_if_it_knows_the_entity_tag(
    browser: Browser, redis_url: str, whip_whep: Path
) -> None:
    with streamer(redis_url, whip_whep, WARMUP="0") as running, origin(whip_whep) as site:
        player = Player(browser, running, site, "&tag")
        player.wait_for_metric("playhead_listeners_ready", 1)
        assert player.answers("PATCH") == {204}
        assert player.errors == []
        player.stop()


def test_eyevinn_s_player_plays_and_stops(
    browser: Browser,
    redis_url: str,
    eyevinn: Path,
    clip: Clip,
    speech: NDArray[np.int16],
    report: Callable[[str], None],
) -> None:
    with streamer(redis_url, eyevinn, WARMUP="2") as running, origin(eyevinn) as site:
        player = Player(browser, running, site)
        heard = player.hears(clip(0, 2), speech[:48_000])
        report(f"@eyevinn/webrtc-player in Chromium: {heard}")
        assert player.answers("POST") == {201}
        player.stop()
        assert player.answers("DELETE") == {200}
        assert player.errors == []


def test_a_site_that_is_not_allowed_hears_nothing(
    browser: Browser, redis_url: str, whip_whep: Path
) -> None:
    allowed = "https://a.example"
    with (
        streamer(redis_url, whip_whep, ALLOWED_ORIGINS=allowed) as running,
        origin(whip_whep) as site,
    ):
        player = Player(browser, running, site)
        player.page.wait_for_timeout(500)
        assert player.errors == ["Failed to fetch"]
        assert all(method == "OPTIONS" for method, _ in player.answered)
        assert running.metrics()["playhead_feeds"] == 0
