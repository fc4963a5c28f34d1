"""The command line: ``python -m producer FILE...``."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import structlog
import typer
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, ResponseError
from rich.console import Console

from feed.cancellation import heeding
from feed.connection import UNREACHABLE, Backoff, connect
from feed.errors import FeedError
from feed.writer import FeedWriter
from launch import logs
from launch.console import redacted
from producer.errors import InvalidSetting, NothingToSpeak, ProducerError, RedisNotThere
from producer.heartbeat import beating
from producer.progress import Display
from producer.serve import Host
from producer.settings import Settings, load
from producer.source import STDIN, Source, open_source
from producer.speak import Speaker, Speech

REDIS_WAIT_S = 3.0
"""How long to wait for Redis at the start; later losses are ridden out."""

log = structlog.get_logger()
app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE...", help="Audio files; - reads raw s16le 24 kHz mono."),
    ] = None,
    feed: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the feed. [FEED]")
    ] = None,
    chunk_bytes: Annotated[
        str | None,
        typer.Option(metavar="N", help="Audio per entry: even, 2 to 48000. [CHUNK_BYTES]"),
    ] = None,
    pace: Annotated[
        str | None,
        typer.Option(metavar="PACE", help="burst, llm (4x faster than speech) or realtime. [PACE]"),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Exit once all is written, not once it is played.")
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Stay, and speak whenever a first listener comes.")
    ] = False,
    interrupt: Annotated[
        bool, typer.Option("--interrupt", help="Take the feed from another producer.")
    ] = False,
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="Of the jitter of pace llm. [SEED]")
    ] = None,
    redis_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where Redis is. [REDIS_URL]")
    ] = None,
) -> None:
    """Speak audio files into a feed, one response each, and wait until they are played.

    Names in brackets are environment variables that set the same.
    """
    console = Console(highlight=False)
    try:
        settings = load(
            {
                "feed": feed,
                "chunk_bytes": chunk_bytes,
                "pace": pace,
                "seed": seed,
                "redis_url": redis_url,
            }
        )
        sources = _sources(files or [], serve=serve)
        _log_to(settings)
        work = _work(settings, sources, console, wait=not no_wait, serve=serve, interrupt=interrupt)
        code = asyncio.run(_until_signalled(work, stopped_code=0 if serve else None))
    except (ProducerError, FeedError, ResponseError) as error:  # the boundary to the user
        if structlog.is_configured():  # else structlog would print it
            log.error("producer.failed", error=str(error))
        sys.stderr.write(f"producer: {error}\n")
        code = 1
    raise typer.Exit(code)


def _sources(files: list[str], *, serve: bool) -> list[Source]:
    """Open every source before anything is written."""
    if not files:
        raise NothingToSpeak("no FILE given; name one, such as producer/sample.flac")
    if STDIN in files and (serve or len(files) > 1):
        raise NothingToSpeak("- can be read only once: not with --serve, nor with other files")
    return [open_source(file) for file in files]


def _log_to(settings: Settings) -> None:
    try:
        logs.configure(settings.log_dir / "producer.log", console=settings.log_console)
    except OSError as error:  # the boundary to the file system
        raise InvalidSetting(
            "LOG_DIR", settings.log_dir, f"cannot be written ({error.strerror})"
        ) from None


async def _work(
    settings: Settings,
    sources: list[Source],
    console: Console,
    *,
    wait: bool,
    serve: bool,
    interrupt: bool,
) -> None:
    """Wire everything up and speak."""
    redis = connect(settings.redis_url)
    async with contextlib.aclosing(redis), contextlib.AsyncExitStack() as stack:
        await _greet(redis, settings.redis_url)
        if settings.heartbeat is not None:
            await stack.enter_async_context(beating(redis, settings.heartbeat))
        display = stack.enter_context(Display(console))
        writer = await stack.enter_async_context(
            FeedWriter(
                redis,
                settings.feed,
                interrupt=interrupt,
                max_backlog_s=settings.max_backlog,
                on_wait=display.waiting,
            )
        )
        speech = Speech(settings.pace, settings.seed, settings.chunk_bytes)
        speaker = Speaker(redis, settings.feed, writer, speech, display)
        if serve:
            await Host(redis, settings.feed, speaker, sources, display).serve()
        audience = await speaker.audience()
        for source in sources:
            audience = await speaker.speak(source, audience, wait=wait)


async def _greet(redis: Redis, url: str) -> None:
    """Wait for Redis to answer, but not for long.

    Raises:
        RedisNotThere: it did not, or refused us.
    """
    shown, backoff = redacted(url), Backoff()
    try:
        async with asyncio.timeout(REDIS_WAIT_S):
            while True:
                try:
                    await heeding(redis.ping())
                except (AuthenticationError, ResponseError) as error:  # the boundary to Redis
                    raise RedisNotThere(
                        f"Redis at {shown} refuses ({error}); check user and password in REDIS_URL"
                    ) from None
                except UNREACHABLE as error:  # the boundary to Redis
                    log.info("redis.retry", error=str(error))
                    await asyncio.sleep(backoff.next())
                else:
                    return
    except TimeoutError:
        raise RedisNotThere(
            f"Redis at {shown} is not reachable; start it or set REDIS_URL"
        ) from None


async def _until_signalled(work: Coroutine[Any, Any, None], stopped_code: int | None) -> int:
    """Run ``work`` until it ends or a signal ends it; return the exit code.

    The first Ctrl+C or SIGTERM lets everything be closed in order, a second one kills.
    """
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    received: list[int] = []

    def stop(signum: int) -> None:
        received.append(signum)
        loop.remove_signal_handler(signum)
        task.cancel()

    for signum in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers: there Ctrl+C raises KeyboardInterrupt
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(signum, stop, signum)
    try:
        await task
    except asyncio.CancelledError:
        if not received:
            raise
        log.info("producer.stopped", signal=received[0])
        return 128 + received[0] if stopped_code is None else stopped_code
    return 0


if __name__ == "__main__":
    app(prog_name="python -m producer")
