"""The packets themselves: what one listener gets of the real streamer, and when."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from bench.clock import Packet, measure
from bench.peer import Peer
from streamer.player import LEAD_IN_PACKETS
from tests.conftest import run
from tests.system.fixtures import Clip
from tests.system.programs import producer, streamer

DRIFT_PPM = 20
LATE_P99_MS = 5
CI_FACTOR = 5
"""Speed is a figure of the benchmarks; here only five times the limit fails."""
SILENCE_BEFORE_S = 1.5
"""About as long as the silence after: a frame of speech takes a millisecond longer to encode,
which is no drift, and shows as none where both ends are alike."""
SILENCE_BYTES = 3


async def listened(url: str, seconds: float) -> list[Packet]:
    """Listen for so long, ready after ``SILENCE_BEFORE_S``; return what came."""
    peer = Peer()
    try:
        async with aiohttp.ClientSession() as http:
            await peer.connect(http, url, "default")
        await asyncio.sleep(SILENCE_BEFORE_S)
        peer.say_ready()
        await asyncio.sleep(seconds - SILENCE_BEFORE_S)
        return list(peer.packets)
    finally:
        await peer.close()


def changes(packets: list[Packet]) -> int:
    """Return how often packets change between silence and something else."""
    silent = [packet.size <= SILENCE_BYTES for packet in packets]
    return sum(a != b for a, b in pairwise(silent))


@pytest.mark.parametrize(
    ("seconds", "spoken", "drift_limit_ppm"),
    [
        pytest.param(10, [6.5], DRIFT_PPM * CI_FACTOR, id="10 s"),
        pytest.param(60, [20.0, 20.0, 10.0], DRIFT_PPM, id="60 s", marks=pytest.mark.slow),
    ],
)
def test_packets_keep_an_exact_20_ms_clock(
    redis_url: str,
    tmp_path: Path,
    clip: Clip,
    report: Callable[[str], None],
    seconds: float,
    spoken: list[float],
    drift_limit_ppm: float,
) -> None:
    wavs = [str(clip(0.0, length_s)) for length_s in spoken]
    with (
        streamer(redis_url, tmp_path) as running,
        producer(redis_url, tmp_path, *wavs),
    ):
        packets = run(listened(running.url, seconds), deadline_s=seconds + 30)

    # silence, speech, silence: all of it in one recording
    assert packets[0].size <= SILENCE_BYTES
    assert packets[-1].size <= SILENCE_BYTES
    assert changes(packets) >= 2
    speech = sum(packet.size > SILENCE_BYTES for packet in packets) * 0.020
    assert speech > 0.8 * sum(spoken)

    found = measure(packets, lead_in=LEAD_IN_PACKETS)
    report(
        f"{seconds:.0f} s of RTP: {found.packets} packets, drift {found.drift_ppm:+.1f} ppm,"
        f" late p50 {found.late_p50_ms:.2f}, p99 {found.late_p99_ms:.2f},"
        f" max {found.late_max_ms:.2f} ms"
    )
    assert found.odd_steps == 0
    assert found.repeated_timestamps == 0
    assert (found.lost, found.duplicates, found.reordered) == (0, 0, 0)
    assert found.packets == pytest.approx(seconds * 50 + LEAD_IN_PACKETS, abs=10)
    assert abs(found.drift_ppm) < drift_limit_ppm
    assert found.late_p99_ms < LATE_P99_MS * CI_FACTOR
