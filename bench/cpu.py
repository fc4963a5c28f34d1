"""How much CPU time a process has used."""

import os
import subprocess
import sys
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process, all its threads, in seconds.

    Resolution: 10 ms, on Linux and on macOS alike.

    Raises:
        OSError: there is no such process.
    """
    if sys.platform == "linux":
        ticks = parse_stat(Path(f"/proc/{pid}/stat").read_text())
        return ticks / os.sysconf("SC_CLK_TCK")
    ps = subprocess.run(
        ["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    if ps.returncode:
        raise ProcessLookupError(pid, "no such process")
    return parse_ps_time(ps.stdout)


def parse_stat(text: str) -> int:
    """Return utime + stime, in ticks, from what ``/proc/PID/stat`` holds (proc(5))."""
    # the name, in parentheses, may itself hold spaces and parentheses
    fields = text.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def parse_ps_time(text: str) -> float:
    """Return the seconds in ``[[days-]hours:]minutes:seconds[.hundredths]``."""
    days, _, clock = text.strip().rpartition("-")
    total = 0.0
    for part in clock.split(":"):
        total = total * 60 + float(part)
    return int(days or 0) * 86_400 + total
