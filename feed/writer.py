"""Writes speech into a feed: exactly once, one producer at a time, never too far ahead.

    async with FeedWriter(redis, "default") as writer:
        response = await writer.begin()
        async for pcm in llm_audio:
            await response.write(pcm)
        await response.done()

Losses of Redis are ridden out: every call waits and tries again until it succeeds or is
cancelled. What was written is checked against the stream at every batch, so a lost reply
doubles nothing and a failover that takes writes back loses nothing of the last 10 s.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from feed import lookup
from feed.audio import FEED_RATE_HZ, seconds
from feed.backlog import Backlog
from feed.connection import UNREACHABLE
from feed.delivery import BATCH_BYTES, BATCH_ENTRIES, Delivery
from feed.draft import Draft, cut
from feed.entries import AudioDelta, AudioEntry
from feed.errors import FeedConflict, FeedTaken
from feed.ids import EntryId
from feed.keys import FeedKeys
from feed.lease import Verdict, WriterLease
from feed.outbox import batches
from feed.patience import OnWait, Patience
from feed.playhead import Playhead

MAX_BACKLOG_S = 600.0
WRITER_TTL_S = 5.0
FEED_TTL_S = 86_400.0
POLL_S = 0.25
"""How often a waiting writer looks again."""
CLOSE_S = 2.0
"""How long leaving the context may take to end an open response."""

log = structlog.get_logger()


class FeedWriter:
    """The one producer of a feed, while it has a response open.

    Args:
        redis: from ``feed.connection.connect``: no retries of its own, bytes as replies.
        feed_name: 1-64 of ``[A-Za-z0-9._-]``.
        interrupt: take the feed from another producer instead of waiting for it.
        max_backlog_s: more unplayed speech than this makes ``write`` wait.
        writer_ttl_s: how soon another producer may write once this one is gone.
        feed_ttl_s: how long a feed is kept after its last write.
        on_wait: told what is waited for, and None when things go on.

    Raises:
        InvalidFeedName: ``feed_name`` cannot be one.
    """

    def __init__(
        self,
        redis: Redis,
        feed_name: str,
        *,
        interrupt: bool = False,
        max_backlog_s: float = MAX_BACKLOG_S,
        writer_ttl_s: float = WRITER_TTL_S,
        feed_ttl_s: float = FEED_TTL_S,
        on_wait: OnWait | None = None,
    ) -> None:
        self._redis = redis
        self._keys = FeedKeys(feed_name)
        self._interrupt = interrupt
        self._max_backlog = round(max_backlog_s * FEED_RATE_HZ)
        self._renew_s = writer_ttl_s / 3
        self._patience = Patience(feed_name, on_wait)
        token = secrets.token_hex(16)
        self._lease = WriterLease(redis, self._keys, token, writer_ttl_s, feed_ttl_s)
        self._delivery = Delivery(redis, self._keys, self._lease, self._patience)
        self._backlog = Backlog()
        self._response: Response | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._is_taken = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End an open response with what was written of it, and let go of the feed.

        However the caller left, what was written is speech that will be heard: ended here
        it does not make the listener wait for more. Takes at most ``CLOSE_S`` twice.
        """
        if self._response is not None:
            with contextlib.suppress(TimeoutError, FeedTaken, FeedConflict):
                async with asyncio.timeout(CLOSE_S):
                    await self._response.close()
        if self._renewing is not None:
            await self._let_go()

    async def begin(
        self, *, response_id: str | None = None, item_id: str | None = None
    ) -> "Response":
        """Wait for the feed to be free and begin a response; IDs are made up if not given.

        Raises:
            RuntimeError: the last response is still open.
            MalformedEntry: an ID is not 1 to 128 printable characters.
        """
        if self._response is not None:
            raise RuntimeError("a response is open: call done() on it first")
        draft = Draft(
            response_id or f"resp_{secrets.token_hex(10)}",
            item_id or f"item_{secrets.token_hex(10)}",
        )
        stream_last = await self._take()
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._keep_renewing())
        playhead = await self._patience.steadily(self._update_backlog)
        self._delivery.begin(stream_last, playhead.audio_id)
        self._response = Response(self, draft)
        return self._response

    async def restore(self) -> int:
        """Write again what Redis has lost of the last 10 s; for use after an outage.

        Only needed between responses (a write does the same), and only possible while
        nobody else has the feed.

        Returns:
            How many entries were written again.
        """
        if self._response is not None:
            return 0
        answer = await self._patience.steadily(lambda: self._lease.take(interrupt=False))
        if answer.verdict is Verdict.OTHER:
            return 0
        try:
            playhead = await self._patience.steadily(self._update_backlog)
            self._delivery.played(playhead.audio_id)
            return await self._delivery.restore(answer.last_id)
        except (FeedTaken, FeedConflict):  # somebody writes now: what is lost stays lost
            self._delivery.abandon()
            return 0
        finally:
            await self._let_go()

    def saw_playhead(self, playhead: Playhead) -> None:
        """Take note of a playhead read elsewhere: what it passed is never written again."""
        self._backlog.played(playhead)
        self._delivery.played(playhead.audio_id)

    async def _write(self, entries: Iterable[AudioEntry]) -> None:
        """Deliver ``entries``; losing the feed ends the response."""
        entries = list(entries)
        try:
            ids = await self._delivery.write(entries)
        except (FeedTaken, FeedConflict):
            self._delivery.abandon()
            await self._let_go()
            raise
        for entry_id, entry in zip(ids, entries, strict=True):
            if isinstance(entry, AudioDelta):
                self._backlog.wrote(entry_id, entry.samples)

    async def _room(self) -> None:
        """Wait until at most ``max_backlog_s`` of speech is unplayed.

        Raises:
            FeedTaken: another producer has taken the feed meanwhile.
        """
        while self._backlog.samples > self._max_backlog and not self._is_taken:
            self.saw_playhead(await self._patience.steadily(self._read_playhead))
            if self._backlog.samples > self._max_backlog:
                self._patience.wait_for(f"the listener is {_time(self._backlog.samples)} behind")
                await asyncio.sleep(POLL_S)
        self._patience.wait_for(None)

    async def _take(self) -> EntryId:
        while True:
            answer = await self._patience.steadily(
                lambda: self._lease.take(interrupt=self._interrupt)
            )
            if answer.verdict is Verdict.HELD:
                self._patience.wait_for(None)
                self._is_taken = False
                return answer.last_id
            self._patience.wait_for("another producer has the feed")
            await asyncio.sleep(POLL_S)

    async def _keep_renewing(self) -> None:
        """Hold the key through pauses of the source and of the listener."""
        while not self._is_taken:
            await asyncio.sleep(self._renew_s)
            try:
                self._is_taken = not await self._lease.renew()
            except (*UNREACHABLE, ResponseError) as error:  # the boundary to Redis
                log.info("writer.not_renewed", feed=self._keys.name, error=str(error))

    async def _let_go(self) -> None:
        """Release the key; if Redis is out, its expiry does the same."""
        self._response = None
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None
        try:
            await self._lease.release()
        except (*UNREACHABLE, ResponseError) as error:  # the boundary to Redis
            log.info("writer.not_released", feed=self._keys.name, error=str(error))

    async def _read_playhead(self) -> Playhead:
        return await lookup.playhead(self._redis, self._keys)

    async def _update_backlog(self) -> Playhead:
        return await lookup.update_backlog(self._redis, self._keys, self._backlog)


