"""The real application, a real Valkey, and aiortc as the browser."""

import asyncio
import json
from itertools import pairwise

import numpy as np
import pytest

from captures.check import reference_resample
from streamer.offers import MAX_BODY_BYTES
from tests.conftest import becomes, run
from tests.streamer.browser import browser
from tests.streamer.drive import Script
from tests.streamer.opus import DELAY, decoded
from tests.streamer.sdp import CHROMIUM, body
from tests.streamer.serving import site
from tests.streamer.speech import noise, signal_to_error_db, speech

SILENCE_BYTES = 10


def test_the_page_and_its_files_are_served_with_a_content_security_policy(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url) as s:
            for path, kind in (("/", "html"), ("/static/main.js", "javascript")):
                async with s.http.get(path) as reply:
                    assert reply.status == 200
                    assert reply.content_type.endswith(kind)
                    assert "default-src 'self'" in reply.headers["Content-Security-Policy"]
                    assert reply.headers["X-Content-Type-Options"] == "nosniff"
                    assert await reply.text()

    run(go())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/static/", 403),
        ("GET", "/static/..%2fpyproject.toml", 404),
        ("GET", "/offer", 405),
        ("POST", "/", 405),
    ],
)
def test_what_is_not_there_is_an_error_as_json(
    redis_url: str, method: str, path: str, status: int
) -> None:
    async def go() -> None:
        async with site(redis_url) as s, s.http.request(method, path) as reply:
            assert reply.status == status
            assert (await reply.json())["error"]["field"] == "path"
            assert "Content-Security-Policy" in reply.headers
            # RFC 9110 section 15.5.6
            assert ("Allow" in reply.headers) == (status == 405)

    run(go())


def test_an_offer_brings_audio_with_exact_timestamps_and_no_gap(redis_url: str) -> None:
    async def go() -> None:
        mono = speech(24_000)
        async with site(redis_url) as s, browser(s.http) as listener:
            listener.say_ready()
            await listener.hears(10)
            await s.write(Script().response(mono))
            await becomes(lambda: "output_audio_buffer.stopped" in listener.told_types())
            await listener.hears(10)
            packets = listener.packets
            assert {b.timestamp - a.timestamp for a, b in pairwise(packets)} == {960}
            numbers = [packet.sequence_number for packet in packets]
            assert {(b - a) % 65_536 for a, b in pairwise(numbers)} == {1}
            # and it is the speech
            sizes = [len(packet.payload) for packet in packets]
            first = next(n for n, size in enumerate(sizes) if size > SILENCE_BYTES)
            heard = decoded([packet.payload for packet in packets])[first * 960 + DELAY :]
            wanted = reference_resample(mono)
            assert np.array_equal(heard[:, 0], heard[:, 1])
            assert signal_to_error_db(wanted, heard[: len(wanted), 0]) > 20
            started, stopped = (m for m in listener.told if m["type"].startswith("output"))
            assert started["response_id"] == stopped["response_id"] == "r"
            assert (stopped["samples"], stopped["audio_end_ms"]) == (24_000, 1_000)
        await becomes(lambda: s.peers.count == 0)

    run(go())


def test_two_listeners_of_a_feed_get_the_same_bytes_and_another_feed_its_own(
    redis_url: str,
) -> None:
    async def go() -> None:
        async with (
            site(redis_url) as s,
            browser(s.http) as one,
            browser(s.http) as two,
            browser(s.http, feed="other") as other,
        ):
            for listener in (one, two, other):
                listener.say_ready()
            await s.write(Script().response(noise(12_000)))
            await becomes(lambda: "output_audio_buffer.stopped" in two.told_types())
            await one.hears(3)
            loud = [
                [p.payload for p in listener.packets if len(p.payload) > SILENCE_BYTES]
                for listener in (one, two, other)
            ]
            assert loud[0] == loud[1]
            assert len(loud[0]) >= 25
            assert loud[2] == []

    run(go())


def test_the_page_says_when_it_can_hear(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url) as s, browser(s.http) as listener:
            playout = s.players.open("default").playout
            await s.write(Script().response(noise(24_000)))
            await becomes(lambda: s.players.open("default").playout.queued_samples == 24_000)
            playout = s.players.open("default").playout
            await listener.hears(10)
            assert playout.queued_samples == 24_000
            listener.say_ready()
            await becomes(lambda: playout.queued_samples < 20_000)
            listener.say_ready(False)
            await becomes(lambda: s.players.open("default").audience.ready == 0)
            left = playout.queued_samples
            await listener.hears(10)
            assert playout.queued_samples == left
            assert left > 0

    run(go())


