"""Speaks a source into a feed and, if asked, waits until it has been heard."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from redis.asyncio import Redis

from feed import lookup
from feed.errors import MalformedEntry
from feed.events import Error, Listeners, Started, Stopped
from feed.follower import EventFollower
from feed.ids import START, EntryId
from feed.keys import FeedKeys
from feed.patience import Patience
from feed.writer import FeedWriter, Response
from producer.cadence import Burst, Cadence, Chunker, Pace
from producer.errors import ResponseFailed, UnreadableAudio
from producer.pump import pumped
from producer.source import Source

PLAYHEAD_POLL_S = 0.2
POLLS_PER_RESTORE = 5

log = structlog.get_logger()


class Reporter(Protocol):
    """Who is told how speaking goes on. Samples are at 24 kHz."""

    def begins(self, name: str, expected_samples: int | None) -> None:
        """Note that a source is about to be spoken."""

    def waiting(self, reason: str | None) -> None:
        """Note what the writer waits for, or None when it goes on."""

    def listeners(self, ready: int) -> None:
        """Note how many are ready to hear; not told if nobody waits for that."""

    def written(self, samples: int) -> None:
        """Note that all of the response, so long, is in the stream."""

    def started(self) -> None:
        """Note that the first sample has been sent."""

    def position(self, samples: int) -> None:
        """Note how much of the response has been sent."""

    def complete(self, samples: int, *, heard: bool) -> None:
        """Note the end; ``heard`` is False if nobody waited for the last sample to be sent."""


@dataclass(frozen=True, slots=True)
class Audience:
    """How many were ready to hear, as of an event: what came after it is still to be read."""

    after: EntryId = START
    ready: int = 0


@dataclass(frozen=True, slots=True)
class Speech:
    """How to speak: the cadence of the chunks and their size in bytes."""

    pace: Pace = Pace.LLM
    seed: int = 0
    chunk_bytes: int = 1024


class Speaker:
    """Speaks sources into one feed, one after the other."""

    def __init__(
        self, redis: Redis, feed_name: str, writer: FeedWriter, speech: Speech, reporter: Reporter
    ) -> None:
        self._redis = redis
        self._keys = FeedKeys(feed_name)
        self._writer = writer
        self._speech = speech
        self._reporter = reporter
        self._patience = Patience(feed_name, reporter.waiting)

    async def audience(self) -> Audience:
        """Look up who listens now."""
        after, listeners = await self._patience.steadily(
            lambda: lookup.newest_listeners(self._redis, self._keys)
        )
        return Audience(after, listeners.ready if listeners else 0)

    async def speak(self, source: Source, audience: Audience, *, wait: bool) -> Audience:
        """Speak ``source`` as one response.

        Args:
            source: what to speak.
            audience: as of before this call.
            wait: return when the last sample has been sent, else when it is written.

        Returns:
            The audience as of the event that ended the response.

        Raises:
            UnreadableAudio: the source broke off; what could be read has been spoken.
            ResponseFailed: the player ended the response with an error.
            FeedTaken, FeedConflict: see ``FeedWriter``.
        """
        self._reporter.begins(source.name, source.expected_samples)
        if wait:
            self._reporter.listeners(audience.ready)
        async with aclosing(_bursts(source, self._speech)) as bursts:
            # nothing is begun for a source that holds nothing
            first = await anext(bursts)
            response = await self._writer.begin()
            log.info("speak.begin", response_id=response.response_id, source=source.name)
            async with contextlib.AsyncExitStack() as stack:
                watching = None
                if wait:
                    watching = await stack.enter_async_context(
                        _running(self._watch(response.response_id, audience))
                    )
                    await stack.enter_async_context(_running(self._follow_playhead(response)))
                broken_off = await self._write(response, first, bursts, watching)
                self._reporter.written(response.samples)
                if watching is not None:
                    audience = await watching
        log.info("speak.end", response_id=response.response_id, samples=response.samples)
        self._reporter.complete(response.samples, heard=wait)
        if broken_off is not None:
            raise broken_off
        return audience

    async def _write(
        self,
        response: Response,
        first: Burst,
        bursts: AsyncIterator[Burst],
        watching: "asyncio.Task[Audience] | None",
    ) -> UnreadableAudio | None:
        """Write every burst when it is due, and ``done``; return what broke the source off."""
        began = time.monotonic()
        await response.write_many(first.chunks)
        broken_off = None
        try:
            async for burst in bursts:
                await _until(began + burst.at_s, watching)
                await response.write_many(burst.chunks)
        except UnreadableAudio as error:
            broken_off = error
        await response.done()
        return broken_off

    async def _watch(self, response_id: str, audience: Audience) -> Audience:
        """Follow the events until one ends the response. Only an event does, never a timer."""
        ready = audience.ready
        follower = EventFollower(
            self._redis, self._keys.name, audience.after, self._reporter.waiting
        )
        async with aclosing(aiter(follower)) as events:
            async for event_id, event in events:
                if isinstance(event, Listeners):
                    ready = event.ready
                    self._reporter.listeners(ready)
                elif event.response_id != response_id:
                    continue
                elif isinstance(event, Started):
                    self._reporter.started()
                elif isinstance(event, Stopped):
                    return Audience(event_id, ready)
                elif isinstance(event, Error):
                    raise ResponseFailed(response_id, event.code, event.message)
        raise AssertionError("following events does not end")

    async def _follow_playhead(self, response: Response) -> None:
        """Report the position, and write again what a Redis that came back has lost."""
        polls = 0
        while True:
            try:
                playhead = await self._patience.steadily(
                    lambda: lookup.playhead(self._redis, self._keys)
                )
            except MalformedEntry as error:  # the boundary to the player: only display is at stake
                log.warning("playhead.malformed", feed=self._keys.name, error=str(error))
            else:
                self._writer.saw_playhead(playhead)
                if playhead.response_id == response.response_id:
                    self._reporter.position(playhead.offset)
            polls += 1
            if polls % POLLS_PER_RESTORE == 0:
                await self._writer.restore()
            await asyncio.sleep(PLAYHEAD_POLL_S)


async def _bursts(source: Source, speech: Speech) -> AsyncGenerator[Burst, None]:
    """Read ``source`` beside the event loop; a source that breaks off gives its rest first."""
    chunker, cadence = Chunker(speech.chunk_bytes), Cadence(speech.pace, speech.seed)
    broken_off = None
    async with aclosing(pumped(source.blocks())) as blocks:
        try:
            async for block in blocks:
                for burst in _pushed(cadence, chunker.push(block)):
                    yield burst
        except UnreadableAudio as error:
            broken_off = error
    for burst in _pushed(cadence, chunker.flush()):
        yield burst
    for burst in cadence.flush():
        yield burst
    if broken_off is not None:
        raise broken_off


def _pushed(cadence: Cadence, chunks: Iterator[bytes]) -> Iterator[Burst]:
    for chunk in chunks:
        yield from cadence.push(chunk)


async def _until(due: float, watching: "asyncio.Task[Audience] | None") -> None:
    """Wait until ``due`` (monotonic s); raise at once what ended the response meanwhile."""
    delay_s = due - time.monotonic()
    if watching is None:
        await asyncio.sleep(max(delay_s, 0))
        return
    await asyncio.wait({watching}, timeout=max(delay_s, 0))
    if watching.done():
        watching.result()


@contextlib.asynccontextmanager
async def _running(
    work: Coroutine[Any, Any, Any],
) -> "AsyncIterator[asyncio.Task[Any]]":
    """Run ``work`` beside the body, and end it with the body."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and task.exception() is not None:
            log.debug("task.failed", error=str(task.exception()))
