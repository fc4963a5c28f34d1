"""One XREAD for all feeds, against a real server that goes and comes back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

from redis.asyncio import Redis

import feed.reader
from feed.connection import connect
from feed.entries import AudioDelta, AudioEntry
from feed.errors import MalformedEntry, UnknownEntry
from feed.ids import START, EntryId
from feed.keys import FeedKeys
from feed.reader import READ_COUNT, FeedReader
from tests.conftest import OwnValkey, becomes, run
from tests.feed.proxy import Proxy

KEYS = FeedKeys("f")


@dataclass
class Sink:
    """Takes while there is room for another read."""

    room: int = 1_000_000
    taken: list[tuple[EntryId, AudioEntry]] = field(default_factory=list)
    refused: list[tuple[EntryId, str]] = field(default_factory=list)

    def wants(self, entries: int) -> bool:
        return len(self.taken) + entries <= self.room

    def take(self, entry_id: EntryId, entry: AudioEntry) -> None:
        self.taken.append((entry_id, entry))

    def refuse(self, entry_id: EntryId, error: MalformedEntry | UnknownEntry) -> None:
        self.refused.append((entry_id, type(error).__name__))

    @property
    def offsets(self) -> list[int]:
        return [entry.offset for _, entry in self.taken if isinstance(entry, AudioDelta)]


async def write(redis: Redis, n: int, feed_name: str = "f") -> None:
    fields = AudioDelta("r", "i", n, b"ab").fields()
    await redis.xadd(FeedKeys(feed_name).audio, cast(Any, fields), id=f"1-{n}")


@contextlib.asynccontextmanager
async def reading(redis: Redis, health: list[bool] | None = None) -> AsyncIterator[FeedReader]:
    reader = FeedReader(redis, ([] if health is None else health).append)
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_what_is_there_and_what_comes_is_delivered_in_order(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            for n in range(1, 40):
                await write(direct, n)
            sink = Sink()
            async with reading(redis) as reader:
                reader.add(KEYS, START, sink)
                await becomes(lambda: len(sink.taken) == 39)
                await write(direct, 40)
                await becomes(lambda: len(sink.taken) == 40)
            assert sink.offsets == list(range(1, 41))
            assert [entry_id for entry_id, _ in sink.taken] == [EntryId(1, n) for n in range(1, 41)]

    run(go())


def test_reading_begins_after_the_given_id(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            for n in range(1, 6):
                await write(direct, n)
            sink = Sink()
            async with reading(redis) as reader:
                reader.add(KEYS, EntryId(1, 3), sink)
                await becomes(lambda: sink.offsets == [4, 5])

    run(go())


def test_every_read_names_the_last_id_and_never_the_end_of_the_stream(redis_url: str) -> None:
    """``$`` would lose what arrives between two reads."""

    async def go() -> None:
        asked: list[str] = []
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            xread = redis.xread

            async def spy(streams: dict[str, str], **options: Any) -> Any:
                asked.extend(streams.values())
                return await xread(cast(Any, streams), **options)

            redis.xread = spy  # type: ignore[method-assign,assignment]
            sink = Sink()
            async with reading(redis) as reader:
                reader.add(KEYS, START, sink)
                for n in range(1, 6):
                    await write(direct, n)
                    await becomes(lambda n=n: len(sink.taken) == n)  # type: ignore[misc]
        assert asked[0] == "0-0"
        assert {"1-1", "1-4"} <= set(asked)
        assert "$" not in asked

    run(go())


def test_what_arrives_between_two_reads_is_not_lost(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            sink = Sink()
            async with reading(redis) as reader:
                reader.add(KEYS, START, sink)
                for n in range(1, 300):
                    await write(direct, n)
                await becomes(lambda: len(sink.taken) == 299)
            assert sink.offsets == list(range(1, 300))

    run(go())


def test_what_cannot_be_read_is_refused_and_the_next_entry_follows(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            sink = Sink()
            await write(direct, 1)
            for fields in (
                {"v": "2", "type": "response.output_audio.delta"},
                {"v": "1", "type": "from.the.future"},
                {"v": "1", "type": "response.output_audio.delta", "response_id": "r"},
                {b"\xff": b"\xff"},
            ):
                await direct.xadd(KEYS.audio, cast(Any, fields), id="1-*")
            await write(direct, 10)
            async with reading(redis) as reader:
                reader.add(KEYS, START, sink)
                await becomes(lambda: sink.offsets == [1, 10])
            assert [name for _, name in sink.refused] == [
                "UnknownEntry",
                "UnknownEntry",
                "MalformedEntry",
                "UnknownEntry",
            ]
            assert [entry_id.n for entry_id, _ in sink.refused] == [2, 3, 4, 5]

    run(go())


def test_a_feed_without_room_is_not_read_and_others_are(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            full, other = Sink(room=20), Sink()
            for n in range(1, 60):
                await write(direct, n)
                await write(direct, n, "other")
            async with reading(redis) as reader:
                reader.add(KEYS, START, full)
                reader.add(FeedKeys("other"), START, other)
                await becomes(lambda: len(other.taken) == 59)
                assert len(full.taken) == READ_COUNT
                full.room = 1_000
                await becomes(lambda: len(full.taken) == 59)
            assert full.offsets == list(range(1, 60))

    run(go())


def test_when_no_feed_has_room_none_is_read_until_one_has(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            sink = Sink(room=0)
            await write(direct, 1)
            async with reading(redis) as reader:
                reader.add(KEYS, START, sink)
                await asyncio.sleep(0.05)
                assert sink.taken == []
                sink.room = 100
                await becomes(lambda: sink.offsets == [1])

    run(go())


def test_a_feed_added_while_a_read_blocks_is_read_soon(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            idle, added = Sink(), Sink()
            await write(direct, 1, "added")
            async with reading(redis) as reader:
                reader.add(FeedKeys("idle"), START, idle)
                await asyncio.sleep(0.05)
                begun = asyncio.get_running_loop().time()
                reader.add(FeedKeys("added"), START, added)
                await becomes(lambda: added.offsets == [1])
                waited_s = asyncio.get_running_loop().time() - begun
            assert waited_s < feed.reader.BLOCK_MS / 1000 + 1

    run(go())


def test_a_feed_added_to_none_is_read_at_once(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            await write(direct, 1)
            sink = Sink()
            async with reading(redis) as reader:
                await asyncio.sleep(0.05)
                reader.add(KEYS, START, sink)
                await becomes(lambda: sink.offsets == [1])

    run(go())


def test_a_feed_that_was_removed_is_read_no_more(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            sink, other = Sink(), Sink()
            async with reading(redis) as reader:
                reader.add(KEYS, START, sink)
                reader.add(FeedKeys("other"), START, other)
                await write(direct, 1)
                await becomes(lambda: sink.offsets == [1])
                reader.remove(KEYS)
                reader.remove(KEYS)
                await write(direct, 2)
                await write(direct, 3, "other")
                await becomes(lambda: other.offsets == [3])
            assert sink.offsets == [1]

    run(go())


def test_an_outage_is_ridden_out_and_told_of_once(redis_url: str) -> None:
    async def go() -> None:
        health: list[bool] = []
        async with (
            Proxy(redis_url) as proxy,
            connect(proxy.url) as redis,
            connect(redis_url) as direct,
        ):
            sink = Sink()
            async with reading(redis, health) as reader:
                reader.add(KEYS, START, sink)
                await write(direct, 1)
                await becomes(lambda: sink.offsets == [1])
                assert health == [True]
                proxy.cut()
                await becomes(lambda: health == [True, False])
                await write(direct, 2)
                await asyncio.sleep(0.2)
                proxy.mend()
                await becomes(lambda: sink.offsets == [1, 2])
                await becomes(lambda: health == [True, False, True])

    run(go())


def test_a_server_that_restarts_loses_and_doubles_nothing(own_valkey: OwnValkey) -> None:
    async def go() -> None:
        own_valkey.start()
        sink = Sink()
        async with connect(own_valkey.url) as redis, reading(redis) as reader:
            reader.add(KEYS, START, sink)
            async with connect(own_valkey.url) as direct:
                await write(direct, 1)
            await becomes(lambda: sink.offsets == [1])
            await asyncio.to_thread(own_valkey.kill)
            await asyncio.to_thread(own_valkey.start)
            async with connect(own_valkey.url) as direct:
                await write(direct, 2)
            await becomes(lambda: sink.offsets == [1, 2])

    run(go())


def test_a_redis_that_is_not_there_yet_is_waited_for(own_valkey: OwnValkey) -> None:
    async def go() -> None:
        health: list[bool] = []
        sink = Sink()
        async with connect(own_valkey.url) as redis, reading(redis, health) as reader:
            reader.add(KEYS, START, sink)
            await becomes(lambda: health == [False])
            await asyncio.to_thread(own_valkey.start)
            await becomes(lambda: health == [False, True])

    run(go())


def test_a_key_that_is_no_stream_does_not_end_the_reading(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, connect(redis_url) as direct:
            sink = Sink()
            await direct.set(KEYS.audio, "not a stream")
            async with reading(redis) as reader:
                reader.add(KEYS, START, sink)
                await asyncio.sleep(0.1)
                await direct.delete(KEYS.audio)
                await write(direct, 1)
                await becomes(lambda: sink.offsets == [1])

    run(go())
