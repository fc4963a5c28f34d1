"""Files of packages from npm, at a pinned version and by its checksum."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.system.missing import missing

FETCH_S = 60


@dataclass(frozen=True)
class Package:
    """A version of a package that must not change."""

    name: str
    version: str
    sha512: str
    """Base64, as npm writes an integrity."""


def read(package: Package, file: str, folder: Path) -> bytes:
    """Fetch a package into ``folder``; return one of its files. Nothing of it is run."""
    npm = shutil.which("npm")
    if npm is None:
        missing("no npm: install it (Debian: apt install npm)")
    done = subprocess.run(
        [npm, "pack", "--silent", f"{package.name}@{package.version}"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=FETCH_S,
        check=False,
    )
    if done.returncode != 0:
        missing(f"npm cannot fetch {package.name}: is its registry reachable? {done.stderr}")
    archive = folder / done.stdout.split()[-1]
    digest = hashlib.sha512(archive.read_bytes()).digest()
    assert base64.b64encode(digest).decode() == package.sha512, "not the package that was pinned"
    with tarfile.open(archive) as files:
        found = files.extractfile(f"package/{file}")
        assert found is not None
        return found.read()
