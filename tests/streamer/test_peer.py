from typing import Any

import pytest

from feed.events import Listeners
from streamer.offers import Offer, checked_sdp
from streamer.peer import MAX_CHANNEL_BACKLOG, Peer
from tests.streamer.sdp import CHROMIUM

OFFER = Offer(checked_sdp(CHROMIUM), "default")


class Channel:
    """As much of a data channel as ``tell`` looks at."""

    def __init__(self, ready_state: str, backlog: int) -> None:
        self.readyState = ready_state
        self.bufferedAmount = backlog
        self.sent: list[str] = []

    def send(self, text: str) -> None:
        self.sent.append(text)


@pytest.mark.parametrize(
    ("channel", "sends"),
    [
        (Channel("open", 0), 1),
        (Channel("open", MAX_CHANNEL_BACKLOG), 0),
        (Channel("connecting", 0), 0),
        (Channel("closed", 0), 0),
    ],
)
def test_only_a_channel_that_is_open_and_keeps_up_is_told(channel: Channel, sends: int) -> None:
    anything: Any = None
    listening: Any = channel
    peer = Peer("s", OFFER, anything, anything, anything, channel=listening)
    peer.tell(Listeners(1, 2))
    assert channel.sent == ['{"type": "feed.listeners", "ready": 1, "connected": 2}'] * sends


def test_without_a_channel_nothing_is_told() -> None:
    anything: Any = None
    Peer("s", OFFER, anything, anything, anything).tell(Listeners(1, 2))
