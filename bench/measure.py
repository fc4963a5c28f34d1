"""The measurements: real programs, real connections, one feed at a time."""

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp

from bench import metrics, stack
from bench.clock import ClockFigures, first_speech_s
from bench.cpu import cpu_seconds
from bench.errors import NothingPlayed, ProgramEnded
from bench.peer import Peer
from bench.results import CrowdRun, Start
from bench.speech import write_speech

WARM_UP_S = 3.0
"""From the last listener's arrival to the measurement."""
SLACK_S = 10.0
"""Speech beyond what is measured, so that it does not end before."""
LEAST_MEAN_BYTES = 30.0
"""Packets of speech have 100 and more on average, of silence 3."""
PEERS_PER_PROCESS = 50
"""So many packets a process receives with ease, and on time."""
SETTLE_S = 0.5
"""From a connection to ``listener.ready``: the speech has been read from Redis by then."""
SPEECH_S = 2.0
"""Speech waiting for a listener that starts; the first of it must arrive before it ends."""

HTTP = aiohttp.ClientTimeout(total=20.0)

Note = Callable[[str], None]
"""Told what happens now, at each step: ``CROWD_STEPS`` of a crowd, one of each start."""
CROWD_STEPS = 4


async def crowd(
    folder: Path, redis_url: str, listeners: int, seconds: float, note: Note
) -> CrowdRun:
    """Play one feed to so many listeners, with a streamer of their own, and measure.

    Raises:
        BenchError: a program ended, a listener could not connect, or no speech came.
    """
    feed = f"bench-{listeners}"
    who = "1 listener" if listeners == 1 else f"{listeners} listeners"
    note(f"{who}: writing the speech")
    await write_speech(redis_url, feed, WARM_UP_S + seconds + SLACK_S)
    async with contextlib.AsyncExitStack() as programs, aiohttp.ClientSession(timeout=HTTP) as http:
        url, pid = await programs.enter_async_context(
            stack.streamer(folder, redis_url, max_listeners=listeners)
        )
        note(f"{who}: connecting")
        # the first one is alone in its process: what the others cost must not make it late
        processes = [
            await programs.enter_async_context(stack.listeners(folder, url, feed, count))
            for count in (1, *_shares(listeners - 1))
        ]
        for process in processes:
            await process.line()
        for process in processes:
            process.tell("ready")
        note(f"{who}: warming up")
        await asyncio.sleep(WARM_UP_S)

        note(f"{who}: measuring")
        sender = await _sender_clock(http, url)
        for process in processes:
            process.tell("begin")
        began_s, cpu_s = time.monotonic(), _cpu_seconds(pid)
        await asyncio.sleep(seconds)
        took_s, cpu_s = time.monotonic() - began_s, _cpu_seconds(pid) - cpu_s
        for process in processes:
            process.tell("end")
        figures = [
            ClockFigures(**each)
            for process in processes
            for each in json.loads(await process.line())
        ]
        sender = (await _sender_clock(http, url)).since(sender)
    if min(each.mean_bytes for each in figures) < LEAST_MEAN_BYTES:
        raise NothingPlayed(f"{who}: the streamer sent silence, not speech")
    bound_ms = 1000 * metrics.quantile_bound(sender.buckets, 0.99)
    return CrowdRun(
        listeners=listeners,
        seconds=took_s,
        cpu_s=cpu_s,
        received=sum(each.packets for each in figures),
        lost=sum(each.lost for each in figures),
        clock=figures[0],
        sender_late_p99_bound_ms=bound_ms if math.isfinite(bound_ms) else None,
        sender_stalls=sender.stalls,
    )


async def starts(folder: Path, redis_url: str, tries: int, note: Note) -> tuple[Start, ...]:
    """Measure how soon a listener is answered, gets RTP, and gets speech that waits for it.

    Each try has a feed and a connection of its own.

    Raises:
        BenchError: a program ended, a listener could not connect, or no speech came.
    """
    found = []
    async with (
        stack.streamer(folder, redis_url, max_listeners=tries + 1) as (url, _),
        aiohttp.ClientSession(timeout=HTTP) as http,
    ):
        for number in range(1, tries + 1):
            note(f"start {number} of {tries}")
            feed = f"bench-start-{number}"
            await write_speech(redis_url, feed, SPEECH_S)
            found.append(await _start(http, url, feed))
    return tuple(found)


async def _start(http: aiohttp.ClientSession, url: str, feed: str) -> Start:
    peer = Peer()
    try:
        await peer.connect(http, url, feed)
        await asyncio.sleep(SETTLE_S)
        first_s = peer.packets[0].arrival_s if peer.packets else math.nan
        peer.say_ready()
        while time.monotonic() < peer.ready_s + SPEECH_S:
            await asyncio.sleep(0.1)
            if (speech_s := first_speech_s(peer.packets, peer.ready_s)) is not None:
                return Start(
                    answer_ms=1000 * (peer.answered_s - peer.offered_s),
                    rtp_ms=1000 * (first_s - peer.answered_s),
                    speech_ms=1000 * speech_s,
                )
    finally:
        await peer.close()
    raise NothingPlayed(f"no speech within {SPEECH_S:.0f} s of listener.ready")


async def _sender_clock(http: aiohttp.ClientSession, url: str) -> metrics.SenderClock:
    try:
        async with http.get(f"{url}/metrics") as reply:
            return metrics.parse(await reply.text())
    except (aiohttp.ClientError, OSError) as error:  # the boundary to the network
        raise ProgramEnded("streamer", f"no metrics ({error})") from error


def _cpu_seconds(pid: int) -> float:
    try:
        return cpu_seconds(pid)
    except OSError as error:  # the boundary to the system
        raise ProgramEnded("streamer", "no such process any more") from error


def _shares(count: int) -> Iterator[int]:
    """Share ``count`` listeners out to processes that can keep up with them."""
    while count > 0:
        yield min(count, PEERS_PER_PROCESS)
        count -= PEERS_PER_PROCESS
