"""Something like speech, the same every time, and Opus as the streamer uses it."""

from functools import cache
from typing import Any

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

RATE_HZ = 48_000
Mono = NDArray[np.int16]
# Formants of a few vowels, Hz
VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))


def vowel(rng: np.random.Generator, n: int) -> NDArray[Any]:
    """Harmonics of a gliding pitch under the resonances of a vowel."""
    pitch_hz = np.linspace(rng.uniform(90, 180), rng.uniform(90, 180), n)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    formants = VOWELS[rng.integers(len(VOWELS))]
    sound = np.zeros(n)
    for k in range(1, 40):
        hz = k * float(pitch_hz.mean())
        gain = sum(1 / (1 + ((hz - formant) / 90) ** 2) for formant in formants)
        sound += gain * np.sin(k * phase + k * k)
    return sound


def hiss(rng: np.random.Generator, n: int) -> NDArray[Any]:
    """A consonant: noise, brighter than it is loud."""
    return np.diff(rng.normal(size=n + 1)) * 0.08


@cache
def speech(seconds: float = 6.0, seed: int = 7) -> Mono:
    """Syllables of 100 to 250 ms with a pause after every few."""
    rng = np.random.default_rng(seed)
    parts: list[NDArray[Any]] = []
    while sum(map(len, parts)) < seconds * RATE_HZ:
        for _ in range(int(rng.integers(3, 7))):
            for make, most in ((hiss, 0.06), (vowel, 0.2)):
                n = int(rng.uniform(most / 2, most) * RATE_HZ)
                parts.append(make(rng, n) * np.hanning(n) ** 0.5 * rng.uniform(0.3, 1))
        parts.append(np.zeros(int(rng.uniform(0.1, 0.3) * RATE_HZ)))
    sound = np.concatenate(parts)[: int(seconds * RATE_HZ)]
    loud: Mono = (sound * 12_000 / np.abs(sound).max()).astype(np.int16)
    return loud


def recorded(sound: NDArray[Any], before: int = 20_011, after: int = 9_000) -> Mono:
    """A recording that begins earlier and ends later than ``sound``."""
    padded: Mono = np.pad(sound, (before, after)).astype(np.int16)
    return padded


def through_opus(sound: Mono) -> Mono:
    """Encode at 64 kbit/s, application audio, and decode. 312 samples later than it was."""
    encoder = av.CodecContext.create("libopus", "w")
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(encoder, AudioCodecContext)
    assert isinstance(decoder, AudioCodecContext)
    for codec in (encoder, decoder):
        codec.sample_rate = RATE_HZ
        codec.layout = "mono"
    encoder.format = "s16"
    encoder.bit_rate = 64_000
    encoder.options = {"application": "audio"}
    frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = RATE_HZ
    fifo = av.AudioFifo()
    fifo.write(frame)
    packets = [packet for part in fifo.read_many(960) for packet in encoder.encode(part)]
    packets += encoder.encode(None)
    parts = [out.to_ndarray()[0] for packet in packets for out in decoder.decode(packet)]
    decoded = np.concatenate(parts)
    if decoded.dtype != np.int16:
        decoded = np.clip(np.rint(decoded * 32_768), -32_768, 32_767)
    return decoded.astype(np.int16)
