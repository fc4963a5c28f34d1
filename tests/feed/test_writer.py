"""The writer against a real server, through lost replies, losses, rivals and full memory."""

import asyncio
import contextlib
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from feed import lookup
from feed.audio import FEED_RATE_HZ
from feed.connection import connect
from feed.entries import AudioDelta, AudioDone, parse_audio_entry
from feed.errors import FeedConflict, FeedTaken, InvalidAudio
from feed.ids import EntryId
from feed.keys import FeedKeys
from feed.playhead import Playhead
from feed.writer import FeedWriter
from tests.conftest import OwnValkey, becomes, run
from tests.feed.proxy import Proxy

KEYS = FeedKeys("f")
SECOND = bytes(2 * FEED_RATE_HZ)


async def stored(redis: Redis) -> list[tuple[EntryId, AudioDelta | AudioDone]]:
    entries = cast(lookup.Entries, await redis.xrange(KEYS.audio))
    return [(EntryId.parse(raw_id), parse_audio_entry(fields)) for raw_id, fields in entries]


async def audio(redis: Redis) -> bytes:
    return b"".join(e.audio for _, e in await stored(redis) if isinstance(e, AudioDelta))


def numbered(n: int) -> bytes:
    return n.to_bytes(2, "little") * 10


def test_a_response_with_two_items(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, FeedWriter(redis, "f") as writer:
            response = await writer.begin(response_id="r", item_id="one")
            await response.write(b"abcd")
            await response.write_many([b"ab"] * 1000)
            await response.write(SECOND + b"ab", item_id="two")
            assert response.samples == 2 + 1000 + FEED_RATE_HZ + 1
            assert await redis.pttl(KEYS.writer) > 0
            await response.done()
            assert not await redis.exists(KEYS.writer)
            entries = await stored(redis)
            ids = [entry_id for entry_id, _ in entries]
            assert ids == [EntryId(ids[0].ms, n) for n in range(len(ids))]
            deltas = [e for _, e in entries if isinstance(e, AudioDelta)]
            assert [d.offset for d in deltas if d.item_id == "one"] == [0, *range(2, 1002)]
            assert [d.offset for d in deltas if d.item_id == "two"] == [0, FEED_RATE_HZ]
            assert entries[-1][1] == AudioDone("r", "two", FEED_RATE_HZ + 1)
            with pytest.raises(RuntimeError, match="is over"):
                await response.write(b"ab")

    run(go())


def test_half_a_sample_writes_nothing(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, FeedWriter(redis, "f") as writer:
            response = await writer.begin()
            with pytest.raises(InvalidAudio):
                await response.write_many([b"ab", b"abc"])
            assert await stored(redis) == []

    run(go())


def test_ids_come_after_stream_and_playhead_even_if_the_clock_stepped_back(
    redis_url: str,
) -> None:
    async def go() -> None:
        later = EntryId(2**45, 3)
        async with connect(redis_url) as redis, FeedWriter(redis, "f") as writer:
            await redis.xadd(KEYS.audio, {"x": "y"}, id=str(later))
            await redis.hset(KEYS.playhead, mapping=cast(Any, Playhead(later).fields()))
            await (await writer.begin()).done()
            ids = [entry_id for entry_id, _ in (await stored_ids(redis))]
            assert ids[1] == EntryId(later.ms + 1, 0)

    async def stored_ids(redis: Redis) -> list[tuple[EntryId, object]]:
        entries = cast(lookup.Entries, await redis.xrange(KEYS.audio))
        return [(EntryId.parse(raw_id), fields) for raw_id, fields in entries]

    run(go())


@pytest.mark.parametrize("marker", [b"output_audio.delta", b"output_audio.done", b"feeds"])
def test_a_lost_reply_doubles_nothing(redis_url: str, marker: bytes) -> None:
    async def go() -> None:
        async with (
            Proxy(redis_url) as proxy,
            connect(proxy.url) as redis,
            FeedWriter(redis, "f") as writer,
        ):
            response = await writer.begin(response_id="r", item_id="i")
            await response.write(numbered(0))
            proxy.lose_reply_to(marker)
            await response.write_many([numbered(1), numbered(2)])
            await response.write(numbered(3))
            await response.done()
            assert proxy.lost.is_set()
            assert await audio(redis) == b"".join(numbered(n) for n in range(4))
            assert (await stored(redis))[-1][1] == AudioDone("r", "i", 40)

    run(go())


def test_a_lost_reply_and_other_bytes_there_is_a_conflict(redis_url: str) -> None:
    async def go() -> None:
        async with (
            Proxy(redis_url) as proxy,
            connect(proxy.url) as redis,
            connect(redis_url) as direct,
            FeedWriter(redis, "f") as writer,
        ):
            response = await writer.begin()
            await response.write(numbered(0))
            first = (await stored(direct))[0][0]
            proxy.cut()
            await direct.xadd(KEYS.audio, {"v": "1", "mine": "no"}, id=str(first.next()))
            proxy.mend()
            with pytest.raises(FeedConflict, match="is not what we wrote"):
                await response.write(numbered(1))

    run(go())


def test_a_writer_that_asked_nobody_is_a_conflict(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, FeedWriter(redis, "f") as writer:
            response = await writer.begin()
            await response.write(numbered(0))
            await redis.xadd(KEYS.audio, {"v": "1"}, id=str(EntryId(2**44, 0)))
            with pytest.raises(FeedConflict, match="without taking the feed"):
                await response.write(numbered(1))
            await (await writer.begin()).done()  # the next response comes after it

    run(go())


def test_cancelled_in_the_middle_done_says_what_was_written(redis_url: str) -> None:
    async def go() -> None:
        async with Proxy(redis_url) as proxy, connect(proxy.url) as redis:
            with contextlib.suppress(asyncio.CancelledError):
                async with FeedWriter(redis, "f") as writer:
                    response = await writer.begin(response_id="r", item_id="i")
                    await response.write(numbered(0))
                    proxy.cut()
                    writing = asyncio.create_task(response.write(numbered(1)))
                    await asyncio.sleep(0.05)
                    writing.cancel()
                    proxy.mend()
                    raise asyncio.CancelledError
            assert await audio(redis) == numbered(0) + numbered(1)
            assert (await stored(redis))[-1][1] == AudioDone("r", "i", 20)
            assert not await redis.exists(KEYS.writer)

    run(go())


def test_an_outage_is_ridden_out_and_named(redis_url: str) -> None:
    async def go() -> None:
        reasons: list[str | None] = []
        async with (
            Proxy(redis_url) as proxy,
            connect(proxy.url) as redis,
            FeedWriter(redis, "f", on_wait=reasons.append) as writer,
        ):
            response = await writer.begin()
            await response.write(numbered(0))
            proxy.cut()
            writing = asyncio.create_task(response.write(numbered(1)))
            await becomes(lambda: "Redis is not reachable" in reasons)
            proxy.mend()
            await writing
            assert reasons == ["Redis is not reachable", None]
            assert await audio(redis) == numbered(0) + numbered(1)

    run(go())


def test_a_kill_of_the_server_loses_nothing(own_valkey: OwnValkey) -> None:
    async def go() -> None:
        own_valkey.start(keeps=True)
        async with connect(own_valkey.url) as redis, FeedWriter(redis, "f") as writer:
            response = await writer.begin(response_id="r", item_id="i")
            for n in range(6):
                if n in (2, 4):
                    await asyncio.to_thread(own_valkey.kill)
                    writing = asyncio.create_task(response.write(numbered(n)))
                    await asyncio.to_thread(own_valkey.start, keeps=True)
                    await writing
                else:
                    await response.write(numbered(n))
            await response.done()
            assert await audio(redis) == b"".join(numbered(n) for n in range(6))
            assert len(await stored(redis)) == 7

    run(go())


def test_writes_taken_back_are_written_again_under_the_same_ids(own_valkey: OwnValkey) -> None:
    async def go() -> None:
        own_valkey.start(keeps=False)
        async with connect(own_valkey.url) as redis, FeedWriter(redis, "f") as writer:
            response = await writer.begin(response_id="r", item_id="i")
            for n in range(5):
                await response.write(numbered(n))
            before = await stored(redis)
            await asyncio.to_thread(own_valkey.kill)
            await asyncio.to_thread(own_valkey.start, keeps=False)
            await response.write(numbered(5))
            assert (await stored(redis))[:5] == before
            await response.done()
            assert await audio(redis) == b"".join(numbered(n) for n in range(6))

            # and after the response, for whoever waits until it has been heard
            whole = await stored(redis)
            await asyncio.to_thread(own_valkey.kill)
            await asyncio.to_thread(own_valkey.start, keeps=False)
            assert await writer.restore() == len(whole)
            assert await stored(redis) == whole
            assert await writer.restore() == 0
            assert not await redis.exists(KEYS.writer)

    run(go())


def test_a_part_taken_back_is_completed(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, FeedWriter(redis, "f") as writer:
            response = await writer.begin()
            for n in range(5):
                await response.write(numbered(n))
            # a replica that was promoted with the first two only
            kept = cast(lookup.Entries, await redis.xrange(KEYS.audio, count=2))
            await redis.delete(KEYS.audio)
            for raw_id, fields in kept:
                await redis.xadd(KEYS.audio, cast(Any, fields), id=raw_id)
            await response.write(numbered(5))
            assert await audio(redis) == b"".join(numbered(n) for n in range(6))

    run(go())


def test_a_second_writer_waits_says_so_and_goes_on(redis_url: str) -> None:
    async def go() -> None:
        reasons: list[str | None] = []
        async with (
            connect(redis_url) as redis,
            FeedWriter(redis, "f") as one,
            FeedWriter(redis, "f", on_wait=reasons.append) as two,
        ):
            response = await one.begin()
            waiting = asyncio.create_task(two.begin())
            await becomes(lambda: reasons == ["another producer has the feed"])
            await response.write(numbered(0))
            await response.done()
            await (await waiting).done()
            assert reasons == ["another producer has the feed", None]

    run(go())


def test_a_begin_cancelled_in_the_middle_leaves_no_key(redis_url: str) -> None:
    async def go() -> None:
        async with Proxy(redis_url) as proxy, connect(proxy.url) as redis:
            async with FeedWriter(redis, "f") as writer:
                await redis.ping()
                proxy.lose_reply_to(b"EVALSHA")
                beginning = asyncio.create_task(writer.begin())
                await proxy.lost.wait()
                beginning.cancel()
                await asyncio.wait({beginning})
            assert not await redis.exists(KEYS.writer)

    run(go())


def test_interrupt_takes_the_feed(redis_url: str) -> None:
    async def go() -> None:
        async with (
            connect(redis_url) as redis,
            FeedWriter(redis, "f") as one,
            FeedWriter(redis, "f", interrupt=True) as two,
        ):
            response = await one.begin(response_id="one")
            await response.write(numbered(0))
            taking = await two.begin(response_id="two")
            with pytest.raises(FeedTaken):
                await response.write(numbered(1))
            await taking.write(numbered(2))
            await taking.done()
            assert [e.response_id for _, e in await stored(redis)] == ["one", "two", "two"]
            await (await one.begin()).done()  # the loser may come back for another response

    run(go())


def test_an_expired_key_is_taken_again_unless_somebody_wrote(redis_url: str) -> None:
    async def go() -> None:
        async with (
            connect(redis_url) as redis,
            FeedWriter(redis, "f") as one,
            FeedWriter(redis, "f") as two,
        ):
            response = await one.begin()
            await response.write(numbered(0))
            await redis.delete(KEYS.writer)  # expired
            await response.write(numbered(1))
            assert await redis.exists(KEYS.writer)
            await redis.delete(KEYS.writer)
            await (await two.begin()).done()
            with pytest.raises(FeedTaken):
                await response.write(numbered(2))

    run(go())


def test_the_key_is_renewed_between_slow_chunks(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, FeedWriter(redis, "f", writer_ttl_s=0.6) as writer:
            response = await writer.begin()
            ttls: list[int] = []

            async def was_renewed() -> bool:
                ttls.append(await redis.pttl(KEYS.writer))
                return len(ttls) > 1 and ttls[-1] > ttls[-2]

            await becomes(was_renewed)
            assert min(ttls) > 0
            await response.done()

    run(go())


def test_too_far_ahead_it_waits_for_the_playhead(redis_url: str) -> None:
    async def go() -> None:
        reasons: list[str | None] = []
        async with (
            connect(redis_url) as redis,
            FeedWriter(redis, "f", max_backlog_s=2, on_wait=reasons.append) as writer,
        ):
            response = await writer.begin()
            writing = asyncio.create_task(response.write_many([SECOND] * 20))
            await becomes(lambda: bool(reasons))
            assert reasons[0] is not None
            assert reasons[0].startswith("the listener is ")
            assert reasons[0].endswith(" s behind")
            while not writing.done():
                held = await stored(redis)
                assert len(held) < 30
                await redis.hset(
                    KEYS.playhead,
                    mapping=cast(Any, Playhead(held[-1][0], FEED_RATE_HZ).fields()),
                )
                await asyncio.sleep(0.05)
            await response.done()
            assert len(await audio(redis)) == 20 * len(SECOND)
            assert reasons[-1] is None

    run(go())


def test_speech_found_unplayed_counts_as_backlog(redis_url: str) -> None:
    async def go() -> None:
        reasons: list[str | None] = []
        async with connect(redis_url) as redis:
            async with FeedWriter(redis, "f") as one:
                response = await one.begin()
                await response.write_many([SECOND] * 3)
                await response.done()
            async with FeedWriter(redis, "f", max_backlog_s=2, on_wait=reasons.append) as two:
                response = await two.begin()
                writing = asyncio.create_task(response.write(numbered(0)))
                await becomes(lambda: reasons == ["the listener is 3 s behind"])
                writing.cancel()

    run(go())


def test_full_memory_is_waited_for(redis_url: str) -> None:
    async def go() -> None:
        reasons: list[str | None] = []
        async with (
            connect(redis_url) as redis,
            FeedWriter(redis, "f", on_wait=reasons.append) as writer,
        ):
            response = await writer.begin()
            await redis.config_set("maxmemory", 1)
            writing = asyncio.create_task(response.write_many([numbered(n) for n in range(9)]))
            await becomes(lambda: reasons == ["Redis is out of memory"])
            assert await stored(redis) == []
            await redis.config_set("maxmemory", 0)
            await writing
            assert await audio(redis) == b"".join(numbered(n) for n in range(9))

    run(go())


def test_an_error_that_will_not_pass_is_raised(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, FeedWriter(redis, "f") as writer:
            await redis.set(KEYS.audio, "not a stream")
            with pytest.raises(Exception, match="WRONGTYPE"):
                await writer.begin()

    run(go())


def test_leaving_with_a_response_open_ends_it(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            with pytest.raises(ZeroDivisionError):
                async with FeedWriter(redis, "f") as writer:
                    response = await writer.begin(response_id="r", item_id="i")
                    await response.write(numbered(0))
                    raise ZeroDivisionError
            assert (await stored(redis))[-1][1] == AudioDone("r", "i", 10)
            assert not await redis.exists(KEYS.writer)

    run(go())
