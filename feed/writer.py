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

from redis.asyncio import Redis

from feed.delivery import BATCH_BYTES, BATCH_ENTRIES
from feed.draft import Draft, cut
from feed.entries import AudioEntry
from feed.errors import FeedConflict, FeedTaken
from feed.keys import FeedKeys
from feed.outbox import batches
from feed.patience import OnWait, Patience
from feed.playhead import Playhead
from feed.turn import Turn

MAX_BACKLOG_S = 600.0
WRITER_TTL_S = 5.0
FEED_TTL_S = 86_400.0
CLOSE_S = 2.0
"""How long leaving the context may take to end an open response, and then to let go."""


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
        self._turn = Turn(
            redis,
            FeedKeys(feed_name),
            Patience(feed_name, on_wait),
            max_backlog_s=max_backlog_s,
            writer_ttl_s=writer_ttl_s,
            feed_ttl_s=feed_ttl_s,
        )
        self._interrupt = interrupt
        self._response: Response | None = None

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
        it does not make the listener wait for more. See ``CLOSE_S``.
        """
        if self._response is not None and not self._response.is_over:
            with contextlib.suppress(TimeoutError, FeedTaken, FeedConflict):
                async with asyncio.timeout(CLOSE_S):
                    await self._response.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._turn.give_back()

    async def begin(
        self, *, response_id: str | None = None, item_id: str | None = None
    ) -> "Response":
        """Wait for the feed to be free and begin a response; IDs are made up if not given.

        Raises:
            RuntimeError: the last response is still open.
            MalformedEntry: an ID is not 1 to 128 printable characters.
        """
        if self._response is not None and not self._response.is_over:
            raise RuntimeError("a response is open: call done() on it first")
        draft = Draft(
            response_id or f"resp_{secrets.token_hex(10)}",
            item_id or f"item_{secrets.token_hex(10)}",
        )
        await self._turn.take(interrupt=self._interrupt)
        self._response = Response(self._turn, draft)
        return self._response

    async def restore(self) -> int:
        """Write again what Redis has lost of the last 10 s; for use after an outage.

        Only needed between responses (a write does the same), and only possible while
        nobody else has the feed.

        Returns:
            How many entries were written again.
        """
        if self._response is not None and not self._response.is_over:
            return 0
        return await self._turn.restore()

    def saw_playhead(self, playhead: Playhead) -> None:
        """Take note of a playhead read elsewhere: what it passed is never written again."""
        self._turn.saw_playhead(playhead)


class Response:
    """One utterance being written. Made by ``FeedWriter.begin``."""

    def __init__(self, turn: Turn, draft: Draft) -> None:
        self._turn = turn
        self._draft = draft
        self._has_ended = False
        self.is_over = False
        """Nothing more can be written: it is done, or the feed was lost."""

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
            # counted only when there is room: what is counted is written, even if cancelled
            await self._turn.room()
            await self._write(self._draft.deltas(pieces, item_id))

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
        await self._write(entries)
        self.is_over = True
        await self._turn.give_back()

    async def _write(self, entries: Iterable[AudioEntry]) -> None:
        try:
            await self._turn.write(entries)
        except (FeedTaken, FeedConflict):
            self.is_over = True
            raise

    def _must_be_open(self) -> None:
        if self._has_ended or self.is_over:
            raise RuntimeError(f"response {self.response_id} is over")
