"""``python -m streamer``: plays feeds to browsers. Settings are environment variables."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator

import structlog
from aiohttp import web
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from feed.connection import UNREACHABLE, connect
from feed.reader import FeedReader
from launch import logs
from launch.console import fail, first_problem, redacted
from launch.loop import run
from streamer import privates
from streamer.errors import StreamerError
from streamer.health import Health
from streamer.ice.mux import Mux
from streamer.ice.sockets import Sockets
from streamer.metrics import Metrics
from streamer.peers import Peers
from streamer.players import Players
from streamer.settings import Settings
from streamer.taps import CaptureWriter
from streamer.web import make_app

GOODBYE_S = 1.0
"""How long a request under way may take to end when the process stops."""

log = structlog.get_logger()


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then say goodbye, commit and return.

    Raises:
        OSError: the port is taken, or a directory cannot be written.
        StreamerError: the UDP port is taken, or a library is not the one that is pinned.
        redis.exceptions.RedisError: Redis is not there at the start.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        redis = connect(settings.redis_url)
        stack.push_async_callback(redis.aclose)
        await redis.ping()
        port = await stack.enter_async_context(_serving(settings, redis, stop))
        # what the program needs is loaded: keep full collections away from it (140 ms)
        gc.collect()
        gc.freeze()
        log.info("streamer.started", port=port)
        print(f"listening on http://localhost:{port}", flush=True)  # noqa: T201
        await stop.wait()
        log.info("streamer.stopping")
    log.info("streamer.stopped")


@contextlib.asynccontextmanager
async def _serving(settings: Settings, redis: Redis, stop: asyncio.Event) -> AsyncIterator[int]:
    """Run every part of the streamer; yield the port, and take all down again in order."""
    privates.check()
    metrics = Metrics()
    sockets = Sockets(settings.udp_port)
    captures: CaptureWriter | None = None
    if settings.captures:
        captures = CaptureWriter(settings.capture_dir, settings.capture_keep)
        captures.start()
    health = Health(metrics.redis_up.set)
    reader = FeedReader(redis, health.saw_redis)
    players = Players(redis, reader, settings, metrics, health, captures)
    peers = Peers(players, Mux(sockets, metrics), settings, metrics)
    app = make_app(peers, metrics, health, settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GOODBYE_S)
    reading = asyncio.create_task(reader.run(), name="read feeds")
    # it rides out whatever Redis does; should it end all the same, the process must not
    # live on deaf, but end with its error
    reading.add_done_callback(lambda _: stop.set())
    try:
        await runner.setup()
        site = web.TCPSite(runner, settings.http_host, settings.port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await peers.close()
        await runner.cleanup()
        await players.close()
        sockets.close()
        if captures is not None:
            captures.stop()
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading


def main() -> None:
    """Read the settings, start logging, serve; say in one line why if that is not possible."""
    try:
        settings = Settings()
    except ValidationError as error:
        name, value, reason = first_problem(error)
        fail("streamer", f"{name.upper()}={value}: {reason}")
    try:
        logs.configure(settings.log_dir / "webrtcsvr.log", console=settings.log_console)
    except OSError as error:
        fail("streamer", f"LOG_DIR={settings.log_dir}: cannot be written ({error.strerror})")
    try:
        run(serve(settings))
    except (*UNREACHABLE, ResponseError) as error:
        log.exception("streamer.failed")
        fail("streamer", _why_not(settings, error))
    except StreamerError as error:
        log.error("streamer.failed", error=str(error))
        fail("streamer", str(error))


def _why_not(settings: Settings, error: Exception) -> str:
    """Say which of the things a streamer needs is missing: a folder, its port, or Redis."""
    url = redacted(settings.redis_url)
    if isinstance(error, ResponseError):
        return f"Redis at {url} refuses ({error}); check user and password in REDIS_URL"
    if not isinstance(error, OSError) or isinstance(error, ConnectionError | TimeoutError):
        return f"Redis at {url} is not reachable; start it or set REDIS_URL"
    if error.filename is not None:
        return f"CAPTURE_DIR={settings.capture_dir}: cannot be written ({error.strerror})"
    where = f"{settings.http_host}:{settings.port}"
    return f"cannot listen on {where} ({error.strerror}); set PORT to a free port"


if __name__ == "__main__":
    main()
