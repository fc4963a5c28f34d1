import io
import tarfile
from pathlib import Path

import pytest

from captures.convert import convert
from captures.errors import InvalidTimestamp
from captures.export import write_tar
from tests.captures.recording import TS, played

OLDER = "1763899999.000000"


class Pipe(io.RawIOBase):
    """Takes bytes and nothing else, as a pipe does."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.taken += bytes(data)
        return len(data)


def exported(directory: Path, *timestamps: str) -> tarfile.TarFile:
    pipe = Pipe()
    write_tar(directory, timestamps, pipe)  # type: ignore[arg-type]
    return tarfile.open(fileobj=io.BytesIO(pipe.taken))


def test_what_comes_out_is_what_went_in(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    played().write(there)
    played().write(there, OLDER)
    convert(there, TS)
    (there / "notes.txt").touch()
    with exported(there, TS, OLDER) as tar:
        tar.extractall(here, filter="data")
    expected = {path.name: path.read_bytes() for path in there.glob("tmp_*")}
    assert {path.name: path.read_bytes() for path in here.iterdir()} == expected
    assert len(expected) == 9 + 5


def test_files_are_nobodys(tmp_path: Path) -> None:
    played().write(tmp_path)
    with exported(tmp_path, TS) as tar:
        owners = {(entry.uid, entry.gid, entry.uname, entry.gname) for entry in tar}
    assert owners == {(0, 0, "", "")}


def test_nothing_outside_the_directory_can_be_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidTimestamp):
        exported(tmp_path, "../1.000000")