class Response:
    """One utterance being written. Made by ``FeedWriter.begin``."""

    def __init__(self, writer: FeedWriter, draft: Draft) -> None:
        self._writer = writer
        self._draft = draft
        self._has_ended = False

    @property
    def response_id(self) -> str:
        """The ID events carry."""
        return self._draft.response_id

    @property
    def samples(self) -> int:
        """Samples written so far, over all items, at 24 kHz."""
        return self._draft.samples

    async def write(self, pcm: bytes, *, item_id: str | None = None) -> None:
        """Write a chunk; returns when it is in the stream. See ``write_many``."""
        await self.write_many([pcm], item_id=item_id)

    async def write_many(self, chunks: Iterable[bytes], *, item_id: str | None = None) -> None:
        """Write chunks, one entry each (several above 1 s), in as few calls as possible.

        Waits while the listener is too far behind, and while Redis is out.

        Args:
            chunks: s16le mono at 24 kHz, whole samples, any length.
            item_id: from here on chunks belong to this item; its offsets start from 0.

        Raises:
            InvalidAudio: a chunk ends in half a sample; none of them is written.
            FeedTaken: another producer has the feed; the response is over.
            FeedConflict: somebody wrote into the stream without taking the feed.
            RuntimeError: the response is over.
        """
        self._must_be_open()
        for pieces in batches(cut(chunks), len, BATCH_ENTRIES, BATCH_BYTES):
            await self._writer._room()
            await self._writer._write(self._draft.deltas(pieces, item_id))

    async def done(self) -> None:
        """End the response and let the next producer write.

        The ``done`` entry names the last item and its length.

        Raises: as ``write_many``.
        """
        self._must_be_open()
        await self.close()

    async def close(self) -> None:
        """End the response, or go on ending it where that was cancelled."""
        entries = [] if self._has_ended else [self._draft.done()]
        self._has_ended = True
        await self._writer._write(entries)
        await self._writer._let_go()

    def _must_be_open(self) -> None:
        if self._has_ended or self._writer._response is not self:
            raise RuntimeError(f"response {self.response_id} is over")


def _time(samples: int) -> str:
    whole = round(seconds(samples))
    return f"{whole} s" if whole < 100 else f"{whole / 60:.0f} min"  # noqa: PLR2004
