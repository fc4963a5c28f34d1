import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captures.check import reference_resample
from streamer.errors import MalformedChunk
from streamer.transform import (
    FILTER_SAMPLES,
    OUTPUT_RATE_HZ,
    Upsampler,
    fade_in,
    fade_out,
    to_stereo,
)
from tests.streamer.drive import cuts
from tests.streamer.speech import Mono, decibels, noise, speech, tone


def upsampled(mono: Mono, sizes: list[int]) -> Mono:
    upsampler = Upsampler()
    outs = [upsampler.push(mono[a:b].tobytes())[1] for a, b in cuts(len(mono), sizes)]
    return np.concatenate([*outs, upsampler.flush()])


def level_db(pcm: Mono) -> float:
    return decibels(float(np.mean(pcm.astype(float) ** 2)))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3_000), st.lists(st.integers(1, 700), min_size=1, max_size=20))
def test_any_cut_of_the_same_bytes_gives_the_reference(n: int, sizes: list[int]) -> None:
    mono = noise(n)
    assert np.array_equal(upsampled(mono, sizes), reference_resample(mono))


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 30, 31, 32, 33, 479, 480, 481, 24_000])
def test_two_samples_come_out_for_each_one_in(n: int) -> None:
    assert len(upsampled(noise(n), [480])) == 2 * n


def test_the_first_and_the_last_sample_are_in() -> None:
    loud = np.zeros(1_000, np.int16)
    loud[[0, -1]] = 10_000
    out = np.abs(upsampled(loud, [7]).astype(int))
    assert out[:4].max() > 8_000
    assert out[-4:].max() > 8_000
    assert out[100:-100].max() < 20


def test_the_filter_gives_something_once_fed_more_than_it_holds() -> None:
    for n, gives in ((FILTER_SAMPLES, False), (FILTER_SAMPLES + 1, True)):
        assert bool(len(Upsampler().push(noise(n).tobytes())[1])) is gives


def test_the_framed_bytes_are_the_bytes_pushed() -> None:
    for n in (1, 31, 480, 24_000):
        pcm = noise(n).tobytes()
        assert Upsampler().push(pcm)[0] == pcm


@pytest.mark.parametrize("pcm", [b"", b"a", b"abc"])
def test_what_is_not_whole_samples_is_refused(pcm: bytes) -> None:
    with pytest.raises(MalformedChunk, match=f"{len(pcm)} bytes"):
        Upsampler().push(pcm)


def test_left_equals_right_and_both_equal_the_mono() -> None:
    mono = speech(24_000)
    stereo = to_stereo(mono)
    assert stereo.shape == (24_000, 2)
    assert np.array_equal(stereo[:, 0], mono)
    assert np.array_equal(stereo[:, 1], mono)


@pytest.mark.parametrize("source", [tone(1_000, 24_000), speech(24_000)], ids=["tone", "speech"])
def test_the_level_is_that_of_the_source(source: Mono) -> None:
    stereo = to_stereo(upsampled(source, [480]))
    for channel in (stereo[:, 0], stereo[:, 1]):
        assert level_db(channel) == pytest.approx(level_db(source), abs=0.01)


def test_swresample_itself_would_lose_3_db_from_mono_to_stereo() -> None:
    """Why ``to_stereo`` copies: the library pans mono to each side at 1/sqrt(2)."""
    source = tone(1_000, 24_000)
    frame = av.AudioFrame.from_ndarray(source.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = 24_000
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=OUTPUT_RATE_HZ)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    stereo = np.concatenate([out.to_ndarray().reshape(-1, 2) for out in frames])
    assert level_db(stereo[:, 0]) - level_db(source) == pytest.approx(-3.01, abs=0.01)


def test_fades_go_from_all_to_nothing_and_back_in_whole_numbers() -> None:
    flat = np.full(240, -7_000, np.int16)
    out, into = fade_out(flat), fade_in(flat)
    assert out[-1] == 0
    assert into[-1] == -7_000
    assert out[0] == -7_000 * 239 // 240
    assert into[0] == -7_000 // 240
    assert (np.diff(out.astype(int)) > 0).all()
    assert (np.diff(into.astype(int)) < 0).all()


def test_fading_nothing_gives_nothing() -> None:
    nothing = np.zeros(0, np.int16)
    assert len(fade_out(nothing)) == len(fade_in(nothing)) == 0
