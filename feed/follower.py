"""Follows the events of a feed, from an explicit ID on, through any loss of Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import structlog
from redis.asyncio import Redis

from feed import lookup
from feed.connection import UNREACHABLE, Backoff
from feed.errors import MalformedEntry, UnknownEntry
from feed.events import Event, parse_event
from feed.ids import EntryId
from feed.keys import FeedKeys

BLOCK_MS = 1000
COUNT = 100

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

    async def __aiter__(self) -> AsyncIterator[tuple[EntryId, Event]]:
        backoff, is_out = Backoff(), False
        while True:
            try:
                if is_out:
                    # A stream that lost its end counts from there again: waiting for IDs
                    # after one that is gone could wait for ever.
                    last = await lookup.last_id(self._redis, self._keys.events)
                    self.after = min(self.after, last)
                page = await self._read()
            except UNREACHABLE as error:  # the boundary to Redis
                log.warning("events.retry", feed=self._keys.name, error=str(error))
                is_out = self._tell(is_out=True, was_out=is_out)
                await asyncio.sleep(backoff.next())
                continue
            is_out = self._tell(is_out=False, was_out=is_out)
            backoff.reset()
            for raw_id, fields in page:
                self.after = EntryId.parse(raw_id)
                try:
                    event = parse_event(fields)
                except (MalformedEntry, UnknownEntry) as error:  # the boundary to other releases
                    log.info("events.skipped", feed=self._keys.name, error=str(error))
                else:
                    yield self.after, event

    async def _read(self) -> lookup.Entries:
        reply = await self._redis.xread(
            {self._keys.events: str(self.after)}, count=COUNT, block=BLOCK_MS
        )
        return cast(list[tuple[bytes, lookup.Entries]], reply)[0][1] if reply else []

    def _tell(self, *, is_out: bool, was_out: bool) -> bool:
        if is_out != was_out and self._on_wait is not None:
            self._on_wait("Redis is not reachable" if is_out else None)
        return is_out
