import os
from pathlib import Path

import pytest

from captures.errors import InvalidTimestamp, NoCaptures
from captures.files import (
    MONO_FRAME,
    RAW_AUDIO,
    SEND_FRAME,
    STEREO_FRAME,
    Stage,
    capture_path,
    checked_timestamp,
    index_path,
    list_timestamps,
    newest,
    wav_path,
)

TS = "1763900000.123456"


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        (RAW_AUDIO, "tmp_01_rawaudio_24_1763900000.123456"),
        (MONO_FRAME, "tmp_02_monoframe_24_1763900000.123456"),
        (STEREO_FRAME, "tmp_03_stereoframe_48_1763900000.123456"),
        (SEND_FRAME, "tmp_04_sendframe_48_1763900000.123456"),
    ],
)
def test_names_are_those_of_the_original(stage: Stage, name: str) -> None:
    directory = Path("captured")
    assert capture_path(directory, stage, TS) == directory / name
    assert wav_path(directory, stage, TS) == directory / f"{name}.wav"


def test_the_index_is_json() -> None:
    assert index_path(Path("d"), TS) == Path("d/tmp_00_index_1763900000.123456.json")


def test_a_second_has_its_bytes() -> None:
    assert RAW_AUDIO.seconds(48_000) == 1
    assert SEND_FRAME.seconds(192_000) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1763900000",
        "1.12345",
        "1.1234567",
        "01.000000",
        "-1.000000",
        "1.00000a",
        "../1.000000",
        "1763900000.123456\n",
        "\u0661.000000",
        "1234567890123.000000",
    ],
)
def test_no_path_is_made_of_what_is_no_timestamp(text: str) -> None:
    with pytest.raises(InvalidTimestamp, match="six decimals"):
        checked_timestamp(text)
    with pytest.raises(InvalidTimestamp):
        capture_path(Path(), RAW_AUDIO, text)
    with pytest.raises(InvalidTimestamp):
        index_path(Path(), text)


def test_timestamps_are_listed_in_numeric_order(tmp_path: Path) -> None:
    for timestamp in ("10.000000", "9.000000", "9.000001", "1763900000.123456"):
        capture_path(tmp_path, SEND_FRAME, timestamp).touch()
    index_path(tmp_path, "5.000000").touch()
    capture_path(tmp_path, RAW_AUDIO, "9.000000").touch()
    expected = ["5.000000", "9.000000", "9.000001", "10.000000", "1763900000.123456"]
    assert list_timestamps(tmp_path) == expected
    assert newest(tmp_path) == "1763900000.123456"


def test_whatever_else_is_there_is_ignored(tmp_path: Path) -> None:
    for name in (
        "tmp_01_rawaudio_24_1.000000.wav",
        "tmp_01_rawaudio_48_1.000000",
        "tmp_05_rawaudio_24_1.000000",
        "tmp_00_index_1.000000",
        "tmp_01_rawaudio_24_1.000000.json",
        "tmp_01_rawaudio_24_01.000000",
        "tmp_01_rawaudio_24_",
        "notes.txt",
    ):
        (tmp_path / name).touch()
    (tmp_path / "tmp_01_rawaudio_24_2.000000").mkdir()
    if hasattr(os, "symlink"):
        (tmp_path / "tmp_01_rawaudio_24_3.000000").symlink_to(tmp_path / "notes.txt")
    assert list_timestamps(tmp_path) == []


def test_no_captures_says_how_to_get_some(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NoCaptures, match="listen to something first"):
            newest(directory)