def test_messages_that_make_no_sense_are_ignored(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url) as s, browser(s.http) as listener:
            for nonsense in ("", "{", "[" * 1_999, "null", '{"type": 7}', b"\x00\xff", "x" * 9_000):
                listener.say(nonsense)
            await listener.hears(5)
            audience = s.players.open("default").audience
            assert (audience.ready, audience.connected) == (0, 1)
            listener.say_ready()
            await becomes(lambda: audience.ready == 1)

    run(go())


def test_what_cannot_be_served_is_refused_by_field_and_leaves_nothing(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url) as s:
            assert (await s.refusal(b"{"))[:2] == (400, "body")
            tasks = len(asyncio.all_tasks())
            for data, status, field in (
                (b"[]", 400, "body"),
                (body(type="answer"), 400, "type"),
                (body(more=1), 400, "more"),
                (body(feed="a b"), 422, "feed"),
                (body("hello"), 400, "sdp"),
                (body(CHROMIUM.replace("opus", "sopu")), 400, "sdp"),
                (body(CHROMIUM.replace("a=rtcp-mux", "a=rtcp")), 400, "sdp"),
                (b" " * (MAX_BODY_BYTES + 1), 413, "body"),
            ):
                found = await s.refusal(data)
                assert found[:2] == (status, field)
                assert found[2]
            assert s.peers.count == 0
            assert s.routed == 0
            # the player that an offer opened lingers, with its committer
            await becomes(lambda: len(asyncio.all_tasks()) <= tasks + 1)

    run(go())


@pytest.mark.parametrize("kind", ["text/plain", "application/sdp", ""])
def test_another_content_type_is_refused(redis_url: str, kind: str) -> None:
    async def go() -> None:
        async with site(redis_url) as s:
            status, field, _ = await s.refusal(body(), **{"Content-Type": kind})
            assert (status, field) == (400, "Content-Type")
            assert s.peers.count == 0

    run(go())


def test_too_many_listeners_are_told_to_try_later(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url, max_listeners=1) as s:
            async with browser(s.http):
                assert (await s.refusal(body()))[:2] == (503, "listeners")
            await becomes(lambda: s.peers.count == 0)
            async with browser(s.http):
                pass
            refused = 'playhead_offers_refused_total{error="TooManyListeners"} 1.0'
            assert refused in s.metrics.render().decode()

    run(go())


def test_an_offer_that_never_connects_frees_its_place(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url, connect_timeout=0.1, max_listeners=1) as s:
            async with s.http.post("/offer", data=body(), headers=JSON) as reply:
                assert (await reply.json())["type"] == "answer"
            await becomes(lambda: s.peers.count == 0)
            async with s.http.post("/offer", data=body(), headers=JSON) as reply:
                assert reply.status == 200

    run(go())


JSON = {"Content-Type": "application/json"}


def test_a_listener_that_hangs_up_is_gone_and_counted_no_more(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url) as s:
            async with browser(s.http) as listener:
                listener.say_ready()
                await becomes(lambda: b"playhead_listeners_ready 1.0" in s.metrics.render())
            await becomes(lambda: b"playhead_listeners_connected 0.0" in s.metrics.render())
            assert b"playhead_listeners_ready 0.0" in s.metrics.render()

    run(go())


def test_health_readiness_and_metrics_say_what_is(redis_url: str) -> None:
    async def go() -> None:
        async with site(redis_url) as s:
            async with s.http.get("/healthz") as reply:
                assert (reply.status, await reply.json()) == (200, {"status": "ok"})
            await becomes(lambda: s.health.redis)
            async with s.http.get("/readyz") as reply:
                assert (reply.status, await reply.json()) == (200, {"status": "ready"})
            async with s.http.get("/metrics") as reply:
                assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                assert "playhead_redis_up 1.0" in await reply.text()

    run(go())


def test_without_redis_it_is_healthy_and_not_ready() -> None:
    async def go() -> None:
        async with site("redis://127.0.0.1:1") as s:
            async with s.http.get("/healthz") as reply:
                assert reply.status == 200
            async with s.http.get("/readyz") as reply:
                assert reply.status == 503
                assert json.loads(await reply.text())["error"]["field"] == "redis"

    run(go())
