"""24 kHz mono to 48 kHz stereo, exactly: 2 samples out for each sample in.

Resampled in mono, then copied to both channels: swresample pans mono to stereo at
1/sqrt(2), a loss of 3.01 dB (measured, PyAV 18.1).
"""

import av
import numpy as np
from numpy.typing import NDArray

from feed.audio import FEED_RATE_HZ
from streamer.errors import MalformedChunk

OUTPUT_RATE_HZ = 48_000
FRAME_SAMPLES = 960
"""A frame: 20 ms of 48 kHz. Any other size makes several packets share an RTP timestamp."""
FRAME_S = FRAME_SAMPLES / OUTPUT_RATE_HZ
UPSAMPLING = OUTPUT_RATE_HZ // FEED_RATE_HZ
FILTER_SAMPLES = 32
"""Source samples that the resampling filter must have seen: only more of them give any."""
FADE_SAMPLES = OUTPUT_RATE_HZ * 5 // 1000
"""How long speech takes to fade where it is cut: 5 ms, too short to hear, too long to click."""

Mono = NDArray[np.int16]
"""Shape (n,)."""
Stereo = NDArray[np.int16]
"""Shape (n, 2): interleaved in memory, left first."""

SILENCE: Stereo = np.zeros((FRAME_SAMPLES, 2), np.int16)
SILENCE.flags.writeable = False


class Upsampler:
    """The resampler of one response, from its first sample to its last.

    The filter's state lives as long as the response: a fresh resampler for each chunk
    costs 27 dB of signal-to-error. The filter holds the last 32 samples back until
    ``flush``, which ends it.
    """

    def __init__(self) -> None:
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=OUTPUT_RATE_HZ)
        self._pushed = 0
        self._given = 0

    def push(self, pcm: bytes) -> tuple[bytes, Mono]:
        """Resample some speech, keeping the filter's state.

        Args:
            pcm: s16le mono at 24 kHz, whole samples, at least one.

        Returns:
            The bytes of the mono frame the filter was given, and what came out of it.

        Raises:
            MalformedChunk: ``pcm`` is empty or ends in half a sample.
        """
        if not pcm or len(pcm) % 2:
            raise MalformedChunk(len(pcm))
        self._pushed += len(pcm) // 2
        frame, out = self._resample(pcm)
        self._given += len(out)
        return bytes(frame.planes[0])[: len(pcm)], out

    def flush(self) -> Mono:
        """Return the samples the filter still holds. Nothing may be pushed after this."""
        outs = []
        if self._pushed < FILTER_SAMPLES:
            # swresample gives too little, or nothing, for less than its filter's length
            outs.append(self._resample(bytes(2 * (FILTER_SAMPLES - self._pushed)))[1])
        outs.append(_joined(self._resampler.resample(None)))
        return np.concatenate(outs)[: UPSAMPLING * self._pushed - self._given]

    def _resample(self, pcm: bytes) -> tuple[av.AudioFrame, Mono]:
        source = np.frombuffer(pcm, "<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(source, format="s16", layout="mono")
        frame.sample_rate = FEED_RATE_HZ
        return frame, _joined(self._resampler.resample(frame))


def to_stereo(mono: Mono) -> Stereo:
    """Copy ``mono`` to both channels, bit for bit."""
    return np.repeat(mono, 2).reshape(-1, 2)


def fade_out(mono: Mono) -> Mono:
    """Return ``mono`` falling to zero over its length, in integers: x[i] * (n-1-i) // n."""
    n = len(mono)
    return (mono.astype(np.int32) * np.arange(n - 1, -1, -1) // max(n, 1)).astype(np.int16)


def fade_in(mono: Mono) -> Mono:
    """Return ``mono`` rising from zero over its length, in integers: x[i] * (i+1) // n."""
    n = len(mono)
    return (mono.astype(np.int32) * np.arange(1, n + 1) // max(n, 1)).astype(np.int16)


def _joined(frames: list[av.AudioFrame]) -> Mono:
    if not frames:
        return np.zeros(0, np.int16)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
