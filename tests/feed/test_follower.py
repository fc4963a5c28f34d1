import asyncio
from typing import Any, cast

from redis.asyncio import Redis

from feed import lookup
from feed.connection import connect
from feed.events import Event, Listeners, Started, event_fields
from feed.follower import EventFollower
from feed.ids import START, EntryId
from feed.keys import FeedKeys
from tests.conftest import OwnValkey, becomes, run
from tests.feed.proxy import Proxy

KEYS = FeedKeys("f")


async def emit(redis: Redis, event: Event) -> None:
    await redis.xadd(KEYS.events, cast(Any, event_fields(event)))


async def next_event(events: Any) -> Event:
    return cast(tuple[EntryId, Event], await anext(events))[1]


def test_it_gives_what_comes_after_an_id_and_skips_what_it_cannot_read(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            await emit(redis, Listeners(0, 1))
            after = await lookup.last_id(redis, KEYS.events)
            await redis.xadd(KEYS.events, {"v": "2", "type": "from the future"})
            await redis.xadd(KEYS.events, {"v": "1", "type": "error"})
            await emit(redis, Started("r", "i"))
            follower = EventFollower(redis, "f", after)
            events = aiter(follower)
            assert await next_event(events) == Started("r", "i")
            await emit(redis, Listeners(1, 1))
            assert await next_event(events) == Listeners(1, 1)
            assert follower.after == await lookup.last_id(redis, KEYS.events)
            await events.aclose()

    run(go())


def test_nothing_is_lost_or_doubled_over_an_outage(redis_url: str) -> None:
    async def go() -> None:
        told: list[str | None] = []
        async with (
            Proxy(redis_url) as proxy,
            connect(proxy.url) as redis,
            connect(redis_url) as direct,
        ):
            events = aiter(EventFollower(redis, "f", START, on_wait=told.append))
            await emit(direct, Started("r1", "i"))
            assert await next_event(events) == Started("r1", "i")
            coming = asyncio.create_task(next_event(events))
            proxy.cut()
            await becomes(lambda: bool(told))
            await emit(direct, Started("r2", "i"))
            proxy.mend()
            assert await coming == Started("r2", "i")
            assert told == ["Redis is not reachable", None]
            await emit(direct, Started("r3", "i"))
            assert await next_event(events) == Started("r3", "i")
            await events.aclose()

    run(go())


def test_a_stream_that_lost_everything_is_followed_from_its_new_start(
    own_valkey: OwnValkey,
) -> None:
    async def go() -> None:
        own_valkey.start(keeps=False)
        async with connect(own_valkey.url) as redis:
            events = aiter(EventFollower(redis, "f", START))
            await redis.xadd(
                KEYS.events, cast(Any, event_fields(Started("r1", "i"))), id=f"{2**45}-0"
            )
            assert await next_event(events) == Started("r1", "i")
            coming = asyncio.create_task(next_event(events))
            await asyncio.sleep(0.05)
            await asyncio.to_thread(own_valkey.kill)
            await asyncio.to_thread(own_valkey.start, keeps=False)
            await emit(redis, Started("r2", "i"))
            assert await coming == Started("r2", "i")
            await events.aclose()

    run(go())
