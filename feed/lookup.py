"""One look at a feed: where its stream ends, where its playhead is, who listens."""

from collections.abc import Mapping
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from feed.backlog import Backlog
from feed.entries import AudioDelta, parse_audio_entry
from feed.errors import MalformedEntry, UnknownEntry
from feed.events import Listeners, parse_event
from feed.ids import START, EntryId
from feed.keys import FeedKeys
from feed.playhead import Playhead

PAGE_ENTRIES = 100
"""Entries per XRANGE: at most 5 MB of audio, in practice about 100 kB."""

Entries = list[tuple[bytes, dict[bytes, bytes]]]


async def last_id(redis: Redis, stream: str) -> EntryId:
    """Return the last ID ``stream`` has generated, trimmed or not; ``START`` if there is none."""
    try:
        info = cast(Mapping[str, bytes], await redis.xinfo_stream(stream))
    except ResponseError as error:  # the boundary to Redis: no stream is an answer, not a fault
        if "no such key" in str(error):
            return START
        raise
    return EntryId.parse(info["last-generated-id"])


async def playhead(redis: Redis, keys: FeedKeys) -> Playhead:
    """Return where playback is; the beginning if the feed has never been played.

    Raises:
        MalformedEntry: the hash is not a playhead.
    """
    fields = cast(Mapping[bytes, bytes], await redis.hgetall(keys.playhead))
    return Playhead.parse(fields) or Playhead()


async def update_backlog(redis: Redis, keys: FeedKeys, backlog: Backlog) -> Playhead:
    """Bring ``backlog`` up to date: count what others wrote, and what has been played.

    Raises:
        MalformedEntry: the hash is not a playhead.
    """
    now_at = await playhead(redis, keys)
    backlog.played(now_at)
    start = max(now_at.audio_id, backlog.last_id)
    while True:
        page = cast(Entries, await redis.xrange(keys.audio, min=str(start), count=PAGE_ENTRIES))
        for raw_id, fields in page:
            start = EntryId.parse(raw_id)
            backlog.wrote(start, _samples(fields))
        if len(page) < PAGE_ENTRIES:
            return now_at
        start = start.next()


async def newest_listeners(
    redis: Redis, keys: FeedKeys, scan: int = 1000
) -> tuple[EntryId, Listeners | None]:
    """Find the newest ``feed.listeners`` among the last ``scan`` events.

    Returns:
        The last event's ID, to follow the events from there without a gap, and the
        listeners, or None if no such event is there.
    """
    newest, upper, seen = START, "+", 0
    while seen < scan:
        page = cast(
            Entries, await redis.xrevrange(keys.events, max=upper, min="-", count=PAGE_ENTRIES)
        )
        for raw_id, fields in page:
            newest = max(newest, EntryId.parse(raw_id))
            listeners = _listeners(fields)
            if listeners is not None:
                return newest, listeners
        seen += len(page)
        if len(page) < PAGE_ENTRIES:
            break
        upper = str(EntryId.parse(page[-1][0]).before())
    return newest, None


def _samples(fields: Mapping[bytes, bytes]) -> int:
    try:
        entry = parse_audio_entry(fields)
    except (MalformedEntry, UnknownEntry):  # the boundary to other writers: never played
        return 0
    return entry.samples if isinstance(entry, AudioDelta) else 0


def _listeners(fields: Mapping[bytes, bytes]) -> Listeners | None:
    try:
        event = parse_event(fields)
    except (MalformedEntry, UnknownEntry):  # the boundary to other releases: not for us
        return None
    return event if isinstance(event, Listeners) else None
