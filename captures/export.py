"""Captures as one stream of bytes: a tar, for whoever cannot reach the directory itself."""

import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from captures.files import STAGES, capture_path, index_path, wav_path


def write_tar(directory: Path, timestamps: Iterable[str], out: IO[bytes]) -> None:
    """Write every file of ``timestamps`` to ``out``: raw files, their WAVs, indexes.

    The names in it are bare, so that it unpacks into one folder. Files that are not there
    are passed over. ``out`` need not be seekable.

    Raises:
        InvalidTimestamp: one of ``timestamps`` is not one.
        OSError: a file cannot be read, or ``out`` not be written.
    """
    with tarfile.open(fileobj=out, mode="w|") as tar:
        for timestamp in timestamps:
            for path in _files(directory, timestamp):
                if path.is_file():
                    tar.add(path, arcname=path.name, filter=_anonymous)


def _files(directory: Path, timestamp: str) -> list[Path]:
    raw = [capture_path(directory, stage, timestamp) for stage in STAGES]
    wavs = [wav_path(directory, stage, timestamp) for stage in STAGES]
    return [index_path(directory, timestamp), *raw, *wavs]


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out whose files these were: they become the files of whoever unpacks them."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
