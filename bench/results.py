"""What was measured, ready to be shown or saved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.clock import PACKET_S, ClockFigures
from bench.machine import Machine


@dataclass(frozen=True, slots=True)
class CrowdRun:
    """One feed, played to so many listeners for a while."""

    listeners: int
    seconds: float
    cpu_s: float
    """User and system time of the streamer process."""
    received: int
    """Packets, all listeners together."""
    lost: int
    clock: ClockFigures
    """As one of the listeners saw it, from a process of its own."""
    sender_late_p99_bound_ms: float | None
    """What the streamer's histogram says the 99th percentile of its frames is at most; None
    beyond its last bound."""
    sender_stalls: int

    @property
    def cpu_share(self) -> float:
        """How much of a core the streamer used."""
        return self.cpu_s / self.seconds

    @property
    def cpu_ms_per_listener_s(self) -> float:
        """CPU time a listener costs each second, the feed's own share included."""
        return 1000 * self.cpu_share / self.listeners

    @property
    def received_share(self) -> float:
        """Packets received of those the ideal clock would send; below 1, it was too much."""
        return self.received * PACKET_S / (self.listeners * self.seconds)


@dataclass(frozen=True, slots=True)
class CostLine:
    """CPU time in ms per second: so much for the feed, and so much for each listener."""

    feed_ms: float
    listener_ms: float


def cost_line(runs: Sequence[CrowdRun]) -> CostLine | None:
    """Return the straight line through the runs; None if they are all of one size."""
    listeners = [run.listeners for run in runs]
    if len(set(listeners)) < 2:
        return None
    slope, intercept = np.polyfit(listeners, [1000 * run.cpu_share for run in runs], 1)
    return CostLine(float(intercept), float(slope))


@dataclass(frozen=True, slots=True)
class Start:
    """How one listener began, in ms."""

    answer_ms: float
    """From its offer to the answer."""
    rtp_ms: float
    """From the answer to the first RTP packet: ICE and DTLS."""
    speech_ms: float
    """From ``listener.ready`` to the first packet of the speech that waited for it."""


@dataclass(frozen=True, slots=True)
class Results:
    """All of one benchmark."""

    date: str
    """ISO 8601, UTC."""
    machine: Machine
    settings: dict[str, str]
    """Settings of the streamer that the environment changed."""
    runs: tuple[CrowdRun, ...]
    starts: tuple[Start, ...]
