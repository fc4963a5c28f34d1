from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captures.check import (
    FILTER_SAMPLES,
    CheckResult,
    check_captures,
    check_timestamp,
    first_failure,
    reference_resample,
)
from captures.files import (
    MONO_FRAME,
    RAW_AUDIO,
    SEND_FRAME,
    STAGES,
    STEREO_FRAME,
    Stage,
    capture_path,
    index_path,
)
from tests.captures.recording import TS, Recording, noise, played


def failed(results: list[CheckResult]) -> list[str]:
    return [result.name for result in results if not result.ok]


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_a_correct_recording_passes() -> None:
    recording = played()
    results = check_captures(recording.index(), recording.raw())
    assert failed(results) == []
    assert first_failure(results) is None
    assert [result.name for result in results] == [
        "sizes",
        "stage 2 is stage 1",
        "stage 3 is stage 2 resampled",
        "stage 3 left is right",
        "stage 4 is stage 3 as the index says",
    ]


@pytest.mark.parametrize(
    ("stage", "sample", "time", "names"),
    [
        (MONO_FRAME, 2500, "0.104167 s", ["stage 2 is stage 1", "stage 3 is stage 2 resampled"]),
        (STEREO_FRAME, 6000, "0.125000 s", None),
        (SEND_FRAME, 4170, "0.086875 s", ["stage 4 is stage 3 as the index says"]),
    ],
)
def test_the_first_stage_and_sample_that_differ_are_named(
    stage: Stage, sample: int, time: str, names: list[str] | None
) -> None:
    recording = played()
    raw = recording.raw()
    raw[stage] = flipped(raw[stage], sample * stage.frame_bytes)
    results = check_captures(recording.index(), raw)
    if names is not None:
        assert failed(results) == names
    failure = first_failure(results)
    assert failure is not None
    assert (failure.stage, failure.sample) == (stage.number, sample)
    assert f"stage {stage.number}, sample {sample} ({time})" in failure.detail


def test_a_right_channel_of_its_own_is_found() -> None:
    recording = played()
    raw = recording.raw()
    raw[STEREO_FRAME] = flipped(raw[STEREO_FRAME], 4000 * 4 + 2)
    failure = first_failure(check_captures(recording.index(), raw))
    assert failure is not None
    assert (failure.name, failure.sample) == ("stage 3 left is right", 4000)


def test_panning_to_stereo_is_found() -> None:
    recording = played()
    raw = recording.raw()
    stereo = np.frombuffer(raw[STEREO_FRAME], np.int16) * 0.7071
    raw[STEREO_FRAME] = stereo.astype(np.int16).tobytes()
    failure = first_failure(check_captures(recording.index(), raw))
    assert failure is not None
    assert (failure.stage, failure.name) == (3, "stage 3 is stage 2 resampled")


def test_one_resampler_for_two_responses_is_found() -> None:
    recording = played()
    raw = recording.raw()
    whole = reference_resample(np.concatenate(recording.mono))
    raw[STEREO_FRAME] = np.repeat(whole, 2).tobytes()
    failure = first_failure(check_captures(recording.index(), raw))
    assert failure is not None
    assert failure.stage == 3
    assert failure.sample is not None
    assert abs(failure.sample - 4800) <= 32


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("missing", [1, 4, 400])
def test_a_short_file_fails(stage: Stage, missing: int) -> None:
    recording = played()
    raw = recording.raw()
    raw[stage] = raw[stage][:-missing]
    results = check_captures(recording.index(), raw)
    assert "sizes" in failed(results)
    assert not results[0].ok
    assert f"stage {stage.number}" in results[0].detail or stage is MONO_FRAME


@pytest.mark.parametrize("n_bytes", [0, 40, 6000, 6800])
def test_a_truncated_capture_is_checked_as_far_as_it_goes(n_bytes: int) -> None:
    recording = played()
    index = replace(recording.index(), truncated=True)
    raw = recording.raw()
    # As a recorder stops: the filter holds the last 32 frames of stage 3 back
    frames = n_bytes // 2 * 2 - FILTER_SAMPLES
    short = {
        RAW_AUDIO: raw[RAW_AUDIO][:n_bytes],
        MONO_FRAME: raw[MONO_FRAME][:n_bytes],
        STEREO_FRAME: raw[STEREO_FRAME][: max(frames, 0) * 4],
        SEND_FRAME: raw[SEND_FRAME][: 4 * n_bytes],
    }
    assert failed(check_captures(index, short)) == []
    assert failed(check_captures(replace(index, truncated=False), short)) != []
    if n_bytes > 100:
        short[STEREO_FRAME] = flipped(short[STEREO_FRAME], 400)
        assert "stage 3 is stage 2 resampled" in failed(check_captures(index, short))


