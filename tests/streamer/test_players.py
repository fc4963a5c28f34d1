import asyncio
from typing import Any

import pytest

from feed.errors import InvalidFeedName
from feed.keys import FeedKeys
from feed.playhead import Playhead
from tests.conftest import becomes, run
from tests.streamer.drive import Script
from tests.streamer.seats import Listener, joined
from tests.streamer.serving import Parts, parts
from tests.streamer.speech import noise


def feeds(p: Parts) -> int:
    lines = p.metrics.render().decode().splitlines()
    return int(float(next(x for x in lines if x.startswith("playhead_feeds ")).split()[1]))


def test_a_feed_has_one_player(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            assert p.players.open("a") is p.players.open("a")
            assert p.players.open("b") is not p.players.open("a")
            assert feeds(p) == 2

    run(go())


def test_a_name_no_feed_can_have_opens_nothing(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            with pytest.raises(InvalidFeedName):
                p.players.open("a b")
            assert feeds(p) == 0

    run(go())


def test_what_is_written_reaches_the_player(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            player = p.players.open("default")
            await p.write(Script().response(noise(4_800)))
            await becomes(lambda: player.playout.queued_samples == 4_800)

    run(go())


def test_a_feed_nobody_came_to_is_let_go_after_linger(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, linger=0.05) as p:
            p.players.release(p.players.open("a"))
            assert feeds(p) == 1
            await becomes(lambda: feeds(p) == 0)

    run(go())


def test_who_comes_within_linger_finds_the_same_player(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, linger=0.2) as p:
            player = p.players.open("a")
            p.players.release(player)
            p.players.release(player)
            assert p.players.open("a") is player
            await asyncio.sleep(0.3)
            assert p.players.open("a") is player

    run(go())


def test_a_feed_with_a_listener_is_not_let_go(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, linger=0.0) as p:
            player = p.players.open("a")
            await joined(player, Listener())
            p.players.release(player)
            await asyncio.sleep(0.05)
            assert p.players.open("a") is player

    run(go())


def test_a_player_let_go_before_means_nothing_to_the_one_there_is(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, linger=0.0) as p:
            old = p.players.open("a")
            p.players.release(old)
            await becomes(lambda: feeds(p) == 0)
            new = p.players.open("a")
            p.players.release(old)
            await asyncio.sleep(0.05)
            assert p.players.open("a") is new

    run(go())


def test_a_feed_opened_again_goes_on_at_the_exact_sample(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, linger=0.0) as p:
            await p.write(Script().response(noise(24_000)))
            player, listener = p.players.open("default"), Listener()
            await joined(player, listener)
            await becomes(lambda: 0 < player.playout.queued_samples < 20_000)
            player.leave("a")
            left = player.playout.queued_samples
            p.players.release(player)
            await becomes(lambda: feeds(p) == 0)
            again = p.players.open("default")
            assert again is not player
            await becomes(lambda: again.playout.queued_samples == left)

    run(go())


def test_closing_commits_every_feed(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            for name in ("a", "b"):
                await p.write(Script().response(noise(4_800)), name)
                await joined(p.players.open(name), Listener())
            players = [p.players.open(name) for name in ("a", "b")]
            await becomes(lambda: all(player.playout.playhead.offset for player in players))
            await p.players.close()
            for player in players:
                fields: Any = await p.redis.hgetall(FeedKeys(player.name).playhead)
                assert Playhead.parse(fields) == player.playout.playhead
            assert feeds(p) == 0

    run(go())


def test_a_feed_can_be_let_go_while_redis_is_silent() -> None:
    async def go() -> None:
        async with parts("redis://127.0.0.1:1", linger=0.0) as p:
            p.players.release(p.players.open("a"))
            await becomes(lambda: feeds(p) == 0)

    run(go())
