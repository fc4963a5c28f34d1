"""Speech as it was heard, compared with its source: what came late, changed, or not at all."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from captures.alignment import (
    CHANCE,
    RATE_HZ,
    WINDOW,
    Floats,
    Ints,
    band_pass,
    cross_correlation,
    piece,
    piece_between,
    track,
)
from captures.errors import IncomparableAudio

WINDOW_S: Final = WINDOW / RATE_HZ
HEARD_CORRELATION: Final = 0.9
"""Above this, 100 ms were heard as they were spoken; a codec alone gives 0.95 and more."""
JUMP_MS: Final = 5.0
CHANGE_MS: Final = 1.0
"""What counts as inserted or removed; lags are measured to a tenth of that."""

_SPEECH_DB: Final = -45.0
_ONSET: Final = RATE_HZ // 100
_DRIFT_WINDOWS: Final = 10
_ECHO_LAGS: Final = np.arange(RATE_HZ * 20 // 1000, RATE_HZ * 500 // 1000 + 1)
# The direct path: 0.7 ms either way, so that a fraction of a sample is no echo
_DIRECT_LAGS: Final = np.arange(-16, 17)
_LEAST: Final = 1e-6
_LEAST_POWER: Final = 1e-30


@dataclass(frozen=True)
class Comparison:
    """What became of the speech, per window of 100 ms and in all.

    Arrays have one value per *speech window*: 100 ms of the reference, back to back, whose
    level is within 45 dB of the loudest.
    """

    times_s: Floats
    """Where in the reference each window begins."""
    lag_ms: Floats
    """Time in the recording minus time in the reference; NaN where it is not in there."""
    correlations: Floats
    """Likeness in 300-4000 Hz, gain apart: 1 is equal."""
    level_db: float
    """Gain of the whole, in the band."""
    echo_db: float
    """The loudest echo 20 to 500 ms late, over the direct sound; -120 is the least."""
    echo_delay_ms: float
    """How late that echo is; a codec alone has its maximum, below -38 dB, anywhere."""
    first_100ms_heard: bool
    """Whether the first 100 ms of speech correlate above 0.9."""
    last_100ms_heard: bool

    @property
    def min_correlation(self) -> float:
        """The worst window's."""
        return float(self.correlations.min())

    @property
    def median_correlation(self) -> float:
        """The usual window's."""
        return float(np.median(self.correlations))

    @property
    def intact(self) -> float:
        """The share of windows that were heard as they were spoken, 0 to 1."""
        return float(np.mean(self.correlations > HEARD_CORRELATION))

    @cached_property
    def lag_changes(self) -> list[tuple[float, float]]:
        """(time_s, ms) of each found window whose lag differs from the last found one's."""
        found = np.flatnonzero(np.isfinite(self.lag_ms))
        changes = np.diff(self.lag_ms[found])
        return list(zip(self.times_s[found[1:]].tolist(), changes.tolist(), strict=True))

    @property
    def lag_jumps(self) -> list[tuple[float, float]]:
        """The changes of more than 5 ms: positive where something was inserted."""
        return [(at, change) for at, change in self.lag_changes if abs(change) > JUMP_MS]

    @property
    def inserted_ms(self) -> float:
        """All that was put between: the sum of changes above 1 ms."""
        return sum(change for _, change in self.lag_changes if change > CHANGE_MS)

    @property
    def removed_ms(self) -> float:
        """All that was left out, as a positive number: the sum of changes below -1 ms."""
        return sum(-change for _, change in self.lag_changes if change < -CHANGE_MS)

    @property
    def drift_ms(self) -> float:
        """How much later the end is than the beginning, each a median of up to 10 windows."""
        found = self.lag_ms[np.isfinite(self.lag_ms)]
        n = min(_DRIFT_WINDOWS, max(len(found) // 2, 1))
        return float(np.median(found[-n:]) - np.median(found[:n]))


def compare(reference: NDArray[Any], heard: NDArray[Any], rate_hz: int = 48_000) -> Comparison:
    """Compare a recording with the speech that is somewhere in it.

    Args:
        reference: the speech; mono, shape (n,), int16 or float of any scale that both share.
        heard: the recording; the same. It may start earlier or later, and be of any length.
        rate_hz: of both, at least 8,000.

    Returns:
        The comparison. Lags are followed up to 2.6 s from the most common one.

    Raises:
        IncomparableAudio: one of them is not mono, has no speech in the band or not 100 ms
            of it, or nothing of the reference is in the recording.
    """
    source = band_pass(_mono("reference", reference), rate_hz)
    recording = band_pass(_mono("heard", heard), rate_hz)
    speech = _speech_windows(source)
    lags = track(source, recording, speech * WINDOW)
    found = _likeness(*_aligned(source, recording, speech, lags)) > CHANCE
    if not found.any():
        raise IncomparableAudio("heard", "nothing of the reference is in it")
    # Each window, lost and silent ones included, has the lag of the next one found
    windows = np.arange(len(source) // WINDOW)
    following = np.searchsorted(speech[found], windows)
    held = lags[found][np.minimum(following, found.sum() - 1)]
    direct, aligned = _aligned(source, recording, windows, held)
    likeness = _likeness(direct[speech], aligned[speech])
    # What was lost tells nothing of the level; what sounds in its place may be an echo
    direct[speech[~found]] = 0.0
    level_db, echo_db, echo_delay_ms = _level_and_echo(direct.reshape(-1), aligned.reshape(-1))
    first, last = _ends(source)
    return Comparison(
        speech * WINDOW_S,
        np.where(found, lags * 1000 / RATE_HZ, np.nan),
        likeness,
        level_db,
        echo_db,
        echo_delay_ms,
        _is_heard(source, recording, first, held[speech[0]]),
        _is_heard(source, recording, last, held[speech[-1]]),
    )


def _mono(name: str, signal: NDArray[Any]) -> NDArray[Any]:
    if signal.ndim != 1:
        raise IncomparableAudio(name, f"must be mono, shape (n,), is {signal.shape}")
    floats = signal.astype(np.float32)
    if signal.dtype == np.int16:
        floats /= 32768
    if not np.isfinite(floats).all():
        raise IncomparableAudio(name, "has samples that are no numbers")
    if not np.any(floats):
        raise IncomparableAudio(name, "is silent" if len(floats) else "is empty")
    return floats


def _rms(signal: Floats, n: int) -> Floats:
    """Return the level of each whole run of ``n`` samples."""
    runs = signal[: len(signal) // n * n].reshape(-1, n)
    levels: Floats = np.sqrt(np.mean(runs**2, axis=1))
    return levels


def _speech_windows(source: Floats) -> Ints:
    """Return the numbers of the windows that are speech."""
    levels = _rms(source, WINDOW)
    if not len(levels) or levels.max() < _LEAST:
        raise IncomparableAudio("reference", "has no 100 ms of speech between 300 and 4000 Hz")
    return np.flatnonzero(levels > levels.max() * 10 ** (_SPEECH_DB / 20))


def _ends(source: Floats) -> tuple[int, int]:
    """Return where the first and the last 100 ms of speech begin, to 10 ms."""
    levels = _rms(source, _ONSET)
    loudest = _rms(source, WINDOW).max()
    speech = np.flatnonzero(levels > loudest * 10 ** (_SPEECH_DB / 20)) * _ONSET
    latest = len(source) - WINDOW
    first, last = int(speech[0]), int(speech[-1]) + _ONSET - WINDOW
    return min(first, latest), max(last, 0)


def _likeness(a: Floats, b: Floats) -> Floats:
    """Return the normalised correlation of each row of ``a`` with that of ``b``."""
    power = np.sum(a**2, axis=-1) * np.sum(b**2, axis=-1)
    likeness: Floats = np.sum(a * b, axis=-1) / np.sqrt(np.maximum(power, _LEAST_POWER))
    return likeness


def _aligned(
    source: Floats, recording: Floats, windows: Ints, lags: Floats
) -> tuple[Floats, Floats]:
    """Return these windows of the source and what is at their lags: both (windows, WINDOW)."""
    starts = windows * WINDOW
    heard = [piece_between(recording, at, WINDOW) for at in (starts + lags).tolist()]
    return source[: len(source) // WINDOW * WINDOW].reshape(-1, WINDOW)[windows], np.stack(heard)


def _is_heard(source: Floats, recording: Floats, start: int, lag: float) -> bool:
    """Return whether the 100 ms from ``start`` on are in the recording at ``lag``."""
    there = piece_between(recording, start + lag, WINDOW)
    return bool(_likeness(piece(source, start, WINDOW), there) > HEARD_CORRELATION)


def _level_and_echo(direct: Floats, heard: Floats) -> tuple[float, float, float]:
    """Return the gain in dB, the loudest echo in dB over the direct sound, its delay in ms.

    What a short filter makes of the source is the direct sound. What is left is correlated
    with the source at every delay of an echo. Both need correlations only, so the residual
    itself is never made.
    """
    room = len(direct) + int(_ECHO_LAGS[-1]) + len(_DIRECT_LAGS)
    own = cross_correlation(direct, direct, room)
    across = cross_correlation(direct, heard, room)
    system = own[np.abs(_DIRECT_LAGS[:, None] - _DIRECT_LAGS)]
    # The band is a third of the rate, so the taps are not independent: damped a little
    damped = system + _LEAST * own[0] * np.eye(len(_DIRECT_LAGS))
    taps = np.linalg.solve(damped, across[_DIRECT_LAGS])
    gain = max(float(np.sqrt(max(taps @ system @ taps, 0.0) / own[0])), _LEAST)
    known = sum(tap * own[_ECHO_LAGS - lag] for tap, lag in zip(taps, _DIRECT_LAGS, strict=True))
    echoes = np.abs(across[_ECHO_LAGS] - known) / own[0] / gain
    loudest = int(echoes.argmax())
    echo = max(float(echoes[loudest]), _LEAST)
    delay_ms = float(_ECHO_LAGS[loudest]) * 1000 / RATE_HZ
    return 20 * float(np.log10(gain)), 20 * float(np.log10(echo)), delay_ms
