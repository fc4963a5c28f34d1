"""Captured samples as arrays."""

import numpy as np
from numpy.typing import NDArray

from captures.files import Stage
from feed.audio import SAMPLE_BYTES

Pcm = NDArray[np.int16]
"""Mono: shape (n,). Stereo: shape (n, 2), left first."""


def samples(stage: Stage, raw: bytes) -> Pcm:
    """Return the bytes of a stage as samples, without a tail that is no whole frame."""
    whole = len(raw) - len(raw) % stage.frame_bytes
    pcm = np.frombuffer(raw, "<i2", whole // SAMPLE_BYTES).astype(np.int16, copy=False)
    return pcm if stage.channels == 1 else pcm.reshape(-1, stage.channels)


def first_difference(a: Pcm, b: Pcm) -> int | None:
    """Return the first sample (or frame) in which two captures differ.

    Where one only ends before the other, that is its length; None if they are equal.
    """
    n = min(len(a), len(b))
    unequal = a[:n] != b[:n]
    if unequal.ndim > 1:
        unequal = unequal.any(axis=1)
    if unequal.any():
        return int(unequal.argmax())
    return None if len(a) == len(b) else n
