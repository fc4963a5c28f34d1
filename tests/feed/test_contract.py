"""Golden bytes: entries as a program in another language would write and read them.

A round trip through one shared codec would survive a change that breaks everybody else;
these bytes do not.
"""

import asyncio

import redis

from feed.connection import connect
from feed.entries import AudioDelta, AudioDone, parse_audio_entry
from feed.events import Error, Event, Listeners, Started, Stopped, event_fields, parse_event
from feed.writer import FeedWriter
from tests.conftest import run

DELTA = {
    b"v": b"1",
    b"type": b"response.output_audio.delta",
    b"response_id": b"resp_1",
    b"item_id": b"item_1",
    b"offset": b"480",
    b"audio": b"\x00\x00\xff\x7f\x00\x80",
}
DONE = {
    b"v": b"1",
    b"type": b"response.output_audio.done",
    b"response_id": b"resp_1",
    b"item_id": b"item_1",
    b"samples": b"483",
}
EVENTS: list[tuple[dict[bytes, bytes], Event]] = [
    (
        {b"v": b"1", b"type": b"output_audio_buffer.started"}
        | {b"response_id": b"r", b"item_id": b"i"},
        Started("r", "i"),
    ),
    (
        {b"v": b"1", b"type": b"output_audio_buffer.stopped"}
        | {b"response_id": b"r", b"item_id": b"i", b"samples": b"24", b"audio_end_ms": b"1"},
        Stopped("r", "i", 24, 1),
    ),
    (
        {b"v": b"1", b"type": b"feed.listeners", b"ready": b"1", b"connected": b"2"},
        Listeners(1, 2),
    ),
    (
        {b"v": b"1", b"type": b"error", b"response_id": b"r"}
        | {b"code": b"response_timeout", b"message": b"gone"},
        Error("r", "response_timeout", "gone"),
    ),
]


def test_what_others_write_is_read() -> None:
    assert parse_audio_entry(DELTA) == AudioDelta("resp_1", "item_1", 480, DELTA[b"audio"])
    assert parse_audio_entry(DONE) == AudioDone("resp_1", "item_1", 483)
    for fields, event in EVENTS:
        assert parse_event(fields) == event


def test_fields_we_do_not_know_are_ignored() -> None:
    assert parse_audio_entry(DELTA | {b"voice": b"x"}).response_id == "resp_1"


def test_what_we_write_others_can_read() -> None:
    delta = AudioDelta("resp_1", "item_1", 480, DELTA[b"audio"])
    assert {k.encode(): v for k, v in delta.fields().items()} == DELTA
    done = AudioDone("resp_1", "item_1", 483)
    assert {k.encode(): v for k, v in done.fields().items()} == DONE
    for fields, event in EVENTS:
        assert {k.encode(): v for k, v in event_fields(event).items()} == fields


def test_a_response_as_redis_holds_it(redis_url: str) -> None:
    async def write() -> None:
        async with connect(redis_url) as client, FeedWriter(client, "f") as writer:
            response = await writer.begin(response_id="resp_1", item_id="item_1")
            await response.write(b"\x00" * 960)
            await response.write(DELTA[b"audio"])
            await asyncio.sleep(0)
            await response.done()

    run(write())
    with redis.Redis.from_url(redis_url) as client:
        entries = client.xrange("feed:{f}:audio")
        assert [fields for _, fields in entries][1:] == [DELTA, DONE]
        ms = entries[0][0].split(b"-")[0]
        assert [entry_id for entry_id, _ in entries] == [ms + b"-%d" % n for n in range(3)]
        assert client.exists("feed:{f}:writer") == 0
        assert 86_000 < client.ttl("feed:{f}:audio") <= 86_400
        assert client.zscore("feeds", "f") >= int(ms)
