"""Follows the events of a feed, from an explicit ID on, through any loss of Redis."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import cast

import structlog
from redis.asyncio import Redis

from feed import lookup
from feed.cancellation import heeding
from feed.connection import UNREACHABLE, Backoff
from feed.errors import MalformedEntry, UnknownEntry
from feed.events import Event, parse_event
from feed.ids import START, EntryId
from feed.keys import FeedKeys

BLOCK_MS = 1000
COUNT = 100
SEEN = 1000
"""IDs remembered, to find where a stream that lost its end and ours part."""

log = structlog.get_logger()


class EventFollower:
    """An endless async iterator over ``(id, event)``; entries it cannot read are skipped.

    Args:
        redis: from ``feed.connection.connect``.
        feed_name: 1-64 of ``[A-Za-z0-9._-]``.
        after: the first event given is the one after this ID.
        on_wait: told "Redis is not reachable" when it is, and None when it is back.
    """

    def __init__(
        self,
        redis: Redis,
        feed_name: str,
        after: EntryId,
        on_wait: Callable[[str | None], None] | None = None,
    ) -> None:
        self._redis = redis
        self._keys = FeedKeys(feed_name)
        self._on_wait = on_wait
        self.after = after
        """The last ID seen: following can go on from here."""
        self._seen = deque([after], maxlen=SEEN)

    async def __aiter__(self) -> AsyncGenerator[tuple[EntryId, Event], None]:
        backoff, is_out = Backoff(), False
        while True:
            try:
                if is_out:
                    await heeding(self._step_back())
                page = await heeding(self._read())
            except UNREACHABLE as error:  # the boundary to Redis
                log.warning("events.retry", feed=self._keys.name, error=str(error))
                is_out = self._tell(is_out=True, was_out=is_out)
                await asyncio.sleep(backoff.next())
                continue
            is_out = self._tell(is_out=False, was_out=is_out)
            backoff.reset()
            for raw_id, fields in page:
                self.after = EntryId.parse(raw_id)
                self._seen.append(self.after)
                try:
                    event = parse_event(fields)
                except (MalformedEntry, UnknownEntry) as error:  # the boundary to other releases
                    log.info("events.skipped", feed=self._keys.name, error=str(error))
                else:
                    yield self.after, event

    async def _step_back(self) -> None:
        """If the stream has lost its end, go on after the last ID seen that is still there.

        Waiting for IDs after one that is gone could wait for ever.
        """
        if await lookup.last_id(self._redis, self._keys.events) >= self.after:
            return
        first, last = str(self._seen[0]), str(self._seen[-1])
        there = cast(
            lookup.Entries, await self._redis.xrange(self._keys.events, min=first, max=last)
        )
        still = {EntryId.parse(raw_id) for raw_id, _ in there}
        self.after = max(still.intersection(self._seen), default=START)

    async def _read(self) -> lookup.Entries:
        reply = await self._redis.xread(
            {self._keys.events: str(self.after)}, count=COUNT, block=BLOCK_MS
        )
        return cast(list[tuple[bytes, lookup.Entries]], reply)[0][1] if reply else []

    def _tell(self, *, is_out: bool, was_out: bool) -> bool:
        if is_out != was_out and self._on_wait is not None:
            self._on_wait("Redis is not reachable" if is_out else None)
        return is_out
