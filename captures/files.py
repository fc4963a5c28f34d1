"""Names of the capture files: four stages and an index per playback, all of one timestamp.

Raw files are headerless s16le; channels alternate in stereo. Names are those of the
program this one grew out of, so they carry no extension.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from captures.errors import InvalidTimestamp, NoCaptures
from feed.audio import FEED_RATE_HZ, SAMPLE_BYTES

OUTPUT_RATE_HZ: Final = 48_000
"""Rate of what leaves for the browsers: stages 3 and 4."""
UPSAMPLING: Final = OUTPUT_RATE_HZ // FEED_RATE_HZ
"""Samples of stage 3 for each one of stage 2."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One point on the way of the audio at which its bytes are recorded."""

    number: int
    label: str
    rate_hz: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return SAMPLE_BYTES * self.channels

    @property
    def name(self) -> str:
        """The file name without its timestamp."""
        return f"tmp_{self.number:02}_{self.label}_{self.rate_hz // 1000}"

    def seconds(self, n_bytes: int) -> float:
        """Return how long ``n_bytes`` of this stage last."""
        return n_bytes / self.frame_bytes / self.rate_hz


RAW_AUDIO: Final = Stage(1, "rawaudio", FEED_RATE_HZ, 1)
"""The chunks, unaltered, as they are played."""
MONO_FRAME: Final = Stage(2, "monoframe", FEED_RATE_HZ, 1)
"""The bytes of the mono ``AudioFrame`` that goes into the resampler."""
STEREO_FRAME: Final = Stage(3, "stereoframe", OUTPUT_RATE_HZ, 2)
"""What the resampler gives, copied to both channels."""
SEND_FRAME: Final = Stage(4, "sendframe", OUTPUT_RATE_HZ, 2)
"""The frames as handed to the encoder: stage 3 with silence, fades and cuts."""
STAGES: Final = (RAW_AUDIO, MONO_FRAME, STEREO_FRAME, SEND_FRAME)

_INDEX_NAME = "tmp_00_index"
# ASCII digits, no leading zero: one name per number, so numeric order is total
_TIMESTAMP = r"(?:0|[1-9][0-9]{0,11})\.[0-9]{6}"
_STAGE_NAMES = "|".join(stage.name for stage in STAGES)
_FILE = re.compile(
    rf"(?:(?:{_STAGE_NAMES})_(?P<raw>{_TIMESTAMP})|{_INDEX_NAME}_(?P<index>{_TIMESTAMP})\.json)"
)


def checked_timestamp(text: str) -> str:
    """Return ``text`` if it is a timestamp: Unix time with six decimals.

    Raises:
        InvalidTimestamp: if it is not, so that no path can be built from it.
    """
    if not re.fullmatch(_TIMESTAMP, text):
        raise InvalidTimestamp(text)
    return text


def capture_path(directory: Path, stage: Stage, timestamp: str) -> Path:
    """Return where the raw bytes of ``stage`` are.

    Raises:
        InvalidTimestamp: if ``timestamp`` is not one.
    """
    return directory / f"{stage.name}_{checked_timestamp(timestamp)}"


def wav_path(directory: Path, stage: Stage, timestamp: str) -> Path:
    """Return where the WAV of ``stage`` goes: beside the raw file.

    Raises:
        InvalidTimestamp: if ``timestamp`` is not one.
    """
    raw = capture_path(directory, stage, timestamp)
    return raw.with_name(f"{raw.name}.wav")


def index_path(directory: Path, timestamp: str) -> Path:
    """Return where the index is.

    Raises:
        InvalidTimestamp: if ``timestamp`` is not one.
    """
    return directory / f"{_INDEX_NAME}_{checked_timestamp(timestamp)}.json"


def list_timestamps(directory: Path) -> list[str]:
    """Return the timestamps of which ``directory`` holds a raw file or an index, oldest first.

    Anything else in it is ignored: other names, WAVs, directories, symbolic links.
    A directory that does not exist holds none.
    """
    if not directory.is_dir():
        return []
    found: set[str] = set()
    for path in directory.iterdir():
        match = _FILE.fullmatch(path.name)
        if match and path.is_file() and not path.is_symlink():
            found.add(match["raw"] or match["index"])
    # As whole microseconds: a float would lose the last digit of a long number
    return sorted(found, key=lambda timestamp: int(timestamp.replace(".", "")))


def newest(directory: Path) -> str:
    """Return the newest timestamp in ``directory``.

    Raises:
        NoCaptures: if there is none.
    """
    timestamps = list_timestamps(directory)
    if not timestamps:
        raise NoCaptures(directory)
    return timestamps[-1]
