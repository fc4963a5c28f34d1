"""A command in a terminal of its own, as a person runs it."""

import os
import pty
import re
import select
import signal
import time
from collections.abc import Mapping
from pathlib import Path

CTRL_C = b"\x03"


class Terminal:
    """A process whose input and output are a pseudo-terminal; what it printed is ``text``."""

    def __init__(self, command: list[str], folder: Path, env: Mapping[str, str]) -> None:
        self.text = ""
        self._pid, self._fd = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, dict(env))

    def wait_for(self, pattern: str, timeout_s: float = 30.0) -> re.Match[str]:
        """Wait until what was printed matches ``pattern``."""
        deadline = time.monotonic() + timeout_s
        while (match := re.search(pattern, self.text)) is None:
            assert time.monotonic() < deadline, self.text
            assert self._read(0.2), self.text
        return match

    def press(self, keys: bytes) -> None:
        """Type ``keys``."""
        os.write(self._fd, keys)

    def exit_code(self, timeout_s: float = 15.0) -> int:
        """Wait for the end; return the exit code. What does not end in time is killed."""
        deadline = time.monotonic() + timeout_s
        while self._read(0.2):
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
        _, status = os.waitpid(self._pid, 0)
        os.close(self._fd)
        return os.waitstatus_to_exitcode(status)

    def _read(self, timeout_s: float) -> bool:
        """Take what has been printed; False once nothing more can come."""
        readable, _, _ = select.select([self._fd], [], [], timeout_s)
        if not readable:
            return True
        try:
            data = os.read(self._fd, 65_536)
        except OSError:  # Linux: the other end of the terminal has been closed
            return False
        self.text += data.decode(errors="replace")
        return bool(data)
