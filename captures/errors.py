"""Everything that can go wrong with captures.

CaptureError
├── InvalidTimestamp     text that is not Unix time with six decimals
├── NoCaptures           a directory without a single capture
├── UnknownTimestamp     nothing is recorded under this timestamp
├── InvalidIndex         an index that does not say what schema version 1 must
├── CaptureTooLong       more bytes than a WAV header can count
└── IncomparableAudio    silence, or not one channel, where speech should be
"""

from pathlib import Path


class CaptureError(Exception):
    """Base of all errors of this package; its text is one line a user can act on."""


class InvalidTimestamp(CaptureError):
    """A timestamp that is not Unix time with six decimals."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"timestamp: {text[:40]!r} is not Unix time with six decimals, "
            "such as 1763900000.123456"
        )
        self.text = text


class NoCaptures(CaptureError):
    """A directory that holds no captures, or does not exist."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"no captures in {directory}: listen to something first")
        self.directory = directory


class UnknownTimestamp(CaptureError):
    """A well-formed timestamp under which the directory holds nothing (of what was asked)."""

    def __init__(self, directory: Path, timestamp: str) -> None:
        super().__init__(
            f"timestamp: nothing to convert under {timestamp} in {directory}; "
            "leave it out to take the newest"
        )
        self.directory = directory
        self.timestamp = timestamp


class InvalidIndex(CaptureError):
    """An index whose fields are missing or not of their type; ``field`` names the first."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"index {field}: {reason}")
        self.field = field


class CaptureTooLong(CaptureError):
    """A raw file that no WAV can hold: its header counts bytes in 32 bits."""

    def __init__(self, path: Path, n_bytes: int) -> None:
        super().__init__(f"{path}: {n_bytes} bytes do not fit a WAV file, at most 4 GiB do")
        self.path = path


class IncomparableAudio(CaptureError):
    """A recording with nothing in it to compare; ``name`` says which of the two."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
