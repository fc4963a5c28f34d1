from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import sleep

import pytest

from captures.check import check_timestamp
from captures.files import STAGES, capture_path, index_path, list_timestamps, wav_path
from captures.index import CaptureIndex
from streamer.taps import MAX_WAITING, CaptureTap, CaptureWriter, NoTap
from tests.streamer.drive import Drive, Script
from tests.streamer.speech import noise


@contextmanager
def writing(directory: Path, keep: int = 20) -> Iterator[CaptureWriter]:
    writer = CaptureWriter(directory, keep)
    writer.start()
    yield writer
    writer.stop()


def play(tap: CaptureTap, drive: Drive, frames: int) -> None:
    for _ in range(frames):
        (frame,) = drive.pull()
        tap.record(frame, idle=drive.playout.idle)


def index_of(directory: Path, timestamp: str) -> CaptureIndex:
    return CaptureIndex.from_json(index_path(directory, timestamp).read_bytes())


def faults(directory: Path, timestamp: str) -> list[str]:
    return [f"{r.name}: {r.detail}" for r in check_timestamp(directory, timestamp) if not r.ok]


def test_a_playback_is_four_files_and_an_index_that_agree(tmp_path: Path) -> None:
    script, drive = Script(), Drive()
    drive.pull(5)  # idle silence before the first sample is not captured
    with writing(tmp_path) as writer:
        tap = CaptureTap(writer, "f", 600)
        drive.take(script.response(noise(5_000), 700, "one"))
        drive.take(script.response(noise(3_000), 700, "two"))
        play(tap, drive, 30)
    (timestamp,) = list_timestamps(tmp_path)
    assert faults(tmp_path, timestamp) == []
    index = index_of(tmp_path, timestamp)
    assert not index.truncated
    assert [(r.response_id, r.samples) for r in index.responses] == [("one", 5_000), ("two", 3_000)]
    assert capture_path(tmp_path, STAGES[0], timestamp).stat().st_size == 2 * 8_000


def test_an_underrun_is_in_the_captures(tmp_path: Path) -> None:
    script, drive = Script(), Drive()
    pcm = noise(12_000)
    chunks = script.deltas(pcm, 6_000)
    with writing(tmp_path) as writer:
        tap = CaptureTap(writer, "f", 600)
        drive.take(chunks[:1])
        play(tap, drive, 40)
        drive.take([*chunks[1:], script.done(len(pcm))])
        play(tap, drive, 40)
    (timestamp,) = list_timestamps(tmp_path)
    assert faults(tmp_path, timestamp) == []
    assert "underrun" in {span.cause for span in index_of(tmp_path, timestamp).spans}


def test_every_playback_until_idle_is_a_capture_of_its_own(tmp_path: Path) -> None:
    script, drive = Script(), Drive()
    with writing(tmp_path) as writer:
        tap = CaptureTap(writer, "f", 600)
        for n in range(3):
            drive.take(script.response(noise(1_000), response_id=f"r{n}"))
            play(tap, drive, 5)
    timestamps = list_timestamps(tmp_path)
    assert len(timestamps) == 3
    assert [index_of(tmp_path, t).responses[0].response_id for t in timestamps] == [
        "r0",
        "r1",
        "r2",
    ]
    assert [faults(tmp_path, t) for t in timestamps] == [[], [], []]


def test_a_capture_ended_in_the_middle_is_truncated_and_right_so_far(tmp_path: Path) -> None:
    drive = Drive().take(Script().response(noise(24_000)))
    with writing(tmp_path) as writer:
        tap = CaptureTap(writer, "f", 600)
        play(tap, drive, 10)
        tap.end()
        tap.end()
    (timestamp,) = list_timestamps(tmp_path)
    assert index_of(tmp_path, timestamp).truncated
    assert faults(tmp_path, timestamp) == []


def test_a_capture_is_no_longer_than_the_limit(tmp_path: Path) -> None:
    drive = Drive().take(Script().response(noise(24_000)))
    with writing(tmp_path) as writer:
        tap = CaptureTap(writer, "f", max_s=0.2)
        play(tap, drive, 60)
    (timestamp,) = list_timestamps(tmp_path)
    assert index_of(tmp_path, timestamp).truncated
    assert capture_path(tmp_path, STAGES[3], timestamp).stat().st_size == 10 * 3_840
    assert faults(tmp_path, timestamp) == []


@pytest.mark.parametrize("keep", [1, 2, 5])
def test_the_oldest_captures_beyond_the_limit_go_with_their_wavs(tmp_path: Path, keep: int) -> None:
    script, drive = Script(), Drive()
    seen: list[str] = []
    for n in range(4):
        with writing(tmp_path, keep) as writer:
            tap = CaptureTap(writer, "f", 600)
            drive.take(script.response(noise(1_000), response_id=f"r{n}"))
            play(tap, drive, 5)
        seen.append(list_timestamps(tmp_path)[-1])
        wav_path(tmp_path, STAGES[0], seen[-1]).write_bytes(b"")
    assert list_timestamps(tmp_path) == seen[-keep:]
    assert len(list(tmp_path.glob("*.wav"))) == min(keep, 4)


def test_timestamps_never_repeat_in_a_process(tmp_path: Path) -> None:
    writer = CaptureWriter(tmp_path, 1)
    stamps = [writer.new_timestamp() for _ in range(2_000)]
    assert len(set(stamps)) == len(stamps)
    assert stamps == sorted(stamps)


def test_when_the_disk_cannot_keep_up_the_rest_is_not_recorded(tmp_path: Path) -> None:
    drive = Drive().take(Script().response(noise(24_000)))
    holds, may_go_on = Event(), Event()

    def hold() -> None:
        holds.set()
        may_go_on.wait(10)

    with writing(tmp_path) as writer:
        tap = CaptureTap(writer, "f", 600)
        play(tap, drive, 10)
        writer.submit(hold)
        assert holds.wait(10)
        waiting = 0
        while writer.submit(lambda: None):
            waiting += 1
        assert waiting == MAX_WAITING
        play(tap, drive, 10)
        may_go_on.set()
        done = Event()
        while not writer.submit(done.set):
            sleep(0.001)
        assert done.wait(10)
        play(tap, drive, 40)
    (timestamp,) = list_timestamps(tmp_path)
    assert index_of(tmp_path, timestamp).truncated
    assert capture_path(tmp_path, STAGES[3], timestamp).stat().st_size == 10 * 3_840
    assert faults(tmp_path, timestamp) == []


def test_a_directory_that_goes_away_does_not_end_playback(tmp_path: Path) -> None:
    directory = tmp_path / "captures"
    drive = Drive().take(Script().response(noise(1_000)))
    with writing(directory) as writer:
        directory.rmdir()
        play(CaptureTap(writer, "f", 600), drive, 5)
    assert drive.playout.idle


def test_a_directory_that_cannot_be_made_is_an_error_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        CaptureWriter(tmp_path / "file" / "captures", 1).start()


def test_no_tap_records_nothing() -> None:
    tap = NoTap()
    (frame,) = Drive().take(Script().response(noise(480))).pull()
    tap.record(frame, idle=True)
    tap.end()
