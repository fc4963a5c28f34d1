"""Who listens to a feed, and who of them is ready to hear.

A listener is ready when its page says that it is audible and its jitter buffer has
settled; a player without data channel is taken to be ready some time after it connected.
"""

import json
from typing import Final, Literal

from feed.events import Listeners

MAX_MESSAGE_CHARS = 2_000
"""Longest message a page may send over the data channel."""

Message = Literal["listener.ready", "listener.paused"]
_MESSAGES: Final[tuple[Message, ...]] = ("listener.ready", "listener.paused")


def parse_message(text: object) -> Message | None:
    """Read what a page said; None if it is nothing this release knows."""
    if not isinstance(text, str) or len(text) > MAX_MESSAGE_CHARS:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # untrusted text
        return None
    kind = value.get("type") if isinstance(value, dict) else None
    return next((message for message in _MESSAGES if message == kind), None)


class Audience:
    """The listeners of one feed, by session; a change that others should hear of is an event."""

    def __init__(self) -> None:
        self._ready: dict[str, bool] = {}

    @property
    def connected(self) -> int:
        """How many listeners there are."""
        return len(self._ready)

    @property
    def ready(self) -> int:
        """How many of them can hear."""
        return sum(self._ready.values())

    def join(self, session: str) -> Listeners:
        """Note a listener that has connected; it is not ready yet."""
        self._ready[session] = False
        return self.event

    def set_ready(self, session: str, ready: bool) -> Listeners | None:
        """Note that a listener can hear, or no longer; None if that is nothing new."""
        if self._ready.get(session, ready) == ready:
            return None
        self._ready[session] = ready
        return self.event

    def leave(self, session: str) -> Listeners | None:
        """Forget a listener that has gone; None if it had not joined."""
        if self._ready.pop(session, None) is None:
            return None
        return self.event

    @property
    def event(self) -> Listeners:
        """How many there are and can hear, as an event."""
        return Listeners(ready=self.ready, connected=self.connected)
