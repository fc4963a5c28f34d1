"""Gets entries into the audio stream: whole batches, in order, exactly once."""

import time
from collections.abc import Iterable
from typing import cast

import structlog
from redis.asyncio import Redis

from feed import lookup
from feed.entries import AudioEntry
from feed.errors import FeedConflict, FeedTaken
from feed.ids import EntryId
from feed.keys import FEEDS_KEY, FeedKeys
from feed.lease import Answer, Verdict, WriterLease
from feed.outbox import Numbered, Outbox, batches
from feed.patience import Patience

BATCH_ENTRIES = 256
BATCH_BYTES = 256 * 1024
"""A batch is one Lua call, which Redis runs to its end: both bounds keep it near 1 ms."""

log = structlog.get_logger()


class Delivery:
    """The outbox of one writer, and the calls that empty it into the stream."""

    def __init__(
        self, redis: Redis, keys: FeedKeys, lease: WriterLease, patience: Patience
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._lease = lease
        self._patience = patience
        self._outbox = Outbox()

    def begin(self, stream_last: EntryId, playhead: EntryId) -> None:
        """Let a new series of IDs begin, after all that is in the stream."""
        self._outbox.begin(round(time.time() * 1000), time.monotonic(), stream_last, playhead)

    def played(self, playhead: EntryId) -> None:
        """Take note that nothing before ``playhead`` needs to be written again."""
        self._outbox.played(playhead)

    def lacks(self, stream_last: EntryId) -> bool:
        """Tell whether a stream that ends at ``stream_last`` has lost anything kept here."""
        return bool(self._outbox.missing(stream_last))

    def abandon(self) -> None:
        """Forget everything: the feed is somebody else's now."""
        self._outbox = Outbox()

    async def write(self, entries: Iterable[AudioEntry]) -> list[EntryId]:
        """Put ``entries`` under the next IDs and write all the stream lacks.

        Cancelled in the middle, what is not written yet is written by the next call.

        Returns:
            The IDs of ``entries``.

        Raises:
            FeedTaken: another producer has the feed, or had it meanwhile.
            FeedConflict: somebody wrote into the stream without taking the feed.
        """
        ids = [self._outbox.add(entry) for entry in entries]
        await self._flush()
        return ids

    async def restore(self, stream_last: EntryId) -> int:
        """Write again what a stream that ends at ``stream_last`` has lost; return how many."""
        missing = self._outbox.missing(stream_last)
        if missing:
            self._outbox.stream_ends_at(stream_last)
            await self._flush()
        return len(missing)

    async def _flush(self) -> None:
        while missing := self._outbox.missing(self._outbox.last_id):
            batch = next(batches(missing, _size_of, BATCH_ENTRIES, BATCH_BYTES))
            answer = await self._patience.steadily(lambda: self._try(batch))  # noqa: B023  # awaited at once
            await self._settle(batch, answer)

    async def _try(self, batch: list[Numbered]) -> Answer:
        answer = await self._lease.write(batch, self._outbox.last_id)
        # `feeds` is in no feed's cluster slot, so it cannot be in the batch's call
        await self._redis.zadd(FEEDS_KEY, {self._keys.name: round(time.time() * 1000)})
        return answer

    async def _settle(self, batch: list[Numbered], answer: Answer) -> None:
        """Take note of what a try to write ``batch`` found."""
        name = self._keys.name
        if answer.verdict is Verdict.OTHER:
            raise FeedTaken(name)
        if answer.verdict is Verdict.WRITTEN:
            self._outbox.acknowledge(answer.last_id, time.monotonic())
        elif answer.last_id < self._outbox.last_id:
            log.warning("writer.stream_went_back", feed=name, to=str(answer.last_id))
            self._outbox.stream_ends_at(answer.last_id)
        elif any(numbered.id == answer.last_id for numbered in batch):
            # The reply to an earlier try was lost. A batch is written whole or not at all.
            await self._check_same(batch)
            self._outbox.acknowledge(answer.last_id, time.monotonic())
        elif answer.verdict is Verdict.MOVED_UNHELD:
            raise FeedTaken(name)
        else:
            raise FeedConflict(
                f"feed {name!r}: somebody wrote {answer.last_id} without taking the feed"
            )

    async def _check_same(self, batch: list[Numbered]) -> None:
        """Compare ``batch`` with what the stream holds under its IDs, if not trimmed yet."""
        first, last = str(batch[0].id), str(batch[-1].id)
        found = await self._patience.steadily(
            lambda: self._redis.xrange(self._keys.audio, min=first, max=last)
        )
        ours = {str(numbered.id).encode(): numbered.entry.fields() for numbered in batch}
        for raw_id, fields in cast(lookup.Entries, found):
            if {name.decode(): value for name, value in fields.items()} != ours.get(raw_id):
                raise FeedConflict(
                    f"feed {self._keys.name!r}: entry {raw_id.decode()} is not what we wrote"
                )


def _size_of(numbered: Numbered) -> int:
    return numbered.audio_bytes
