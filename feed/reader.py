"""Reads the audio streams of all feeds of a process with one XREAD.

Always after an explicit last ID, never ``$``: what arrives between two calls is not
lost. No consumer group: the playhead says what has been played.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from feed.cancellation import heeding
from feed.connection import UNREACHABLE, Backoff
from feed.entries import AudioEntry, parse_audio_entry
from feed.errors import MalformedEntry, UnknownEntry
from feed.ids import EntryId
from feed.keys import FeedKeys

READ_COUNT = 16
"""Entries of each feed per XREAD: what a feed must have room for to be read."""
BLOCK_MS = 200
"""How long an XREAD waits. Also the longest delay before a feed added meanwhile is read."""

Entry = tuple[bytes, dict[bytes, bytes]]
XreadReply = list[tuple[bytes, list[Entry]]]
"""What redis-py gives for XREAD over RESP2 without decoding; its own types say less."""

log = structlog.get_logger()


class Sink(Protocol):
    """Who takes what is read of one feed."""

    def wants(self, entries: int) -> bool:
        """Tell whether there is room for so many entries more."""

    def take(self, entry_id: EntryId, entry: AudioEntry) -> None:
        """Take the next entry of the feed."""

    def refuse(self, entry_id: EntryId, error: MalformedEntry | UnknownEntry) -> None:
        """Count an entry that could not be read; the next one follows."""


class FeedReader:
    """One blocking XREAD over every feed whose sink has room.

    ``on_health`` is told True and False as Redis comes and goes.
    """

    def __init__(self, redis: Redis, on_health: Callable[[bool], None]) -> None:
        self._redis = redis
        self._on_health = on_health
        self._sinks: dict[str, Sink] = {}
        self._last: dict[str, EntryId] = {}
        self._added = asyncio.Event()
        self._up: bool | None = None

    def add(self, keys: FeedKeys, after: EntryId, sink: Sink) -> None:
        """Read the feed from the entry after ``after`` on."""
        self._sinks[keys.audio] = sink
        self._last[keys.audio] = after
        self._added.set()

    def remove(self, keys: FeedKeys) -> None:
        """Stop reading the feed; what an XREAD under way still brings is dropped."""
        self._sinks.pop(keys.audio, None)
        self._last.pop(keys.audio, None)

    async def run(self) -> None:
        """Read until cancelled, through any loss of Redis."""
        backoff = Backoff()
        while True:
            try:
                await heeding(self._read_once())
            except UNREACHABLE as error:
                self._note_health(False, str(error))
                await asyncio.sleep(backoff.next())
            except ResponseError as error:
                # a key of another kind under our name (WRONGTYPE), or an ACL: not ours to
                # mend, and no reason to stop reading the other feeds
                log.error("redis.refused", error=str(error))
                await asyncio.sleep(backoff.next())
            else:
                self._note_health(True)
                backoff.reset()

    def _note_health(self, up: bool, error: str = "") -> None:
        """Tell of Redis coming or going, once each time."""
        if up == self._up:
            return
        self._up = up
        self._on_health(up)
        if up:
            log.info("redis.reachable")
        else:
            log.warning("redis.unreachable", error=error)

    async def _read_once(self) -> None:
        streams = {
            key: str(self._last[key]) for key, sink in self._sinks.items() if sink.wants(READ_COUNT)
        }
        if not streams:
            self._added.clear()
            await self._redis.ping()
            try:
                async with asyncio.timeout(BLOCK_MS / 1000):
                    await self._added.wait()
            except TimeoutError:
                pass  # look again: a sink may have room by now
            return
        reply = await self._redis.xread(streams, count=READ_COUNT, block=BLOCK_MS)  # type: ignore[arg-type]
        for key, entries in cast("XreadReply", reply):
            self._deliver(key.decode(), entries)

    def _deliver(self, key: str, entries: list[Entry]) -> None:
        for raw_id, fields in entries:
            sink = self._sinks.get(key)
            if sink is None:  # removed while the XREAD was under way
                return
            entry_id = EntryId.parse(raw_id)
            self._last[key] = entry_id
            try:
                entry = parse_audio_entry(fields)
            except (MalformedEntry, UnknownEntry) as error:
                sink.refuse(entry_id, error)
            else:
                sink.take(entry_id, entry)
