import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from feed import lookup
from feed.audio import FEED_RATE_HZ
from feed.connection import connect
from feed.entries import AudioDelta, AudioDone, parse_audio_entry
from feed.events import Error, event_fields
from feed.keys import FeedKeys
from feed.writer import FeedWriter
from producer.cadence import Pace
from producer.errors import ResponseFailed, UnreadableAudio
from producer.speak import Audience, Speaker, Speech
from tests.conftest import OwnValkey, becomes, run
from tests.producer.player import Player

KEYS = FeedKeys("f")
BURST = Speech(Pace.BURST, chunk_bytes=1000)
PCM = bytes(n % 251 for n in range(2 * FEED_RATE_HZ + 2))


@dataclass
class Sound:
    pcm: bytes = PCM
    breaks_off: bool = False
    name: str = "sound"
    expected_samples: int | None = None

    def blocks(self) -> Iterator[bytes]:
        if self.pcm:
            yield self.pcm[:1234]
            yield self.pcm[1234:]
        if self.breaks_off:
            raise UnreadableAudio(self.name, "breaks off")


@dataclass
class Notes:
    """A reporter that remembers."""

    all: list[tuple[Any, ...]] = field(default_factory=list)

    def begins(self, name: str, expected_samples: int | None) -> None:
        self.all.append(("begins", name))

    def waiting(self, reason: str | None) -> None:
        self.all.append(("waiting", reason))

    def listeners(self, ready: int) -> None:
        self.all.append(("listeners", ready))

    def written(self, samples: int) -> None:
        self.all.append(("written", samples))

    def started(self) -> None:
        self.all.append(("started",))

    def position(self, samples: int) -> None:
        self.all.append(("position", samples))

    def complete(self, samples: int, *, heard: bool) -> None:
        self.all.append(("complete", samples, heard))


@contextlib.asynccontextmanager
async def speaking(
    url: str, speech: Speech = BURST
) -> AsyncIterator[tuple[Redis, Speaker, Notes, FeedWriter]]:
    notes = Notes()
    async with connect(url) as redis, FeedWriter(redis, "f", on_wait=notes.waiting) as writer:
        yield redis, Speaker(redis, "f", writer, speech, notes), notes, writer


@contextlib.asynccontextmanager
async def playing(player: Player) -> AsyncIterator[None]:
    task = asyncio.create_task(player.play())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def entries(redis: Redis) -> list[AudioDelta | AudioDone]:
    found = cast(lookup.Entries, await redis.xrange(KEYS.audio))
    return [parse_audio_entry(fields) for _, fields in found]


def test_it_is_complete_when_the_event_says_so(redis_url: str) -> None:
    async def go() -> None:
        async with speaking(redis_url) as (redis, speaker, notes, _):
            player = Player(redis, "f")
            work = asyncio.create_task(speaker.speak(Sound(), Audience(), wait=True))
            await becomes(lambda: ("written", len(PCM) // 2) in notes.all)
            assert not work.done()
            await player.listeners(1)
            async with playing(player):
                audience = await work
            assert list(player.heard.values()) == [PCM]
            assert audience == Audience(await lookup.last_id(redis, KEYS.events), 1)
            kinds = [note[0] for note in notes.all]
            assert notes.all[:2] == [("begins", "sound"), ("listeners", 0)]
            assert ("listeners", 1) in notes.all
            assert kinds.index("listeners") < kinds.index("started") < kinds.index("complete")
            assert notes.all[-1] == ("complete", len(PCM) // 2, True)
            chunks = [e for e in await entries(redis) if isinstance(e, AudioDelta)]
            assert {len(chunk.audio) for chunk in chunks[:-1]} == {1000}

    run(go())


def test_without_waiting_it_is_over_when_written(redis_url: str) -> None:
    async def go() -> None:
        async with speaking(redis_url) as (redis, speaker, notes, _):
            await speaker.speak(Sound(), Audience(), wait=False)
            assert notes.all[-1] == ("complete", len(PCM) // 2, False)
            assert isinstance((await entries(redis))[-1], AudioDone)

    run(go())


def test_an_error_event_of_ours_is_a_failure(redis_url: str) -> None:
    async def go() -> None:
        async with speaking(redis_url) as (redis, speaker, _, writer):
            async with playing(Player(redis, "f", fails=True)):
                with pytest.raises(ResponseFailed, match="it took too long"):
                    await speaker.speak(Sound(), Audience(), wait=True)
            await (await writer.begin()).done()  # the feed is free again

    run(go())


def test_an_error_event_ends_a_response_still_being_written(redis_url: str) -> None:
    async def go() -> None:
        slow = Speech(Pace.REALTIME, chunk_bytes=2000)
        async with speaking(redis_url, slow) as (redis, speaker, _, _writer):
            sound = Sound(PCM * 20)
            work = asyncio.create_task(speaker.speak(sound, Audience(), wait=True))
            await becomes(lambda: has_begun(redis))
            ours = (await entries(redis))[0].response_id
            for response_id in ("another", ours):
                await redis.xadd(
                    KEYS.events,
                    cast(Any, event_fields(Error(response_id, "response_left_open", "cut"))),
                )
            with pytest.raises(ResponseFailed, match=rf"{ours} failed: cut"):
                await work

    async def has_begun(redis: Redis) -> bool:
        return bool(await redis.xlen(KEYS.audio))

    run(go())


def test_what_breaks_off_is_spoken_so_far_then_raised(redis_url: str) -> None:
    async def go() -> None:
        async with speaking(redis_url) as (redis, speaker, notes, _):
            player = Player(redis, "f")
            async with playing(player):
                with pytest.raises(UnreadableAudio, match="breaks off"):
                    await speaker.speak(Sound(breaks_off=True), Audience(), wait=True)
            assert list(player.heard.values()) == [PCM]
            assert notes.all[-1] == ("complete", len(PCM) // 2, True)

    run(go())


def test_a_source_that_holds_nothing_begins_no_response(redis_url: str) -> None:
    async def go() -> None:
        async with speaking(redis_url) as (redis, speaker, _, _writer):
            with pytest.raises(UnreadableAudio):
                await speaker.speak(Sound(b"", breaks_off=True), Audience(), wait=False)
            assert await entries(redis) == []
            assert not await redis.exists(KEYS.writer)

    run(go())


def test_speech_that_redis_lost_before_it_was_heard_comes_back(own_valkey: OwnValkey) -> None:
    async def go() -> None:
        own_valkey.start(keeps=False)
        async with (
            speaking(own_valkey.url) as (_, speaker, notes, _writer),
            connect(own_valkey.url) as redis,
        ):
            work = asyncio.create_task(speaker.speak(Sound(), Audience(), wait=True))
            await becomes(lambda: ("written", len(PCM) // 2) in notes.all)
            await asyncio.to_thread(own_valkey.kill)
            await asyncio.to_thread(own_valkey.start, keeps=False)
            await becomes(lambda: has_done(redis))
            player = Player(redis, "f")
            async with playing(player):
                await work
            assert list(player.heard.values()) == [PCM]

    async def has_done(redis: Redis) -> bool:
        found = await entries(redis)
        return bool(found) and isinstance(found[-1], AudioDone)

    run(go())
