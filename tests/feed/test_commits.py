"""What the player writes back, through lost replies and losses of Redis."""

import asyncio
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

import feed.commits
from feed.commits import Committer
from feed.connection import connect
from feed.errors import MalformedEntry
from feed.events import Event, Listeners, Started, Stopped, parse_event
from feed.ids import EntryId
from feed.keys import FEEDS_KEY, FeedKeys
from feed.playhead import Playhead
from tests.conftest import OwnValkey, run
from tests.feed.proxy import Proxy

KEYS = FeedKeys("f")
TTL_S = 100
PLAYHEAD = Playhead(EntryId(5, 2), 480, "r", "i", 960)


async def stored(redis: Redis) -> list[tuple[EntryId, Event]]:
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", await redis.xrange(KEYS.events))
    return [(EntryId.parse(raw_id), parse_event(fields)) for raw_id, fields in entries]


async def events(redis: Redis) -> list[Event]:
    return [event for _, event in await stored(redis)]


def numbered(n: int) -> Started:
    return Started(f"r{n}", "i")


def test_events_playhead_and_activity_are_written_together(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            committer = Committer(redis, KEYS, TTL_S)
            assert not committer.waiting
            committer.add_event(Started("r", "i"))
            committer.add_event(Stopped("r", "i", 480, 20))
            committer.set_playhead(PLAYHEAD, None)
            assert committer.waiting
            await committer.commit()
            assert not committer.waiting
            assert await events(redis) == [Started("r", "i"), Stopped("r", "i", 480, 20)]
            assert await committer.load() == PLAYHEAD
            assert await redis.zscore(FEEDS_KEY, "f")
            for key in (KEYS.events, KEYS.playhead):
                assert 0 < await redis.ttl(key) <= TTL_S

    run(go())


def test_a_feed_never_played_has_no_playhead(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            assert await Committer(redis, KEYS, TTL_S).load() is None

    run(go())


def test_a_hash_that_is_no_playhead_is_said_to_be_malformed(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            await redis.hset(KEYS.playhead, mapping={"audio_id": "1-0"})
            with pytest.raises(MalformedEntry):
                await Committer(redis, KEYS, TTL_S).load()

    run(go())


def test_the_stream_is_trimmed_before_the_given_entry_and_no_further(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            for n in range(1, 10):
                await redis.xadd(KEYS.audio, {"x": "y"}, id=f"{n}-0")
            committer = Committer(redis, KEYS, TTL_S)
            committer.set_playhead(PLAYHEAD, EntryId(4, 0))
            await committer.commit()
            kept = cast("list[tuple[bytes, Any]]", await redis.xrange(KEYS.audio))
            assert [raw_id for raw_id, _ in kept] == [b"%d-0" % n for n in range(4, 10)]
            # a playhead without a point to trim at trims nothing
            committer.set_playhead(Playhead(EntryId(9, 0)), None)
            await committer.commit()
            assert await redis.xlen(KEYS.audio) == 6

    run(go())


def test_a_commit_whose_reply_was_lost_is_not_doubled(redis_url: str) -> None:
    async def go() -> None:
        async with (
            Proxy(redis_url) as proxy,
            connect(proxy.url) as redis,
            connect(redis_url) as direct,
        ):
            committer = Committer(redis, KEYS, TTL_S)
            committer.add_event(numbered(0))
            await committer.commit()
            committer.add_event(numbered(1))
            committer.add_event(numbered(2))
            committer.set_playhead(PLAYHEAD, None)
            proxy.lose_reply_to(b"XADD")
            with pytest.raises(RedisError):
                await committer.commit()
            assert len(await events(direct)) == 3  # written, unknown to us
            assert committer.waiting
            committer.add_event(numbered(3))
            await committer.commit()
            assert not committer.waiting
            assert await events(direct) == [numbered(n) for n in range(4)]
            ids = [entry_id for entry_id, _ in await stored(direct)]
            assert ids == [EntryId(ids[0].ms, n) for n in range(4)]

    run(go())


def test_while_redis_is_out_everything_waits_and_nothing_is_lost(redis_url: str) -> None:
    async def go() -> None:
        async with (
            Proxy(redis_url) as proxy,
            connect(proxy.url) as redis,
            connect(redis_url) as direct,
        ):
            committer = Committer(redis, KEYS, TTL_S)
            proxy.cut()
            for n in range(50):
                committer.add_event(numbered(n))
                committer.set_playhead(Playhead(EntryId(5, n)), EntryId(1, n))
                if n % 10 == 0:
                    with pytest.raises((RedisError, OSError)):
                        await committer.commit()
            assert committer.waiting
            proxy.mend()
            await committer.commit()
            assert await events(direct) == [numbered(n) for n in range(50)]
            assert await committer.load() == Playhead(EntryId(5, 49))

    run(go())


def test_a_server_that_is_killed_and_comes_back_has_every_event_once(
    own_valkey: OwnValkey,
) -> None:
    async def go() -> None:
        own_valkey.start()
        async with connect(own_valkey.url) as redis:
            committer = Committer(redis, KEYS, TTL_S)
            committer.add_event(numbered(0))
            await committer.commit()
            await asyncio.to_thread(own_valkey.kill)
            committer.add_event(numbered(1))
            with pytest.raises((RedisError, OSError)):
                await committer.commit()
            await asyncio.to_thread(own_valkey.start)
            await committer.commit()
            assert await events(redis) == [numbered(0), numbered(1)]

    run(go())


def test_what_waits_is_bounded_and_the_oldest_events_go_first(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed.commits, "MAX_WAITING_EVENTS", 10)

    async def go() -> None:
        async with connect(redis_url) as redis:
            committer = Committer(redis, KEYS, TTL_S)
            for n in range(25):
                committer.add_event(numbered(n))
            assert committer.events_dropped == 15
            await committer.commit()
            assert await events(redis) == [numbered(n) for n in range(15, 25)]

    run(go())


def test_ids_come_after_those_in_the_stream_even_if_the_clock_stepped_back(
    redis_url: str,
) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            await redis.xadd(KEYS.events, {"x": "y"}, id=f"{2**45}-7")
            committer = Committer(redis, KEYS, TTL_S)
            committer.add_event(numbered(0))
            await committer.commit()
            last = cast("list[tuple[bytes, Any]]", await redis.xrevrange(KEYS.events, count=1))
            assert last[0][0] == b"%d-0" % (2**45 + 1)

    run(go())


def test_what_is_queued_during_a_commit_waits_for_the_next(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            committer = Committer(redis, KEYS, TTL_S)
            await committer.commit()  # the next one asks for nothing first
            committer.add_event(numbered(0))
            committer.set_playhead(Playhead(EntryId(1, 0)), None)
            committing = asyncio.create_task(committer.commit())
            await asyncio.sleep(0)  # it is on its way
            committer.add_event(numbered(1))
            committer.set_playhead(Playhead(EntryId(2, 0)), None)
            await committing
            assert committer.waiting
            await committer.commit()
            assert await events(redis) == [numbered(0), numbered(1)]
            assert await committer.load() == Playhead(EntryId(2, 0))

    run(go())


def test_a_refusal_that_is_no_repeat_is_raised_and_what_waits_is_kept(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            committer = Committer(redis, KEYS, TTL_S)
            committer.add_event(Listeners(1, 1))
            committer.set_playhead(PLAYHEAD, None)
            await redis.set(KEYS.playhead, "not a hash")
            with pytest.raises(RedisError, match="WRONGTYPE"):
                await committer.commit()
            assert committer.waiting
            await redis.delete(KEYS.playhead)
            await committer.commit()
            assert await events(redis) == [Listeners(1, 1)]
            assert await committer.load() == PLAYHEAD

    run(go())
