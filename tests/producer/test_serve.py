import asyncio
import contextlib
import io
from collections.abc import AsyncIterator

from redis.asyncio import Redis
from rich.console import Console

from feed.connection import connect
from feed.keys import FeedKeys
from feed.writer import FeedWriter
from producer.cadence import Pace
from producer.progress import Display
from producer.serve import Host
from producer.speak import Speaker, Speech
from tests.conftest import OwnValkey, becomes, run
from tests.producer.player import Player
from tests.producer.test_speak import PCM, Sound, playing

KEYS = FeedKeys("f")


class Served:
    def __init__(self, redis: Redis, task: "asyncio.Task[None]", out: io.StringIO) -> None:
        self.redis = redis
        self.task = task
        self._out = out

    @property
    def lines(self) -> list[str]:
        return self._out.getvalue().splitlines()

    async def says(self, line: str, times: int = 1) -> None:
        await becomes(lambda: sum(line in found for found in self.lines) >= times)


@contextlib.asynccontextmanager
async def serving(url: str, sounds: int = 1) -> AsyncIterator[Served]:
    out = io.StringIO()
    display = Display(Console(file=out, width=200, highlight=False))
    async with connect(url) as redis, FeedWriter(redis, "f", on_wait=display.waiting) as writer:
        speaker = Speaker(redis, "f", writer, Speech(Pace.BURST, chunk_bytes=1000), display)
        host = Host(redis, "f", speaker, [Sound(name=f"s{n}") for n in range(sounds)], display)
        task = asyncio.create_task(host.serve())
        try:
            yield Served(redis, task, out)
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.wait({task})


def test_it_speaks_to_each_first_listener(redis_url: str) -> None:
    async def go() -> None:
        async with serving(redis_url, sounds=2) as served:
            player = Player(served.redis, "f")
            async with playing(player):
                await served.says("listening: s0, s1")
                assert not await served.redis.exists(KEYS.audio)
                await player.listeners(1)
                await served.says("s1: complete, 1.0 s played")
                await player.listeners(2)  # a second one is no reason to start again
                await player.listeners(0)
                await player.listeners(1)
                await served.says("s1: complete", times=2)
                assert list(player.heard.values()) == [PCM] * 4

    run(go())


def test_a_listener_who_came_before_it_is_spoken_to(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            player = Player(redis, "f")
            await player.listeners(1)
            async with playing(player), serving(redis_url) as served:
                await served.says("s0: complete")
                assert served.lines[0] == "s0: about to play"

    run(go())


def test_a_page_reloaded_in_the_middle_is_no_new_listener(redis_url: str) -> None:
    async def go() -> None:
        async with serving(redis_url) as served:
            await served.says("listening")
            player = Player(served.redis, "f")
            await player.listeners(1)
            await becomes(lambda: exists(served.redis))
            await player.listeners(0)
            await player.listeners(1)
            async with playing(player):
                await served.says("listening", times=2)
                await player.listeners(0)
                await player.listeners(1)
                await served.says("complete", times=2)
                assert len(player.completed) == 2

    async def exists(redis: Redis) -> bool:
        return bool(await redis.exists(KEYS.audio))

    run(go())


def test_what_is_unplayed_is_heard_first(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis, FeedWriter(redis, "f") as writer:
            response = await writer.begin(response_id="before")
            await response.write(PCM)
            await response.done()
            async with serving(redis_url) as served:
                player = Player(redis, "f")
                await player.listeners(1)
                await served.says("1.0 s said before are played first")
                async with playing(player):
                    await becomes(lambda: player.completed == ["before"])
                    await player.listeners(0)
                    await player.listeners(1)
                    await served.says("s0: complete")

    run(go())


def test_a_failure_does_not_end_the_service(redis_url: str) -> None:
    async def go() -> None:
        async with serving(redis_url) as served:
            await served.says("listening")
            failing = Player(served.redis, "f", fails=True)
            async with playing(failing):
                await failing.listeners(1)
                await served.says("not spoken to the end: ")
                await served.says("listening", times=2)
            player = Player(served.redis, "f")
            await player.listeners(0)
            await player.listeners(1)
            async with playing(player):
                await becomes(lambda: served.lines[-2].endswith("complete, 1.0 s played"))

    run(go())


def test_it_survives_restarts_of_redis(own_valkey: OwnValkey) -> None:
    async def go() -> None:
        own_valkey.start()
        async with serving(own_valkey.url) as served:
            await served.says("listening")
            for n in range(2):
                await asyncio.to_thread(own_valkey.kill)
                await asyncio.to_thread(own_valkey.start)
                async with connect(own_valkey.url) as redis:
                    player = Player(redis, "f")
                    await player.listeners(1)
                    async with playing(player):
                        await served.says("complete", times=n + 1)
                    await player.listeners(0)

    run(go())
