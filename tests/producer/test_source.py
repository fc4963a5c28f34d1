import math
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from producer.errors import UnreadableAudio
from producer.source import RawInput, Source, open_source
from tests.producer.sounds import Samples, tone, write_encoded, write_float_wav, write_wav


def read(source: Source) -> Samples:
    data = b"".join(source.blocks())
    return (np.frombuffer(data, "<i2") / 32767).astype(np.float32)


def level_db(found: Samples, level: float) -> float:
    middle = found[2400:-2400]
    return 20 * math.log10(float(np.sqrt(np.mean(middle**2))) * math.sqrt(2) / level)


MAKERS: dict[str, Callable[[Path], Path]] = {
    "s16 24 kHz": lambda p: write_wav(p / "a.wav", tone(1, 24_000), 24_000),
    "s16 stereo 44.1 kHz": lambda p: write_wav(p / "a.wav", tone(1, 44_100, 2), 44_100),
    "s16 8 kHz": lambda p: write_wav(p / "a.wav", tone(1, 8_000), 8_000),
    "float 24 kHz": lambda p: write_float_wav(p / "a.wav", tone(1, 24_000), 24_000),
    "float stereo 96 kHz": lambda p: write_float_wav(p / "a.wav", tone(1, 96_000, 2), 96_000),
    "flac stereo 48 kHz": lambda p: write_encoded(p / "a.flac", tone(1, 48_000, 2), 48_000, "flac"),
    "mp3 44.1 kHz": lambda p: write_encoded(p / "a.mp3", tone(1, 44_100), 44_100, "mp3"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_any_format_becomes_24_khz_mono_at_its_level(kind: str, tmp_path: Path) -> None:
    source = open_source(str(MAKERS[kind](tmp_path)))
    found = read(source)
    # a lossy codec pads with up to three of its frames
    slack = 3 * 1152 if "mp3" in kind else 1
    assert abs(len(found) - 24_000) <= slack
    assert source.expected_samples is not None
    assert abs(source.expected_samples - len(found)) <= slack
    # LAME scales its input by 0.95
    assert level_db(found, 0.475 if "mp3" in kind else 0.5) == pytest.approx(0, abs=0.1)
    crossings = np.count_nonzero(np.diff(np.signbit(found[2400:-2400])))
    assert abs(crossings * 24_000 / (2 * (len(found) - 4800)) - 440) < 5


def test_24_khz_mono_s16_is_untouched(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 5000)).astype(np.float32)
    path = write_wav(tmp_path / "a.wav", noise, 24_000)
    assert b"".join(open_source(str(path)).blocks()) == path.read_bytes()[44:]


def test_stereo_becomes_the_mean_of_its_channels(tmp_path: Path) -> None:
    one_sided = tone(1, 24_000, 2)
    one_sided[1] = 0
    path = write_wav(tmp_path / "a.wav", one_sided, 24_000)
    assert level_db(read(open_source(str(path))), 0.5) == pytest.approx(-6.02, abs=0.05)


def test_it_can_be_read_again(tmp_path: Path) -> None:
    source = open_source(str(write_wav(tmp_path / "a.wav", tone(0.1, 24_000), 24_000)))
    assert b"".join(source.blocks()) == b"".join(source.blocks())


def test_blocks_are_small_whatever_the_file(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(60, 48_000, 2), 48_000)
    tracemalloc.start()
    try:
        assert max(len(block) for block in open_source(str(path)).blocks()) <= 96_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_broken_packet_is_skipped(tmp_path: Path) -> None:
    path = write_encoded(tmp_path / "a.mp3", tone(2, 24_000), 24_000, "mp3")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = os.urandom(300)
    path.write_bytes(data)
    assert len(read(open_source(str(path)))) > 24_000


def video_only(path: Path) -> Path:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame(16, 16, "yuv420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda p: p / "no.wav", "No such file.*check the path"),
    "folder": (lambda p: p, "is a folder"),
    "empty file": (lambda p: written(p / "a.wav", b""), "empty file"),
    "text": (lambda p: written(p / "a.wav", b"hello " * 100), "not audio that can be read"),
    "no samples": (lambda p: write_wav(p / "a.wav", tone(0, 24_000), 24_000), "samples|read"),
    "video": (lambda p: video_only(p / "a.mp4"), "no audio stream"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_spoken_is_refused_with_name_and_reason(kind: str, tmp_path: Path) -> None:
    make, reason = BAD[kind]
    path = make(tmp_path)
    with pytest.raises(UnreadableAudio, match=reason) as caught:
        open_source(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_is_never_a_protocol() -> None:
    with pytest.raises(UnreadableAudio, match="No such file"):
        open_source("concat:/etc/passwd|/etc/passwd")


def piped(data: bytes) -> RawInput:
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    return RawInput(reader)


def test_raw_input_is_passed_on() -> None:
    assert b"".join(piped(b"abcdef").blocks()) == b"abcdef"


def test_raw_input_that_ends_in_half_a_sample_gives_the_whole_ones_first() -> None:
    blocks = piped(b"abcde").blocks()
    assert next(blocks) == b"abcd"
    with pytest.raises(UnreadableAudio, match="5 bytes end in half a sample"):
        next(blocks)


def test_empty_raw_input_is_refused() -> None:
    with pytest.raises(UnreadableAudio, match="is empty"):
        next(piped(b"").blocks())
