"""A producer's turn at a feed: taken, kept while it writes, and given back."""

import asyncio
import secrets
from collections.abc import Iterable

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from feed import lookup
from feed.audio import FEED_RATE_HZ, seconds
from feed.backlog import Backlog
from feed.cancellation import heeding
from feed.connection import UNREACHABLE
from feed.delivery import Delivery
from feed.entries import AudioDelta, AudioEntry
from feed.errors import FeedConflict, FeedTaken
from feed.ids import EntryId
from feed.keys import FeedKeys
from feed.lease import Verdict, WriterLease
from feed.patience import Patience
from feed.playhead import Playhead

POLL_S = 0.25
"""How often a waiting producer looks again."""

log = structlog.get_logger()


class Turn:
    """Holds the ``writer`` key from ``take`` to ``give_back``, and writes under it.

    Args:
        redis: from ``feed.connection.connect``.
        keys: of the feed.
        patience: told what is waited for.
        max_backlog_s: more unplayed speech than this makes ``room`` wait.
        writer_ttl_s: how soon the key expires once this process is gone.
        feed_ttl_s: how long a feed is kept after its last write.
    """

    def __init__(
        self,
        redis: Redis,
        keys: FeedKeys,
        patience: Patience,
        *,
        max_backlog_s: float,
        writer_ttl_s: float,
        feed_ttl_s: float,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._patience = patience
        self._max_backlog = round(max_backlog_s * FEED_RATE_HZ)
        self._renew_s = writer_ttl_s / 3
        token = secrets.token_hex(16)
        self._lease = WriterLease(redis, keys, token, writer_ttl_s, feed_ttl_s)
        self._delivery = Delivery(redis, keys, self._lease, patience)
        self._backlog = Backlog()
        self._renewing: asyncio.Task[None] | None = None
        self._may_hold_key = False
        self._is_lost = False

    async def take(self, *, interrupt: bool) -> None:
        """Wait until the feed is free, or take it from another; then number a new response."""
        # noted before: cancelled in the middle, the key may be ours without our knowing
        self._may_hold_key = True
        stream_last = await self._wait_for_key(interrupt=interrupt)
        self._is_lost = False
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._keep_renewing())
        playhead = await self._patience.steadily(self._update_backlog)
        self._delivery.begin(stream_last, playhead.audio_id)

    async def room(self) -> None:
        """Wait until at most ``max_backlog_s`` of speech is unplayed, or the turn is lost."""
        while self._backlog.samples > self._max_backlog and not self._is_lost:
            self.saw_playhead(await self._patience.steadily(self._read_playhead))
            if self._backlog.samples > self._max_backlog:
                self._patience.wait_for(f"the listener is {_time(self._backlog.samples)} behind")
                await asyncio.sleep(POLL_S)
        self._patience.wait_for(None)

    async def write(self, entries: Iterable[AudioEntry]) -> None:
        """Write ``entries``, and what a cancelled call has left to write.

        Raises:
            FeedTaken, FeedConflict: the turn is over, the key given back.
        """
        entries = list(entries)
        try:
            ids = await self._delivery.write(entries)
        except (FeedTaken, FeedConflict):
            self._delivery.abandon()
            await self.give_back()
            raise
        for entry_id, entry in zip(ids, entries, strict=True):
            if isinstance(entry, AudioDelta):
                self._backlog.wrote(entry_id, entry.samples)

    async def give_back(self) -> None:
        """Release the key if it may be held; if Redis is out, its expiry does the same."""
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None
        if self._may_hold_key:
            self._may_hold_key = False
            await self._release()

    async def restore(self) -> int:
        """See ``FeedWriter.restore``. Only between turns."""
        stream_last = await self._patience.steadily(
            lambda: lookup.last_id(self._redis, self._keys.audio)
        )
        if not self._delivery.lacks(stream_last):
            return 0
        answer = await self._patience.steadily(lambda: self._lease.take(interrupt=False))
        if answer.verdict is Verdict.OTHER:
            return 0
        try:
            self.saw_playhead(await self._patience.steadily(self._read_playhead))
            return await self._delivery.restore(answer.last_id)
        except (FeedTaken, FeedConflict):  # somebody writes now: what is lost stays lost
            self._delivery.abandon()
            return 0
        finally:
            await self._release()

    def saw_playhead(self, playhead: Playhead) -> None:
        """Take note of where playback is."""
        self._backlog.played(playhead)
        self._delivery.played(playhead.audio_id)

    async def _wait_for_key(self, *, interrupt: bool) -> EntryId:
        while True:
            answer = await self._patience.steadily(lambda: self._lease.take(interrupt=interrupt))
            if answer.verdict is Verdict.HELD:
                self._patience.wait_for(None)
                return answer.last_id
            self._patience.wait_for("another producer has the feed")
            await asyncio.sleep(POLL_S)

    async def _keep_renewing(self) -> None:
        """Hold the key through pauses of the source and of the listener."""
        while not self._is_lost:
            await asyncio.sleep(self._renew_s)
            try:
                self._is_lost = not await heeding(self._lease.renew())
            except (*UNREACHABLE, ResponseError) as error:  # the boundary to Redis
                log.info("writer.not_renewed", feed=self._keys.name, error=str(error))

    async def _release(self) -> None:
        try:
            await heeding(self._lease.release())
        except (*UNREACHABLE, ResponseError) as error:  # the boundary to Redis
            log.info("writer.not_released", feed=self._keys.name, error=str(error))

    async def _read_playhead(self) -> Playhead:
        return await lookup.playhead(self._redis, self._keys)

    async def _update_backlog(self) -> Playhead:
        return await lookup.update_backlog(self._redis, self._keys, self._backlog)


def _time(samples: int) -> str:
    whole = round(seconds(samples))
    return f"{whole} s" if whole < 100 else f"{whole / 60:.0f} min"  # noqa: PLR2004
