"""A player on the real clock. Limits on time are generous: what is exact is tested elsewhere."""

import asyncio
import time
from typing import Any, cast

import pytest

from feed.commits import Committer
from feed.connection import connect
from feed.events import Listeners, Started, Stopped, parse_event
from feed.ids import START, EntryId
from feed.keys import FeedKeys
from feed.playhead import Playhead
from streamer.health import Health
from streamer.metrics import Metrics
from streamer.opus import OpusEncoder
from streamer.player import LEAD_IN_PACKETS, FeedPlayer
from streamer.taps import NoTap
from streamer.track import RING_PACKETS
from streamer.transform import FRAME_SAMPLES
from tests.conftest import becomes, run
from tests.streamer.drive import LIMITS, Script
from tests.streamer.seats import Listener, joined, playing
from tests.streamer.speech import noise

KEYS = FeedKeys("f")
SILENCE_BYTES = 10


def test_a_feed_is_encoded_once_and_all_listeners_get_the_same_packets() -> None:
    async def go() -> None:
        async with playing() as played:
            listeners = [Listener(name) for name in "abc"]
            await joined(played.player, *listeners)
            for entry in Script().response(noise(4_800)):
                played.player.take(*entry)
            await asyncio.gather(*(listener.listen(14) for listener in listeners))
            first, *others = listeners
            for other in others:
                for mine, its in zip(first.packets[4:], other.packets[4:], strict=True):
                    assert mine is its
            assert played.encoder.ticks == 10
            assert any(len(bytes(packet)) > SILENCE_BYTES for packet in first.packets)

    run(go())


def test_timestamps_go_by_960_from_the_lead_in_on() -> None:
    async def go() -> None:
        async with playing() as played:
            listener = Listener()
            await joined(played.player, listener)
            await listener.listen(10)
            assert [packet.pts for packet in listener.packets] == [
                n * FRAME_SAMPLES for n in range(10)
            ]

    run(go())


def test_a_late_joiner_gets_the_lead_in_of_silence_then_what_all_get() -> None:
    async def go() -> None:
        async with playing() as played:
            early, late = Listener("early"), Listener("late")
            await joined(played.player, early)
            for entry in Script().response(noise(24_000)):
                played.player.take(*entry)
            await early.listen(15)
            await joined(played.player, late)
            lead_in = [await late.track.recv() for _ in range(LEAD_IN_PACKETS)]
            assert all(len(bytes(packet)) <= SILENCE_BYTES for packet in lead_in)
            await asyncio.gather(early.listen(5), late.listen(5))
            assert all(a is b for a, b in zip(early.packets[15:], late.packets, strict=True))
            steps = [packet.pts for packet in (*lead_in, *late.packets)]
            assert steps == list(range(cast(int, steps[0]), cast(int, steps[-1]) + 1, 960))

    run(go())


def test_a_slow_listener_loses_its_oldest_packets_and_nobody_else_any() -> None:
    async def go() -> None:
        async with playing() as played:
            slow, quick = Listener("slow"), Listener("quick")
            await joined(played.player, slow, quick)
            await quick.listen(LEAD_IN_PACKETS + 20)
            await slow.listen(RING_PACKETS)
            assert all(a is b for a, b in zip(slow.packets, quick.packets[-10:], strict=True))
            assert slow.track.dropped == LEAD_IN_PACKETS + 20 - RING_PACKETS
            assert quick.track.dropped == 0

    run(go())


def test_speech_waits_until_somebody_is_ready_and_when_nobody_is() -> None:
    async def go() -> None:
        async with playing() as played:
            player, listener = played.player, Listener()
            await joined(player, listener, ready=False)
            for entry in Script().response(noise(24_000)):
                player.take(*entry)
            await listener.listen(10)
            assert player.playout.queued_samples == 24_000
            player.set_ready("a", True)
            await listener.listen(10)
            player.set_ready("a", False)
            left = player.playout.queued_samples
            assert 0 < left < 24_000
            await listener.listen(10)
            assert player.playout.queued_samples == left

    run(go())


def test_events_are_told_to_the_listeners_and_committed() -> None:
    async def go() -> None:
        async with playing() as played:
            listener = Listener()
            await joined(played.player, listener)
            for entry in Script().response(noise(4_800)):
                played.player.take(*entry)
            await becomes(lambda: Stopped("r", "i", 4_800, 200) in listener.told)
            assert Started("r", "i") in listener.told
            played.player.leave("a")
            assert played.committer.events == [Listeners(0, 0), *listener.told, Listeners(0, 0)]

    run(go())


