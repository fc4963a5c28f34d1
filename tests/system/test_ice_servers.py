"""The page asks the STUN server that the answer names, and plays all the same."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from streamer.ice.addresses import lan_addresses
from tests.system.browser import Listener
from tests.system.missing import missing
from tests.system.programs import streamer

pytestmark = pytest.mark.browser

MAGIC_COOKIE = b"\x21\x12\xa4\x42"
"""Of every STUN message (RFC 8489 section 5)."""


class StunServer:
    """Takes requests and answers none."""

    def __init__(self, host: str) -> None:
        self.asked = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(30)
        self.url = f"stun:{host}:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def close(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _take(self) -> None:
        while data := self._socket.recv(2048):
            if data[4:8] == MAGIC_COOKIE:
                self.asked.set()


@pytest.fixture
def stun_server() -> Iterator[StunServer]:
    """A STUN server on this host's own address: Chromium asks none on loopback."""
    addresses = [each for each in lan_addresses() if ":" not in each]
    if not addresses:
        missing("no address but loopback: connect this host to a network")
    server = StunServer(addresses[0])
    yield server
    server.close()


def test_the_page_asks_the_ice_servers_of_the_answer(
    browser: Browser, redis_url: str, tmp_path: Path, stun_server: StunServer
) -> None:
    servers = (
        f'[{{"urls": "{stun_server.url}"}},'
        ' {"urls": "turn:127.0.0.1:9", "username": "u", "credential": "hush"}]'
    )
    with streamer(redis_url, tmp_path, ICE_SERVERS=servers) as running:
        listener = Listener(browser, running.url)
        listener.wait_for("ready")
        assert stun_server.asked.wait(5)
        configured = listener.evaluate("() => window.playhead.pc.getConfiguration().iceServers")
        assert [server["urls"] for server in configured] == [
            [stun_server.url],
            ["turn:127.0.0.1:9"],
        ]
        assert configured[1]["credential"] == "hush"
        assert listener.errors == []
        listener.close()
    assert "hush" not in (tmp_path / "logs" / "webrtcsvr.log").read_text()
