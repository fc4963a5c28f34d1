from typing import Any, cast

from redis.asyncio import Redis

from feed import lookup
from feed.backlog import Backlog
from feed.connection import connect
from feed.events import Event, Listeners, Started, event_fields
from feed.ids import START, EntryId
from feed.keys import FeedKeys
from feed.playhead import Playhead
from feed.writer import FeedWriter
from tests.conftest import run

KEYS = FeedKeys("f")


async def emit(redis: Redis, event: Event, ms: int) -> None:
    await redis.xadd(KEYS.events, cast(Any, event_fields(event)), id=f"{ms}-0")


def test_of_a_feed_that_is_not_there(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            assert await lookup.last_id(redis, KEYS.audio) == START
            assert await lookup.playhead(redis, KEYS) == Playhead()
            assert await lookup.newest_listeners(redis, KEYS) == (START, None)

    run(go())


def test_the_last_id_outlives_trimming(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            await redis.xadd(KEYS.audio, {"a": "b"}, id="5-6")
            await redis.xtrim(KEYS.audio, maxlen=0, approximate=False)
            assert await lookup.last_id(redis, KEYS.audio) == EntryId(5, 6)

    run(go())


def test_newest_listeners_is_found_behind_other_events(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            await emit(redis, Listeners(0, 0), 1)
            await emit(redis, Listeners(1, 2), 2)
            for ms in range(3, 3 + 2 * lookup.PAGE_ENTRIES):
                await emit(redis, Started("r", "i"), ms)
            last = EntryId(2 + 2 * lookup.PAGE_ENTRIES, 0)
            assert await lookup.newest_listeners(redis, KEYS) == (last, Listeners(1, 2))
            assert await lookup.newest_listeners(redis, KEYS, scan=100) == (last, None)

    run(go())


def test_the_backlog_is_counted_over_pages_from_the_playhead(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, FeedWriter(redis, "f") as writer:
            response = await writer.begin()
            await response.write_many([bytes(20)] * (3 * lookup.PAGE_ENTRIES))
            await response.done()
            await redis.xadd(KEYS.audio, {"not": "an entry"})
            backlog = Backlog()
            await lookup.update_backlog(redis, KEYS, backlog)
            assert backlog.samples == 3 * lookup.PAGE_ENTRIES * 10
            first = cast(lookup.Entries, await redis.xrange(KEYS.audio, count=7))[-1][0]
            at = Playhead(EntryId.parse(first), 4)
            await redis.hset(KEYS.playhead, mapping=cast(Any, at.fields()))
            for again in (backlog, Backlog()):
                await lookup.update_backlog(redis, KEYS, again)
                assert again.samples == 3 * lookup.PAGE_ENTRIES * 10 - 6 * 10 - 4

    run(go())
