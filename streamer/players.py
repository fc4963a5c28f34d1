"""The feeds of this process: opened by their first listener, let go some time after the last."""

import asyncio
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from feed.commits import Committer
from feed.keys import FeedKeys
from feed.reader import FeedReader
from streamer.health import Health
from streamer.metrics import Metrics
from streamer.opus import OpusEncoder
from streamer.player import FeedPlayer
from streamer.settings import Settings
from streamer.taps import CaptureTap, CaptureWriter, NoTap, Tap

log = structlog.get_logger()


@dataclass(slots=True)
class _Loaded:
    """A feed in memory, with the task that loads it and the one that lets it go."""

    player: FeedPlayer
    loading: asyncio.Task[None]
    leaving: asyncio.TimerHandle | None = None


class Players:
    """Makes, finds and frees the players of feeds."""

    def __init__(
        self,
        redis: Redis,
        reader: FeedReader,
        settings: Settings,
        metrics: Metrics,
        health: Health,
        captures: CaptureWriter | None,
    ) -> None:
        self._redis = redis
        self._reader = reader
        self._settings = settings
        self._metrics = metrics
        self._health = health
        self._captures = captures
        self._loaded: dict[str, _Loaded] = {}
        self._closing: dict[str, asyncio.Task[None]] = {}
        self._made = 0

    def open(self, name: str) -> FeedPlayer:
        """Return the player of a feed, made now if there is none.

        It sends silence until Redis has said where the feed stands.

        Raises:
            InvalidFeedName: if no feed can be called so.
        """
        found = self._loaded.get(name)
        if found is None:
            found = self._make(FeedKeys(name))
            self._loaded[name] = found
            self._metrics.feeds.set(len(self._loaded))
        if found.leaving is not None:
            found.leaving.cancel()
            found.leaving = None
        return found.player

    def release(self, player: FeedPlayer) -> None:
        """Note that a listener of ``player`` has gone, or never came.

        With nobody left it is let go after ``linger``, unless someone comes meanwhile.
        """
        found = self._loaded.get(player.name)
        if found is None or found.player is not player or player.audience.connected:
            return
        if found.leaving is not None:
            found.leaving.cancel()
        loop = asyncio.get_running_loop()
        found.leaving = loop.call_later(self._settings.linger, self._let_go, player.name)

    async def close(self) -> None:
        """Let go of every feed: commit, end captures."""
        for name in tuple(self._loaded):
            self._let_go(name)
        await asyncio.gather(*self._closing.values())

    def _make(self, keys: FeedKeys) -> _Loaded:
        settings = self._settings
        tap: Tap = NoTap()
        if self._captures is not None:
            tap = CaptureTap(self._captures, keys.name, settings.capture_max)
        encoder = OpusEncoder(
            settings.opus_bitrate, settings.opus_complexity, settings.opus_channels
        )
        committer = Committer(self._redis, keys, settings.feed_ttl)
        player = FeedPlayer(
            keys.name,
            committer,
            settings.playout_limits,
            encoder,
            tap,
            self._metrics,
            self._health,
            phase=self._made,
        )
        self._made += 1
        return _Loaded(player, asyncio.create_task(self._load(keys, player)))

    async def _load(self, keys: FeedKeys, player: FeedPlayer) -> None:
        earlier = self._closing.get(keys.name)
        if earlier is not None:  # its last commit holds the playhead to go on from
            await asyncio.wait([earlier])
        after = await player.load()
        self._metrics.playouts.add(player.playout)
        self._reader.add(keys, after, player)
        log.info("feed.opened", feed=keys.name, after=str(after))

    def _let_go(self, name: str) -> None:
        found = self._loaded.pop(name)
        self._metrics.feeds.set(len(self._loaded))
        if found.leaving is not None:
            found.leaving.cancel()
        task = asyncio.create_task(self._close(found), name=f"close {name}")
        self._closing[name] = task
        task.add_done_callback(lambda done: self._closed(name, done))

    def _closed(self, name: str, task: asyncio.Task[None]) -> None:
        if self._closing.get(name) is task:
            del self._closing[name]

    async def _close(self, found: _Loaded) -> None:
        found.loading.cancel()
        self._reader.remove(FeedKeys(found.player.name))
        await found.player.close()
        self._metrics.playouts.retire(found.player.playout)
        log.info("feed.closed", feed=found.player.name)
