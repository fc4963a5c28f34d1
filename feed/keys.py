"""Names of the keys of a feed, and which names a feed may have."""

import re
from dataclasses import dataclass

from feed.errors import InvalidFeedName

FEEDS_KEY = "feeds"
"""Sorted set: feed name -> last activity, in ms of Unix time."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def checked_feed_name(name: str) -> str:
    """Return ``name`` if a feed may be called so.

    Raises:
        InvalidFeedName: if it is not 1-64 of ``[A-Za-z0-9._-]``.
    """
    if not _NAME.fullmatch(name):
        raise InvalidFeedName(name)
    return name


@dataclass(frozen=True)
class FeedKeys:
    """The keys of one feed. The hash tag keeps them in one cluster slot."""

    name: str

    def __post_init__(self) -> None:
        checked_feed_name(self.name)

    @property
    def audio(self) -> str:
        """Stream: the speech, in order."""
        return f"feed:{{{self.name}}}:audio"

    @property
    def events(self) -> str:
        """Stream: what happened to the speech."""
        return f"feed:{{{self.name}}}:events"

    @property
    def playhead(self) -> str:
        """Hash: the exact point playback has reached."""
        return f"feed:{{{self.name}}}:playhead"

    @property
    def writer(self) -> str:
        """String with expiry: the token of the producer that may write."""
        return f"feed:{{{self.name}}}:writer"
