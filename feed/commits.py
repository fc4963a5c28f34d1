"""What the player of a feed writes back: events, playhead and trimming, in one step.

While Redis is out, effects wait here: every event (bounded), and of the playhead and the
trim point only the newest, since a newer one makes an older one worthless.
"""

import time
from collections import deque
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from feed.events import MAX_EVENTS, Event, event_fields
from feed.ids import START, EntryId, begin_ms
from feed.keys import FEEDS_KEY, FeedKeys
from feed.playhead import Playhead

MAX_WAITING_EVENTS = 10_000
"""Events kept while Redis is out; the oldest beyond that are dropped and counted."""

log = structlog.get_logger()


class Committer:
    """Writes the effects of one feed's playback, events once each.

    Events have explicit IDs, so a commit whose reply was lost can be sent again: what is
    already there is refused by Redis and counted as written.
    """

    def __init__(self, redis: Redis, keys: FeedKeys, feed_ttl_s: int) -> None:
        self._redis = redis
        self._keys = keys
        self._feed_ttl_s = feed_ttl_s
        self._next_id: EntryId | None = None
        self._events: deque[tuple[EntryId | None, Event]] = deque()
        self._playhead: Playhead | None = None
        self._trim_before: EntryId | None = None
        self.events_dropped = 0

    @property
    def waiting(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self._events) or self._playhead is not None

    def add_event(self, event: Event) -> None:
        """Queue an event."""
        if len(self._events) == MAX_WAITING_EVENTS:
            _, dropped = self._events.popleft()
            self.events_dropped += 1
            log.warning(
                "event.dropped", feed=self._keys.name, of=dropped.TYPE, count=self.events_dropped
            )
        self._events.append((None, event))

    def set_playhead(self, playhead: Playhead, trim_before: EntryId | None) -> None:
        """Queue the newest playhead, and the oldest entry still worth keeping."""
        self._playhead = playhead
        self._trim_before = trim_before

    async def load(self) -> Playhead | None:
        """Return the saved playhead, or None if the feed has not been played.

        Raises:
            MalformedEntry: the hash does not hold a playhead.
            redis.exceptions.RedisError: Redis did not answer.
        """
        fields = await self._redis.hgetall(self._keys.playhead)
        return Playhead.parse(cast("dict[bytes, bytes]", fields))

    async def commit(self) -> None:
        """Write everything queued.

        Raises:
            redis.exceptions.RedisError: it stays queued; call again later.
        """
        if self._next_id is None:
            self._next_id = EntryId(begin_ms(_unix_ms(), await self._last_event_id()), 0)
        events = [(self._assign(i), event) for i, (_, event) in enumerate(self._events)]
        playhead, trim_before = self._playhead, self._trim_before
        pipe = self._redis.pipeline(transaction=True)
        for entry_id, event in events:
            pipe.xadd(
                self._keys.events,
                event_fields(event),  # type: ignore[arg-type]
                id=str(entry_id),
                maxlen=MAX_EVENTS,
                approximate=True,
            )
        if playhead is not None:
            pipe.hset(self._keys.playhead, mapping=playhead.fields())  # type: ignore[arg-type]
        if trim_before is not None:
            pipe.xtrim(self._keys.audio, minid=str(trim_before), approximate=False)
        for key in (self._keys.audio, self._keys.events, self._keys.playhead):
            pipe.expire(key, self._feed_ttl_s)
        replies = await pipe.execute(raise_on_error=False)
        self._check(replies, len(events))
        written = {entry_id for entry_id, _ in events}
        while self._events and self._events[0][0] in written:
            self._events.popleft()
        if self._playhead is playhead:
            self._playhead = self._trim_before = None
        await self._note_activity()

    async def _note_activity(self) -> None:
        """Keep ``feeds`` true: it is in no feed's cluster slot, so outside the transaction."""
        now_ms = _unix_ms()
        pipe = self._redis.pipeline(transaction=False)
        pipe.zadd(FEEDS_KEY, {self._keys.name: now_ms})
        pipe.zremrangebyscore(FEEDS_KEY, 0, now_ms - self._feed_ttl_s * 1000)
        await pipe.execute()

    def _assign(self, index: int) -> EntryId:
        """Give the queued event at ``index`` its ID, the same at every try."""
        entry_id, event = self._events[index]
        if entry_id is None:
            assert self._next_id is not None
            entry_id, self._next_id = self._next_id, self._next_id.next()
            self._events[index] = (entry_id, event)
        return entry_id

    async def _last_event_id(self) -> EntryId:
        try:
            info = await self._redis.xinfo_stream(self._keys.events)
        except ResponseError:  # no such key: no event has been written yet
            return START
        return EntryId.parse(info["last-generated-id"])

    def _check(self, replies: list[object], n_events: int) -> None:
        for i, reply in enumerate(replies):
            if not isinstance(reply, Exception):
                continue
            if i < n_events and "equal or smaller" in str(reply):
                log.info("commit.already_done", feed=self._keys.name)
                continue
            raise reply


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000
