"""Raw captures to WAVs that any player opens: the bytes unaltered, a header that is true."""

import os
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from captures.errors import CaptureTooLong, UnknownTimestamp
from captures.files import STAGES, Stage, capture_path, wav_path
from feed.audio import SAMPLE_BYTES

Progress = Callable[[int], None]
"""Called with the number of bytes written since the last call."""

# RIFF counts the bytes after its first 8 in 32 bits; 36 of those are header
_MAX_WAV_BYTES: Final = 2**32 - 1 - 36
_BLOCK_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class Conversion:
    """A WAV written from a raw file; ``n_bytes`` of audio are in it.

    ``warning`` says what of the raw file is not, None if all of it is.
    """

    stage: Stage
    path: Path
    n_bytes: int
    warning: str | None = None

    @property
    def seconds(self) -> float:
        """How long the WAV plays."""
        return self.stage.seconds(self.n_bytes)


def sizes(directory: Path, timestamp: str, stages: Iterable[Stage] = STAGES) -> dict[Stage, int]:
    """Return the bytes of each stage that has a file.

    Raises:
        InvalidTimestamp: ``timestamp`` is not one.
        OSError: a file cannot be looked at.
    """
    paths = {stage: capture_path(directory, stage, timestamp) for stage in stages}
    return {stage: path.stat().st_size for stage, path in paths.items() if path.is_file()}


def convert(
    directory: Path,
    timestamp: str,
    stages: Iterable[Stage] = STAGES,
    progress: Progress | None = None,
) -> list[Conversion]:
    """Write a WAV beside each raw file of ``timestamp``, replacing an earlier one.

    A stage without a file is passed over: that it is missing is for the checks to say.

    Raises:
        UnknownTimestamp: none of ``stages`` has a file.
        InvalidTimestamp: ``timestamp`` is not one.
        CaptureTooLong: a raw file does not fit a WAV.
        OSError: a file cannot be read or written.
    """
    conversions = [
        convert_stage(directory, stage, timestamp, progress)
        for stage in sizes(directory, timestamp, stages)
    ]
    if not conversions:
        raise UnknownTimestamp(directory, timestamp)
    return conversions


def convert_stage(
    directory: Path, stage: Stage, timestamp: str, progress: Progress | None = None
) -> Conversion:
    """Write the WAV of one raw file.

    It is written under another name and renamed when whole, so no half WAV is ever there.
    Bytes at the end that are no whole frame are left out: half a frame would swap channels.

    Raises:
        InvalidTimestamp: ``timestamp`` is not one.
        CaptureTooLong: the raw file does not fit a WAV.
        OSError: a file cannot be read or written.
    """
    source = capture_path(directory, stage, timestamp)
    target = wav_path(directory, stage, timestamp)
    # The length now: a capture still being recorded may grow meanwhile
    size = source.stat().st_size
    tail = size % stage.frame_bytes
    n_bytes = size - tail
    if n_bytes > _MAX_WAV_BYTES:
        raise CaptureTooLong(source, n_bytes)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        _write(source, unfinished, stage, n_bytes, progress)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    warning = f"the last {tail} of {size} bytes are no whole frame: left out" if tail else None
    return Conversion(stage, target, n_bytes, warning)


def _write(
    source: Path, target: Path, stage: Stage, n_bytes: int, progress: Progress | None
) -> None:
    with source.open("rb") as raw, target.open("wb") as file, wave.open(file, "wb") as wav:
        wav.setnchannels(stage.channels)
        wav.setsampwidth(SAMPLE_BYTES)
        wav.setframerate(stage.rate_hz)
        # The header is written once, with the final length, not patched at the end
        wav.setnframes(n_bytes // stage.frame_bytes)
        left = n_bytes
        while left and (block := raw.read(min(left, _BLOCK_BYTES))):
            wav.writeframesraw(block)
            left -= len(block)
            if progress is not None:
                progress(len(block))
