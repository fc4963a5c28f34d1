"""The speech that listeners are given: the sample, over and over, written before they hear it."""

import asyncio
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np

from bench.errors import ProgramEnded
from feed.audio import FEED_RATE_HZ
from feed.connection import connect
from feed.writer import FeedWriter
from producer.source import open_source

SAMPLE = Path(__file__).parents[1] / "producer" / "sample.flac"
CHUNK_SAMPLES = 512
"""As the producer writes by default: 1,024 bytes."""
WRITE_S = 20.0
"""How long writing may take: 5 min of speech take half a second."""
LOUD = 300
"""What is quieter, at the ends of the sample, is its silent margin."""


async def write_speech(redis_url: str, feed: str, seconds: float) -> None:
    """Write one response of speech without pauses at its ends, and return when it is there.

    Raises:
        ProgramEnded: Redis did not take it within ``WRITE_S``.
    """
    redis = connect(redis_url)
    try:
        async with asyncio.timeout(WRITE_S), FeedWriter(redis, feed) as writer:
            response = await writer.begin()
            await response.write_many(chunks(seconds))
            await response.done()
    except TimeoutError:
        raise ProgramEnded("launch.valkey", f"took no speech within {WRITE_S:.0f} s") from None
    finally:
        await redis.aclose()


def chunks(seconds: float) -> Iterator[bytes]:
    """Give so much speech, s16le mono at 24 kHz, in chunks of one size but for the last."""
    samples = np.frombuffer(b"".join(open_source(str(SAMPLE)).blocks()), "<i2")
    loud = np.flatnonzero(np.abs(samples) > LOUD)
    speech = samples[loud[0] : loud[-1] + 1]
    left = round(seconds * FEED_RATE_HZ)
    for start in cycle(range(0, len(speech), CHUNK_SAMPLES)):
        chunk = speech[start : min(start + CHUNK_SAMPLES, start + left)]
        left -= len(chunk)
        yield chunk.tobytes()
        if not left:
            return
