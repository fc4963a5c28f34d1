"""Ctrl+C for this program alone, even under ``make``.

A terminal sends SIGINT to its whole foreground process group. ``make`` is in it, and ends
with an error however cleanly its recipe does. So the program moves to a group of its own
and makes that the foreground one, as a shell does for each of its jobs.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def own_foreground() -> Iterator[None]:
    """Hold the terminal while in this context; without one, do nothing."""
    try:
        tty = os.open("/dev/tty", os.O_RDWR)
    except OSError:  # no terminal: in CI, under a service manager, on Windows
        yield
        return
    before = os.tcgetpgrp(tty)
    if before != os.getpgrp() or os.getsid(0) == os.getpid():
        # in the background, or alone in the session already
        os.close(tty)
        yield
        return
    # a group in the background that takes the terminal is stopped by this signal
    ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(tty, os.getpgrp())
    try:
        yield
    finally:
        sys.stdout.flush()
        os.tcsetpgrp(tty, before)
        signal.signal(signal.SIGTTOU, ignored)
        os.close(tty)