@pytest.mark.parametrize("n", [0, 1, 2, 21, 22, 30, 31, 32, 33, 480, 24_001])
def test_two_samples_for_each_however_short(n: int) -> None:
    assert len(reference_resample(noise(n))) == 2 * n


def test_the_reference_keeps_level_and_place() -> None:
    t = np.arange(4800)
    tone = np.round(12_000 * np.sin(2 * np.pi * 1000 * t / 24_000)).astype(np.int16)
    out = reference_resample(tone).astype(float)
    expected = 12_000 * np.sin(2 * np.pi * 1000 * np.arange(9600) / 48_000)
    assert np.abs(out - expected)[64:-64].max() < 4


def test_files_are_read_and_checked(tmp_path: Path) -> None:
    played().write(tmp_path)
    results = check_timestamp(tmp_path, TS)
    assert failed(results) == []
    assert len(results) == 7


def test_missing_files_are_named(tmp_path: Path) -> None:
    played().write(tmp_path)
    capture_path(tmp_path, STEREO_FRAME, TS).unlink()
    index_path(tmp_path, TS).unlink()
    [result] = check_timestamp(tmp_path, TS)
    assert not result.ok
    assert result.detail == f"missing: tmp_03_stereoframe_48_{TS}, tmp_00_index_{TS}.json"


def test_an_invalid_index_fails_by_its_field(tmp_path: Path) -> None:
    played().write(tmp_path)
    index_path(tmp_path, TS).write_text("{}")
    results = check_timestamp(tmp_path, TS)
    assert failed(results) == ["index"]
    assert results[-1].detail == "index version: missing"


def test_an_index_of_another_playback_fails(tmp_path: Path) -> None:
    played().write(tmp_path, "1.000000")
    other = index_path(tmp_path, "1.000000").read_text().replace("1.000000", "2.000000")
    index_path(tmp_path, "1.000000").write_text(other)
    assert failed(check_timestamp(tmp_path, "1.000000")) == ["index"]


plans = st.lists(
    st.tuples(
        st.integers(1, 400),
        st.lists(
            st.tuples(st.sampled_from(["speech", "in", "out", "gap", "cut"]), st.integers(1, 150)),
            max_size=6,
        ),
    ),
    max_size=4,
)


def recorded(plan: list[tuple[int, list[tuple[str, int]]]]) -> Recording:
    recording = Recording()
    for n_samples, parts in plan:
        recording.respond(noise(n_samples, seed=n_samples))
        for what, wanted in parts:
            n = min(wanted * 2, recording.left)
            if what == "gap":
                recording.silence(wanted, "underrun")
            elif n and what == "speech":
                recording.speech(n)
            elif n and what == "cut":
                recording.cut(n)
            elif n:
                recording.fade(n, "in" if what == "in" else "out")
        if recording.left:
            recording.cut(recording.left)
    return recording


@settings(deadline=None)
@given(plans, st.data())
def test_what_is_right_passes_and_any_changed_byte_fails(
    plan: list[tuple[int, list[tuple[str, int]]]], data: st.DataObject
) -> None:
    recording = recorded(plan)
    raw = recording.raw()
    assert failed(check_captures(recording.index(), raw)) == []
    stage = data.draw(st.sampled_from(STAGES))
    if raw[stage]:
        at = data.draw(st.integers(0, len(raw[stage]) - 1))
        raw[stage] = flipped(raw[stage], at)
        failure = first_failure(check_captures(recording.index(), raw))
        assert failure is not None
        assert failure.stage is not None
        # A byte of stage 1 shows in stage 2, the first that can be held against another
        assert failure.stage == max(stage.number, 2)
        assert failure.sample == at // stage.frame_bytes