def test_who_becomes_ready_in_the_middle_is_told_what_is_spoken() -> None:
    async def go() -> None:
        async with playing() as played:
            early, late = Listener("early"), Listener("late")
            await joined(played.player, early)
            for entry in Script().response(noise(24_000)):
                played.player.take(*entry)
            await becomes(lambda: Started("r", "i") in early.told)
            await joined(played.player, late, ready=False)
            assert Started("r", "i") not in late.told
            played.player.set_ready("late", True)
            assert Started("r", "i") in late.told
            assert early.told.count(Started("r", "i")) == 1

    run(go())


def test_a_stall_of_the_loop_is_counted_and_followed_by_no_burst() -> None:
    async def go() -> None:
        async with playing() as played:
            listener = Listener()
            await joined(played.player, listener)
            await listener.listen(8)
            time.sleep(0.3)  # noqa: ASYNC251  # the stall
            before = played.encoder.ticks
            await asyncio.sleep(0.05)
            assert played.encoder.ticks - before <= 5
            assert b"playhead_clock_stalls_total 1.0" in played.metrics.render()

    run(go())


def test_leaving_twice_or_without_having_joined_does_nothing() -> None:
    async def go() -> None:
        async with playing() as played:
            await joined(played.player, Listener())
            for _ in range(2):
                played.player.leave("a")
            played.player.set_ready("a", True)
            assert played.player.audience.connected == 0
            assert len(played.committer.events) == 4

    run(go())


def test_it_resumes_where_the_saved_playhead_is() -> None:
    async def go() -> None:
        script = Script()
        pcm = noise(24_000)
        entries = script.response(pcm, 4_800)
        saved = Playhead(entries[2][0], 1_000, "r", "i", 10_600)
        async with playing(saved) as played:
            for entry in entries:
                if entry[0] >= saved.audio_id:
                    played.player.take(*entry)
            assert played.player.playout.queued_samples == 24_000 - 10_600

    run(go())


# With Redis


async def loaded(redis: Any) -> tuple[FeedPlayer, EntryId]:
    committer = Committer(redis, KEYS, 100)
    metrics = Metrics()
    health = Health(metrics.redis_up.set)
    player = FeedPlayer("f", committer, LIMITS, OpusEncoder(), NoTap(), metrics, health, phase=0)
    return player, await player.load()


@pytest.mark.parametrize(
    ("saved", "after"),
    [
        ({}, START),
        (Playhead(EntryId(7, 3), 10, "r", "i", 20).fields(), EntryId(7, 2)),
        ({"audio_id": "hello"}, START),
    ],
)
def test_the_feed_is_read_after_the_entry_before_the_playhead(
    redis_url: str, saved: dict[str, Any], after: EntryId
) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            if saved:
                await redis.hset(KEYS.playhead, mapping=cast(Any, saved))
            player, found = await loaded(redis)
            assert found == after
            await player.close()

    run(go())


def test_a_load_that_redis_refuses_is_tried_until_it_succeeds(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            await redis.set(KEYS.playhead, "not a hash")
            loading = asyncio.create_task(loaded(redis))
            await asyncio.sleep(0.1)
            assert not loading.done()
            await redis.delete(KEYS.playhead)
            player, _ = await loading
            await player.close()

    run(go())


def test_events_and_playhead_are_written_while_it_plays_and_at_the_end(redis_url: str) -> None:
    async def go() -> None:
        async with connect(redis_url) as redis:
            player, _ = await loaded(redis)
            listener = Listener()
            await joined(player, listener)
            script = Script()
            for entry in script.response(noise(24_000)):
                player.take(*entry)

            async def offset() -> int:
                return int(await redis.hget(KEYS.playhead, "offset") or 0)

            async def has_moved() -> bool:
                return await offset() > 0

            await becomes(has_moved)
            await asyncio.sleep(0.1)
            player.leave("a")
            await player.close()
            assert await offset() == 24_000 - player.playout.queued_samples
            stored = cast(Any, await redis.xrange(KEYS.events))
            events = [parse_event(fields) for _, fields in stored]
            assert events[0] == Listeners(0, 0)
            assert events[-1] == Listeners(0, 0)
            assert events.count(Started("r", "i")) == 1

    run(go())


def test_a_ticker_that_failed_is_started_again_by_the_next_listener(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def go() -> None:
        async with playing() as played:
            listener = Listener("first")
            await joined(played.player, listener)
            await listener.listen(LEAD_IN_PACKETS + 1)
            with monkeypatch.context() as broken:
                broken.setattr(played.player.playout, "pull", None)
                await asyncio.sleep(0.1)
            played.player.leave("first")
            again = Listener("again")
            await joined(played.player, again)
            await again.listen(LEAD_IN_PACKETS + 2)

    run(go())
