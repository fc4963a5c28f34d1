"""The parts of a streamer put together in the test's own process, on a real Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from feed.connection import connect
from feed.keys import FeedKeys
from feed.reader import FeedReader
from streamer.health import Health
from streamer.ice.mux import Mux
from streamer.ice.sockets import Sockets
from streamer.metrics import Metrics
from streamer.peers import Peers
from streamer.players import Players
from streamer.settings import Settings
from streamer.web import make_app
from tests.conftest import becomes
from tests.streamer.drive import Numbered


@dataclass
class Parts:
    """A streamer, short of its command line."""

    redis: Redis
    metrics: Metrics
    health: Health
    reader: FeedReader
    players: Players
    mux: Mux
    peers: Peers
    settings: Settings

    @property
    def routed(self) -> int:
        """Entries in all tables of the mux."""
        return sum(self.mux.routes.sizes.values())

    async def write(self, entries: list[Numbered], feed: str = "default") -> None:
        for entry_id, entry in entries:
            fields: Any = entry.fields()
            await self.redis.xadd(FeedKeys(feed).audio, fields, id=str(entry_id))


@contextlib.asynccontextmanager
async def parts(redis_url: str, **settings: Any) -> AsyncIterator[Parts]:
    """Run everything but HTTP; what is left over at the end fails the test."""
    given = Settings(redis_url=redis_url, **settings)
    tasks_before = asyncio.all_tasks()
    async with connect(redis_url) as redis:
        metrics = Metrics()
        health = Health(metrics.redis_up.set)
        reader = FeedReader(redis, health.saw_redis)
        players = Players(redis, reader, given, metrics, health, None)
        sockets = Sockets(0)
        mux = Mux(sockets, metrics)
        peers = Peers(players, mux, given, metrics)
        reading = asyncio.create_task(reader.run())
        try:
            yield Parts(redis, metrics, health, reader, players, mux, peers, given)
        finally:
            await peers.close()
            await players.close()
            left_over = mux.routes.sizes
            sockets.close()
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
    assert not any(left_over.values()), left_over
    await becomes(lambda: asyncio.all_tasks() <= tasks_before)


@dataclass
class Site(Parts):
    """The same with its web server, and a client of that."""

    http: TestClient[Any, Any]

    async def refusal(self, data: bytes | str, **headers: str) -> tuple[int, str, str]:
        """POST to /offer; return the status, and the field and message of the JSON error."""
        headers = {"Content-Type": "application/json", **headers}
        async with self.http.post("/offer", data=data, headers=headers) as reply:
            error = (await reply.json())["error"]
            return reply.status, error["field"], error["message"]


@contextlib.asynccontextmanager
async def site(redis_url: str, **settings: Any) -> AsyncIterator[Site]:
    async with parts(redis_url, **settings) as p:
        app = make_app(p.peers, p.metrics, p.health, p.settings)
        async with TestClient(TestServer(app)) as http:
            fields = {name: getattr(p, name) for name in Parts.__dataclass_fields__}
            yield Site(**fields, http=http)
            await p.peers.close()
