import wave
from pathlib import Path

import pytest

from captures import convert as convert_module
from captures.convert import convert, convert_stage, sizes
from captures.errors import CaptureTooLong, InvalidTimestamp, UnknownTimestamp
from captures.files import MONO_FRAME, RAW_AUDIO, SEND_FRAME, STAGES, Stage, capture_path, wav_path
from tests.captures.recording import TS, played


@pytest.mark.parametrize("stage", STAGES)
def test_a_wav_says_what_the_stage_is_and_holds_its_bytes(tmp_path: Path, stage: Stage) -> None:
    raw = bytes(range(256)) * 3
    capture_path(tmp_path, stage, TS).write_bytes(raw)
    conversion = convert_stage(tmp_path, stage, TS)
    with wave.open(str(wav_path(tmp_path, stage, TS)), "rb") as wav:
        assert wav.getframerate() == stage.rate_hz
        assert wav.getnchannels() == stage.channels
        assert wav.getsampwidth() == 2
        assert wav.readframes(10**6) == raw
    assert conversion.n_bytes == len(raw)
    assert conversion.warning is None
    assert conversion.seconds == stage.seconds(len(raw))


def test_all_stages_of_a_playback(tmp_path: Path) -> None:
    played().write(tmp_path)
    assert [conversion.stage for conversion in convert(tmp_path, TS)] == list(STAGES)
    assert len(list(tmp_path.glob("*.wav"))) == 4


@pytest.mark.parametrize(("stage", "size", "tail"), [(RAW_AUDIO, 101, 1), (SEND_FRAME, 103, 3)])
def test_a_tail_of_no_whole_frame_is_left_out_and_said(
    tmp_path: Path, stage: Stage, size: int, tail: int
) -> None:
    capture_path(tmp_path, stage, TS).write_bytes(bytes(size))
    conversion = convert_stage(tmp_path, stage, TS)
    assert conversion.n_bytes == 100
    assert conversion.warning == f"the last {tail} of {size} bytes are no whole frame: left out"
    with wave.open(str(conversion.path), "rb") as wav:
        assert wav.getnframes() * stage.frame_bytes == 100


def test_an_empty_capture_is_an_empty_wav(tmp_path: Path) -> None:
    capture_path(tmp_path, RAW_AUDIO, TS).touch()
    assert convert_stage(tmp_path, RAW_AUDIO, TS).seconds == 0
    with wave.open(str(wav_path(tmp_path, RAW_AUDIO, TS)), "rb") as wav:
        assert wav.getnframes() == 0


def test_missing_stages_are_passed_over(tmp_path: Path) -> None:
    capture_path(tmp_path, MONO_FRAME, TS).write_bytes(bytes(8))
    assert [conversion.stage for conversion in convert(tmp_path, TS)] == [MONO_FRAME]
    assert sizes(tmp_path, TS) == {MONO_FRAME: 8}


def test_nothing_to_convert_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnknownTimestamp, match=TS):
        convert(tmp_path, TS)
    with pytest.raises(InvalidTimestamp):
        convert(tmp_path, "../../etc")


def test_a_failure_leaves_the_old_wav_and_no_half_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture_path(tmp_path, RAW_AUDIO, TS).write_bytes(bytes(8))
    old = convert_stage(tmp_path, RAW_AUDIO, TS).path.read_bytes()

    def full(n_bytes: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        convert_stage(tmp_path, RAW_AUDIO, TS, full)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [capture_path(tmp_path, RAW_AUDIO, TS).name, wav_path(tmp_path, RAW_AUDIO, TS).name]
    )
    assert wav_path(tmp_path, RAW_AUDIO, TS).read_bytes() == old


def test_what_no_wav_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture_path(tmp_path, RAW_AUDIO, TS).write_bytes(bytes(102))
    monkeypatch.setattr(convert_module, "_MAX_WAV_BYTES", 100)
    with pytest.raises(CaptureTooLong, match="102 bytes do not fit"):
        convert_stage(tmp_path, RAW_AUDIO, TS)
    assert not wav_path(tmp_path, RAW_AUDIO, TS).exists()


def test_progress_adds_up_to_the_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convert_module, "_BLOCK_BYTES", 1000)
    played().write(tmp_path)
    steps: list[int] = []
    convert(tmp_path, TS, progress=steps.append)
    assert max(steps) == 1000
    assert sum(steps) == sum(sizes(tmp_path, TS).values())
