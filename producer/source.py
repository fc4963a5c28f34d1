"""Sources of audio, as 24 kHz mono s16le, streamed in bounded memory.

Several channels become their mean (stereo: 0.5 left + 0.5 right, so equal channels keep
their level and a voice on one side alone loses 6 dB); measured with PyAV 18.1, whose
coefficients are normalised so that integer output cannot clip.
"""

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import av
from av.container import InputContainer

from feed.audio import FEED_RATE_HZ, SAMPLE_BYTES
from producer.errors import UnreadableAudio

STDIN = "-"
_READ_BYTES = 64 * 1024


class Source(Protocol):
    """Something that can be spoken."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def expected_samples(self) -> int | None:
        """About how many samples at 24 kHz will come, if that can be known."""

    def blocks(self) -> Iterator[bytes]:
        """Read it from the beginning: s16le mono at 24 kHz, whole samples, never empty.

        Raises:
            UnreadableAudio: it holds nothing, or breaks off; what came before is good.
        """


def open_source(argument: str) -> Source:
    """Return the source for a command line argument: a file, or ``-`` for raw stdin.

    A file is decoded up to its first samples, so that what cannot be spoken is refused
    before anything is written.

    Raises:
        UnreadableAudio: it is missing, not audio, or holds no samples.
    """
    if argument == STDIN:
        if sys.stdin.isatty():
            raise UnreadableAudio(
                "standard input", "is a terminal; pipe raw s16le 24 kHz mono audio into it"
            )
        return RawInput(sys.stdin.fileno())
    path = Path(argument)
    _check_is_file(path)
    duration_s = _probe(path)
    return AudioFile(path, None if duration_s is None else round(duration_s * FEED_RATE_HZ))


@dataclass(frozen=True)
class AudioFile:
    """A file in any format PyAV reads."""

    path: Path
    expected_samples: int | None

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return self.path.name

    def blocks(self) -> Iterator[bytes]:
        """Decode, mix down and resample, a block per decoded frame. See ``Source``."""
        is_empty = True
        for block in _decoded(self.path):
            is_empty = False
            yield block
        if is_empty:
            raise UnreadableAudio(str(self.path), "holds no samples; choose a file with audio")


@dataclass(frozen=True)
class RawInput:
    """Raw s16le, 24 kHz, mono from a file descriptor; it can be read once."""

    fd: int
    name: str = "standard input"
    expected_samples: int | None = None

    def blocks(self) -> Iterator[bytes]:
        """Read until the end; whole samples only. See ``Source``."""
        total, half = 0, b""
        while data := os.read(self.fd, _READ_BYTES):
            total += len(data)
            data = half + data
            whole = len(data) - len(data) % SAMPLE_BYTES
            half = data[whole:]
            if whole:
                yield data[:whole]
        if not total:
            raise UnreadableAudio(self.name, "is empty; pipe raw s16le 24 kHz mono audio into it")
        if half:
            raise UnreadableAudio(
                self.name, f"{total} bytes end in half a sample; send s16le, 2 bytes a sample"
            )


def _check_is_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:  # the boundary to the file system
        raise UnreadableAudio(
            str(path), f"cannot be read ({error.strerror}); check the path"
        ) from None
    if stat.S_ISDIR(mode):
        raise UnreadableAudio(str(path), "is a folder; name the audio files in it")
    if stat.S_ISREG(mode) and not path.stat().st_size:
        raise UnreadableAudio(str(path), "is an empty file; choose a file with audio")


def _probe(path: Path) -> float | None:
    """Decode the first samples; return the duration in s if the file tells."""
    next(AudioFile(path, None).blocks())
    with path.open("rb") as file, av.open(file, mode="r") as container:
        stream = container.streams.audio[0]
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return None if container.duration is None else container.duration / av.time_base


def _decoded(path: Path) -> Iterator[bytes]:
    try:
        # An open file, not a name: FFmpeg would take "concat:..." for a protocol.
        with path.open("rb") as file, av.open(file, mode="r") as container:
            yield from _resampled(path, container)
    except (av.error.FFmpegError, OSError, ValueError) as error:  # the boundary to FFmpeg
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableAudio(
            str(path), f"is not audio that can be read ({reason}); convert it to WAV or FLAC"
        ) from error


def _resampled(path: Path, container: InputContainer) -> Iterator[bytes]:
    if not container.streams.audio:
        raise UnreadableAudio(str(path), "has no audio stream; choose a file with audio")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=FEED_RATE_HZ)
    for packet in container.demux(container.streams.audio[0]):
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:  # one bad packet, as players skip it: MP3s begin so
            continue
        for frame in frames:
            for resampled in resampler.resample(frame):
                if resampled.samples:
                    yield resampled.to_ndarray().tobytes()
    for resampled in resampler.resample(None):
        if resampled.samples:
            yield resampled.to_ndarray().tobytes()
