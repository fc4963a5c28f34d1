"""The one audio format that crosses Redis: 24 kHz, mono, signed 16-bit little-endian."""

FEED_RATE_HZ = 24_000
SAMPLE_BYTES = 2
MAX_CHUNK_SAMPLES = FEED_RATE_HZ
"""The longest chunk one entry may carry: 1 s. It bounds what one XREAD can bring."""


def samples_in(pcm: bytes) -> int:
    """Return the number of whole samples in ``pcm``."""
    return len(pcm) // SAMPLE_BYTES


def seconds(samples: int) -> float:
    """Return how long ``samples`` last, in seconds."""
    return samples / FEED_RATE_HZ
