"""How this project talks to Redis: no hidden retries, bounded waits, one back-off.

redis-py retries ten times by itself (8.1), so an ``XADD *`` whose reply was lost could
double silently. Here every retry is a loop of ours that knows what it repeats.
"""

import random

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,  # noqa: A004  # redis's own, which is not the built-in one
    MasterDownError,
    ReadOnlyError,
    TimeoutError,  # noqa: A004
)

UNREACHABLE = (
    ConnectionError,
    TimeoutError,
    BusyLoadingError,
    MasterDownError,
    ReadOnlyError,
    OSError,
)
"""What means "Redis is not there now, try again": gone, slow, loading, or failing over."""

CONNECT_TIMEOUT_S = 2.0
REPLY_TIMEOUT_S = 4.0
"""Longest wait for a reply. A blocking XREAD must ask for less than this."""


def connect(url: str) -> Redis:
    """Return a client for ``url``; nothing is sent before the first command.

    Raises:
        ValueError: if ``url`` is not a ``redis://``, ``rediss://`` or ``unix://`` URL.
    """
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=REPLY_TIMEOUT_S,
        decode_responses=False,
    )


class Backoff:
    """Waiting times between tries: doubling, capped, jittered so that peers spread out."""

    def __init__(
        self, first_s: float = 0.05, most_s: float = 1.0, rng: random.Random | None = None
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s
        self._rng = rng or random.Random()

    def next(self) -> float:
        """Return how many seconds to wait before the next try."""
        wait_s = self._next_s * self._rng.uniform(0.5, 1.0)
        self._next_s = min(self._next_s * 2, self._most_s)
        return wait_s

    def reset(self) -> None:
        """Start again from the shortest wait: the last try succeeded."""
        self._next_s = self._first_s
