from functools import cache

import numpy as np
import pytest

from captures.compare import Comparison, compare
from captures.errors import IncomparableAudio
from tests.captures.voice import RATE_HZ, Mono, recorded, speech, through_opus

MS = RATE_HZ // 1000
MIDDLE = 3 * RATE_HZ


@cache
def coded() -> Mono:
    return through_opus(speech())


def heard(sound: Mono) -> Comparison:
    return compare(speech(), recorded(sound))


def echoing(sound: Mono, delay_ms: int, level_db: float) -> Mono:
    late = np.pad(sound, (delay_ms * MS, 0))[: len(sound)]
    return (0.7 * (sound + late * 10 ** (level_db / 20))).astype(np.int16)


def test_the_same_is_the_same() -> None:
    it = heard(speech())
    assert it.min_correlation > 0.999
    assert it.intact == 1
    assert it.level_db == pytest.approx(0, abs=0.01)
    assert it.echo_db < -90
    np.testing.assert_allclose(it.lag_ms, 20_011 / MS, atol=0.005)
    assert it.first_100ms_heard
    assert it.last_100ms_heard


def test_opus_alone_costs_a_hundredth_of_correlation_and_nothing_else() -> None:
    it = heard(coded())
    assert it.median_correlation > 0.985
    assert it.min_correlation > 0.9
    assert it.intact == 1
    assert it.lag_jumps == []
    assert (it.inserted_ms, it.removed_ms) == (0, 0)
    assert it.drift_ms == pytest.approx(0, abs=0.1)
    assert it.level_db == pytest.approx(0, abs=0.1)
    assert it.echo_db < -38
    assert np.median(it.lag_ms) == pytest.approx((20_011 + 312) / MS, abs=0.05)
    assert it.first_100ms_heard
    assert it.last_100ms_heard


def test_ten_milliseconds_removed() -> None:
    it = heard(np.delete(coded(), np.s_[MIDDLE : MIDDLE + 10 * MS]))
    [(at, jump)] = it.lag_jumps
    assert at == pytest.approx(3, abs=0.25)
    assert jump == pytest.approx(-10, abs=0.1)
    assert it.removed_ms == pytest.approx(10, abs=0.1)
    assert it.inserted_ms == 0
    assert it.drift_ms == pytest.approx(-10, abs=0.1)


@pytest.mark.parametrize("repeated", [True, False], ids=["stretched", "silent"])
def test_twenty_milliseconds_inserted(repeated: bool) -> None:
    before, after = coded()[:MIDDLE], coded()[MIDDLE:]
    more = before[-20 * MS :] * repeated
    it = heard(np.concatenate([before, more, after]))
    [(at, jump)] = it.lag_jumps
    assert at == pytest.approx(3, abs=0.25)
    assert jump == pytest.approx(20, abs=0.1)
    assert it.inserted_ms == pytest.approx(20, abs=0.1)
    assert it.removed_ms == 0


def test_many_small_pauses_are_all_counted() -> None:
    rng = np.random.default_rng(3)
    pieces = [coded()[at : at + RATE_HZ // 4] for at in range(0, 6 * RATE_HZ, RATE_HZ // 4)]
    pauses = [np.zeros(int(rng.integers(6, 30)) * MS, np.int16) for _ in pieces[1:]]
    parts = [pieces[0]]
    for pause, piece in zip(pauses, pieces[1:], strict=True):
        parts += [pause, piece]
    it = heard(np.concatenate(parts))
    total_ms = sum(map(len, pauses)) / MS
    assert it.inserted_ms - it.removed_ms == pytest.approx(total_ms, abs=1)
    assert it.removed_ms < 20
    assert len(it.lag_jumps) >= len(pauses) * 2 // 3


@pytest.mark.parametrize(("delay_ms", "level_db"), [(100, -20.0), (250, -30.0), (30, -20.0)])
def test_an_echo(delay_ms: int, level_db: float) -> None:
    it = heard(through_opus(echoing(speech(), delay_ms, level_db)))
    assert it.echo_db == pytest.approx(level_db, abs=1)
    assert it.echo_delay_ms == pytest.approx(delay_ms, abs=0.1)
    assert it.lag_jumps == []


def test_panned_to_stereo_and_so_three_decibels_down() -> None:
    it = heard((coded() * 2**-0.5).astype(np.int16))
    assert it.level_db == pytest.approx(-3.01, abs=0.05)
    assert it.min_correlation > 0.9


def test_a_start_cut_off() -> None:
    it = heard(coded()[300 * MS :])
    assert not it.first_100ms_heard
    assert it.last_100ms_heard
    assert np.isnan(it.lag_ms[:2]).all()
    assert it.min_correlation < 0.5
    assert it.lag_jumps == []
    assert it.level_db == pytest.approx(0, abs=0.1)


def test_an_end_cut_off() -> None:
    it = heard(coded()[: -500 * MS])
    assert it.first_100ms_heard
    assert not it.last_100ms_heard


def test_half_a_second_lost_in_the_middle_is_no_jump() -> None:
    sound = coded().copy()
    sound[MIDDLE : MIDDLE + 500 * MS] = 0
    it = heard(sound)
    assert it.lag_jumps == []
    assert 0.85 < it.intact < 0.97


def test_clocks_that_run_apart_drift_and_do_not_jump() -> None:
    positions = np.arange(0, len(coded()) - 1, 1 + 2e-4)
    it = heard(np.interp(positions, np.arange(len(coded())), coded()).astype(np.int16))
    assert it.lag_jumps == []
    assert it.drift_ms == pytest.approx(-2e-4 * 5000, abs=0.25)


def test_a_fraction_of_a_sample_is_measured_and_costs_nothing() -> None:
    spectrum = np.fft.rfft(recorded(speech()) / 32_768)
    turn = np.exp(-2j * np.pi * np.arange(len(spectrum)) * 0.5 / len(recorded(speech())))
    it = compare(speech(), np.fft.irfft(spectrum * turn, len(recorded(speech()))))
    assert np.median(it.lag_ms) == pytest.approx(20_011.5 / MS, abs=0.002)
    assert it.min_correlation > 0.999
    assert it.echo_db < -60


def test_other_rates_and_floats() -> None:
    half = speech()[::2] / 32_768
    it = compare(half, recorded(speech())[1::2] / 32_768, RATE_HZ // 2)
    assert it.min_correlation > 0.999
    assert np.median(it.lag_ms) == pytest.approx(10_005 * 1000 / 24_000, abs=0.01)


def test_a_recording_that_starts_later() -> None:
    it = compare(speech(), speech()[2 * RATE_HZ :])
    assert np.nanmedian(it.lag_ms) == pytest.approx(-2000, abs=0.01)
    assert not it.first_100ms_heard


@pytest.mark.parametrize(
    ("reference", "recording", "message"),
    [
        (np.zeros(0), speech(), "reference: is empty"),
        (speech(), np.zeros(48_000), "heard: is silent"),
        (np.zeros((9, 2)), speech(), r"reference: must be mono, shape \(n,\), is \(9, 2\)"),
        (speech(), np.full(9, np.nan), "heard: has samples that are no numbers"),
        (speech()[:2000], speech(), "reference: has no 100 ms of speech"),
        (np.hanning(48_000), speech(), "reference: has no 100 ms of speech"),
        (speech(), np.random.default_rng(1).normal(size=96_000), "heard: nothing of the reference"),
    ],
)
def test_nothing_to_compare_is_an_error(reference: Mono, recording: Mono, message: str) -> None:
    with pytest.raises(IncomparableAudio, match=message):
        compare(reference, recording)
