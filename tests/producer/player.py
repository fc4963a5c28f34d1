"""Stands in for a streamer: plays what is written, as fast as told, and says so."""

import asyncio
from typing import Any, cast

from redis.asyncio import Redis

from feed import lookup
from feed.cancellation import heeding
from feed.entries import AudioDelta, parse_audio_entry
from feed.events import Error, Event, Listeners, Started, Stopped, event_fields
from feed.ids import EntryId
from feed.keys import FeedKeys
from feed.playhead import Playhead


class Player:
    """Plays one feed at once; ``fails`` ends every response with an error instead."""

    def __init__(self, redis: Redis, feed_name: str, *, fails: bool = False) -> None:
        self._redis = redis
        self._keys = FeedKeys(feed_name)
        self._fails = fails
        self.heard: dict[str, bytes] = {}
        """The audio of each response that has been played."""
        self.completed: list[str] = []

    async def listeners(self, ready: int) -> None:
        await self._emit(Listeners(ready, ready))

    async def play(self) -> None:
        """Play until cancelled, from the playhead on."""
        at = (await lookup.playhead(self._redis, self._keys)).audio_id
        while True:
            at = await heeding(self._play_after(at))
            await asyncio.sleep(0.02)

    async def _play_after(self, at: EntryId) -> EntryId:
        page = await self._redis.xrange(self._keys.audio, min=f"({at}", count=100)
        for raw_id, fields in cast(lookup.Entries, page):
            at = EntryId.parse(raw_id)
            await self._take(at, parse_audio_entry(fields))
        return at

    async def _take(self, at: EntryId, entry: Any) -> None:
        response_id = entry.response_id
        if isinstance(entry, AudioDelta):
            if response_id not in self.heard:
                await self._emit(Started(response_id, entry.item_id))
            self.heard[response_id] = self.heard.get(response_id, b"") + entry.audio
            offset = entry.offset + entry.samples
            playhead = Playhead(at, entry.samples, response_id, entry.item_id, offset)
            await self._redis.hset(self._keys.playhead, mapping=cast(Any, playhead.fields()))
            return
        self.completed.append(response_id)
        if self._fails:
            await self._emit(Error(response_id, "response_timeout", "it took too long"))
        else:
            await self._emit(Stopped(response_id, entry.item_id, entry.samples, 0))

    async def _emit(self, event: Event) -> None:
        await self._redis.xadd(self._keys.events, cast(Any, event_fields(event)))
