"""Something like a low voice, at 24 kHz, the same every time."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feed.audio import FEED_RATE_HZ

Mono = NDArray[np.int16]


@cache
def speech(n_samples: int, seed: int = 7) -> Mono:
    """Harmonics of a gliding pitch near 110 Hz, louder and softer three times a second."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_samples) / FEED_RATE_HZ
    phase = 2 * np.pi * (110 * t + 3 * np.sin(2 * np.pi * 0.7 * t))
    sound = sum(np.sin(k * phase + k * k) / k for k in range(1, 30))
    loudness = 0.25 + 0.75 * np.sin(np.pi * 3 * t) ** 2
    return _scaled((sound + rng.normal(size=n_samples) * 0.05) * loudness)


def noise(n_samples: int, seed: int = 1) -> Mono:
    """Full-band noise: the audio on which any wrong sample shows."""
    return np.random.default_rng(seed).integers(-9000, 9000, n_samples).astype(np.int16)


def tone(hz: float, n_samples: int, rate_hz: int = FEED_RATE_HZ) -> Mono:
    """A sine of 10,000 peak."""
    sine: Mono = np.rint(10_000 * np.sin(2 * np.pi * hz * np.arange(n_samples) / rate_hz)).astype(
        np.int16
    )
    return sine


def decibels(ratio: float) -> float:
    """A ratio of powers in dB."""
    return float(10 * np.log10(ratio))


def signal_to_error_db(wanted: NDArray[Any], got: NDArray[Any]) -> float:
    """How far ``got`` is from ``wanted`` once its gain is set right, in dB."""
    x, y = wanted.astype(float), got.astype(float)
    error = y * (x @ y) / (y @ y) - x
    return decibels((x @ x) / (error @ error))


def _scaled(sound: NDArray[Any]) -> Mono:
    loud: Mono = (sound * 12_000 / np.abs(sound).max()).astype(np.int16)
    return loud
