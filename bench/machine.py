"""Which machine a figure was measured on: without that it means nothing."""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, as far as it bears on speed."""

    cpu: str
    cores: int
    """Those this process may use."""
    os: str
    python: str
    load: float
    """How many processes wanted a core in the last minute, before the benchmark."""


def this_machine() -> Machine:
    """Look at the machine this runs on."""
    return Machine(
        cpu=_cpu(),
        cores=_cores(),
        os=_os(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        load=os.getloadavg()[0],
    )


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    return parse_cpuinfo(_text("/proc/cpuinfo")) or platform.processor() or platform.machine()


def _os() -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}, {platform.machine()}"
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):  # a distribution without os-release(5)
        name = platform.system()
    return f"{name}, kernel {platform.release()}, {platform.machine()}"


def parse_cpuinfo(text: str) -> str:
    """Return the model of the first processor in ``/proc/cpuinfo``; empty where none is named."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # not Linux
        return ""


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # what is shown instead says enough
        return ""
