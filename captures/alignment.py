"""Where each 100 ms of a reference is in a recording of it.

Everything happens in 300 to 4000 Hz, where speech is and codecs keep it, and at 24 kHz: at
a lower rate hiss at 4 kHz would have no peak at the right sample when the lag is half a
sample off. A lag is the time in the recording minus the time in the reference.

Voiced speech looks much like itself a pitch period later, so the best lag of one window
alone is not to be trusted. The lags chosen are those of the best path through all windows,
on which every jump has a price.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]

RATE_HZ: Final = 24_000
WINDOW: Final = RATE_HZ // 10
"""Samples of a window: 100 ms, ten pitch periods of a low voice."""
_BAND_HZ: Final = (300.0, 4000.0)
# Gentle edges: a steep one rings, and would smear a cut over many milliseconds
_EDGE_HZ: Final = 200.0
_SEARCH: Final = RATE_HZ * 60 // 1000
# First by the best match of each 5 ms of lag, as far as 2.6 s either way: what a player may
# insert or drop in all; then by the sample, near what was found
_FAR: Final = RATE_HZ * 26 // 10
_BIN: Final = RATE_HZ * 5 // 1000
# From one window to the next so many samples are no jump: clocks drift, peaks shift. Nor are so
# many bins: the coarse search leaves what is near to the fine one
_FREE_STEP: Final = RATE_HZ // 4000
# One window of noise must not pay for a jump; two windows really elsewhere must
_JUMP_PRICE: Final = 0.35
CHANCE: Final = 0.5
"""Unrelated speech correlates this well somewhere within the search."""
_TAPS: Final = np.arange(-16, 17)
_TINY: Final = 1e-30


def band_pass(signal: Floats, rate_hz: int) -> Floats:
    """Return ``signal`` in the band, at ``RATE_HZ``; shape (n,) in and (n * RATE / rate,) out."""
    # Whole seconds hold whole numbers of samples at both rates; one more keeps the ends apart
    n_seconds = -(-len(signal) // rate_hz) + 1
    # and no large prime, which the transform would take a hundred times as long for
    step = 1 << max(n_seconds.bit_length() - 4, 0)
    n_seconds = -(-n_seconds // step) * step
    # Single precision halves the memory of long recordings; its noise is at -140 dB
    spectrum = np.fft.rfft(signal.astype(np.float32, copy=False), n_seconds * rate_hz)
    frequency_hz = np.arange(len(spectrum)) / n_seconds
    low, high = _BAND_HZ
    inside = np.minimum(frequency_hz - low, high - frequency_hz) / _EDGE_HZ
    spectrum *= (np.sin(np.clip(inside, 0, 1) * np.pi / 2) ** 2).astype(np.float32)
    spectrum = spectrum[: n_seconds * RATE_HZ // 2 + 1]
    n = len(signal) * RATE_HZ // rate_hz
    return np.fft.irfft(spectrum, n_seconds * RATE_HZ)[:n] * np.float32(RATE_HZ / rate_hz)


def global_lag(reference: Floats, heard: Floats) -> int:
    """Return the lag at which most of the reference agrees with the recording."""
    products = cross_correlation(reference, heard, len(reference) + len(heard))
    lag = int(np.argmax(products))
    return lag if lag < len(heard) else lag - len(products)


def cross_correlation(a: Floats, b: Floats, n_lags: int) -> Floats:
    """Return the sum of a[i] * b[i + lag] for each lag; negative lags count from the end.

    ``n_lags`` is how many there must be at least for the ends not to meet.
    """
    n = 1 << (n_lags - 1).bit_length()
    return np.fft.irfft(np.fft.rfft(b, n) * np.conj(np.fft.rfft(a, n)), n)


def piece(signal: Floats, start: int, n: int) -> Floats:
    """Return ``n`` samples from ``start`` on, zeros where there is no signal."""
    there = signal[max(start, 0) : max(start + n, 0)]
    before = min(max(-start, 0), n)
    return np.pad(there, (before, n - before - len(there)))


def piece_between(signal: Floats, start: float, n: int) -> Floats:
    """Return ``n`` samples from ``start`` on, which may lie between two samples."""
    whole = math.floor(start)
    fraction = start - whole
    reach = len(_TAPS) // 2
    # Half a sample turns 4 kHz by 30 degrees: enough to spoil a correlation
    at = _TAPS - fraction
    phase = np.pi * np.clip(at / (reach + 1), -1, 1)
    window = 0.42 + 0.5 * np.cos(phase) + 0.08 * np.cos(2 * phase)
    kernel = (np.sinc(at) * window).astype(np.float32)
    return np.convolve(piece(signal, whole - reach, n + 2 * reach), kernel[::-1], "valid")


def correlations(window: Floats, heard: Floats, floor: float, first: int, n_lags: int) -> Floats:
    """Return the normalised correlation of ``window`` with ``heard`` at each of ``n_lags``.

    ``first`` is where in ``heard`` the window is laid first. 1 means equal but for gain;
    what of ``heard`` has less power than ``floor`` is silence and like nothing.
    """
    region = piece(heard, first, len(window) + n_lags - 1)
    products = cross_correlation(window, region, len(region))[:n_lags]
    power = np.concatenate([[0.0], np.cumsum(region**2, dtype=np.float64)])
    energy = power[len(window) :] - power[:n_lags]
    quiet = len(window) * floor
    likeness: Floats = products / np.sqrt(np.sum(window**2) * np.maximum(energy, quiet))
    return likeness.astype(np.float32)


def track(reference: Floats, heard: Floats, starts: Ints) -> Floats:
    """Follow the reference, window by window, through the recording.

    ``starts`` says where in the reference the windows begin, ascending. Returned is the lag
    of each in samples, to a fraction; that of a window which is not in the recording at all
    means nothing.
    """
    # 50 dB below the rest of the recording
    floor = 1e-5 * float(np.mean(heard**2)) + _TINY
    centres = _coarse_lags(reference, heard, floor, starts)
    firsts = starts + centres - _SEARCH
    grid = np.stack(
        [
            correlations(reference[start : start + WINDOW], heard, floor, first, 2 * _SEARCH + 1)
            for start, first in zip(starts.tolist(), firsts.tolist(), strict=True)
        ]
    )
    path = _best_path(np.maximum(grid, np.float32(CHANCE)), centres)
    return centres - _SEARCH + _peaks(grid, path)


def _coarse_lags(reference: Floats, heard: Floats, floor: float, starts: Ints) -> Ints:
    """Return a lag near that of each window: within ``_FAR`` of the most common one."""
    first = global_lag(reference, heard) - _FAR
    pooled = np.stack(
        [
            correlations(reference[start : start + WINDOW], heard, floor, start + first, 2 * _FAR)
            .reshape(-1, _BIN)
            .max(axis=1)
            for start in starts.tolist()
        ]
    )
    path = _best_path(np.maximum(pooled, np.float32(CHANCE)), np.zeros(len(starts), np.int64))
    return first + path * _BIN + _BIN // 2


def _best_path(scores: Floats, centres: Ints) -> Ints:
    """Return the column of each row on the path of the highest sum, jumps paid for.

    Column c of a row means the lag c above the row's centre, less the same for all rows.
    """
    n_rows, n_lags = scores.shape
    came_from = np.zeros((n_rows, n_lags), np.int16)
    columns = np.arange(n_lags)
    total = scores[0].astype(np.float64)
    for row in range(1, n_rows):
        shift = int(centres[row] - centres[row - 1])
        best = int(total.argmax())
        previous = np.full(n_lags, total[best] - _JUMP_PRICE)
        came = np.full(n_lags, best)
        for step in (0, *(s * k for k in range(1, _FREE_STEP + 1) for s in (-1, 1))):
            origin = columns + shift + step
            inside = (origin >= 0) & (origin < n_lags)
            stayed = np.where(inside, total[np.clip(origin, 0, n_lags - 1)], -np.inf)
            better = stayed > previous
            previous[better], came[better] = stayed[better], origin[better]
        came_from[row] = came
        total = previous + scores[row]
    path = np.empty(n_rows, np.int64)
    path[-1] = total.argmax()
    for row in range(n_rows - 1, 0, -1):
        path[row - 1] = came_from[row, path[row]]
    return path


def _peaks(grid: Floats, path: Ints) -> Floats:
    """Return the column of the peak of each row that is next to the path, to a fraction."""
    rows = np.arange(len(grid))
    # Chance hides the peaks of hiss between two samples from the path: it passes beside them
    near = np.clip(path[:, None] + np.arange(-3, 4), 1, grid.shape[1] - 2)
    at = near[rows, grid[rows[:, None], near].argmax(axis=1)]
    # Between samples by a parabola through three
    left, middle, right = (grid[rows, at + step] for step in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -_TINY)
    columns: Floats = at + np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    return columns
