import numpy as np
import pytest
from numpy.typing import NDArray

from captures.alignment import (
    RATE_HZ,
    WINDOW,
    band_pass,
    correlations,
    cross_correlation,
    global_lag,
    piece,
    piece_between,
    track,
)
from tests.captures.voice import speech


def tone(hz: float, rate_hz: int, seconds: float = 1.0) -> NDArray[np.float64]:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_the_band_passes_at_its_level_whatever_the_rate(rate_hz: int) -> None:
    out = band_pass(tone(1000, rate_hz), rate_hz)
    assert len(out) == RATE_HZ
    np.testing.assert_allclose(out[2400:-2400], tone(1000, RATE_HZ)[2400:-2400], atol=1e-3)


@pytest.mark.parametrize("hz", [50, 250, 4200, 9000])
def test_what_is_outside_does_not(hz: float) -> None:
    assert np.abs(band_pass(tone(hz, 48_000), 48_000)[2400:-2400]).max() < 0.01


def test_long_signals_of_an_odd_length() -> None:
    assert len(band_pass(np.zeros(48_000 * 37 + 5), 48_000)) == RATE_HZ * 37 + 2


def test_a_piece_is_silent_where_there_is_no_signal() -> None:
    signal = np.arange(1.0, 5.0)
    assert piece(signal, -2, 4).tolist() == [0, 0, 1, 2]
    assert piece(signal, 3, 3).tolist() == [4, 0, 0]
    assert piece(signal, 9, 2).tolist() == piece(signal, -9, 2).tolist() == [0, 0]


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 0.999])
def test_a_piece_between_samples(fraction: float) -> None:
    signal = tone(3900, RATE_HZ)
    expected = np.sin(2 * np.pi * 3900 * (np.arange(200) + 500 + fraction) / RATE_HZ)
    np.testing.assert_allclose(piece_between(signal, 500 + fraction, 200), expected, atol=2e-4)


def test_cross_correlation_is_the_sum_of_products() -> None:
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    out = cross_correlation(a, b, 5)
    assert out[[0, 1, 2, -1]] == pytest.approx([11, 14, 5, 6])


@pytest.mark.parametrize("lag", [0, 7000, -7000])
def test_the_global_lag(lag: int) -> None:
    signal = band_pass(speech(2.0) / 32_768, 48_000)
    assert global_lag(signal, piece(signal, -lag, len(signal))) == lag


def test_correlation_is_free_of_gain_and_of_silence() -> None:
    signal = band_pass(speech(2.0) / 32_768, 48_000)
    window = signal[4800 : 4800 + WINDOW]
    floor = 1e-5 * float(np.mean(signal**2))
    there = correlations(window, 0.3 * signal, floor, 4700, 201)
    assert int(there.argmax()) == 100
    assert there[100] == pytest.approx(1, abs=1e-3)
    assert np.abs(correlations(window, np.zeros(9000), floor, 0, 10)).max() < 1e-6


def test_windows_are_followed_across_a_jump() -> None:
    signal = band_pass(speech() / 32_768, 48_000)
    half = len(signal) // 2
    heard = np.concatenate([signal[:half], np.zeros(480), signal[half:]])
    starts = np.arange(0, len(signal) - WINDOW, WINDOW)
    loud = [np.mean(signal[start : start + WINDOW] ** 2) > 1e-9 for start in starts]
    lags = track(signal, heard, starts)[loud]
    where = starts[loud]
    np.testing.assert_allclose(lags[where + WINDOW <= half], 0, atol=0.1)
    np.testing.assert_allclose(lags[where >= half], 480, atol=0.1)
