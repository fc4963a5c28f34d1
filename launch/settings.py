"""Types of the settings that both programs have."""

from typing import Annotated

from pydantic import AfterValidator

from feed.errors import InvalidFeedName
from feed.keys import checked_feed_name


def _feed(name: str) -> str:
    try:
        return checked_feed_name(name)
    except InvalidFeedName:  # the boundary to pydantic, which wants a ValueError
        raise ValueError("must be 1 to 64 characters of A-Z a-z 0-9 . _ -") from None


def _redis_url(url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return url


FeedName = Annotated[str, AfterValidator(_feed)]
"""1-64 of ``[A-Za-z0-9._-]``."""
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
"""``redis://``, ``rediss://`` or ``unix://``."""
