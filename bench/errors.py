"""What can go wrong in a benchmark.

BenchError
├── ProgramEnded     a program it started ended, or said nothing for too long
├── NotConnected     a listener could not connect
├── NothingPlayed    listeners got no speech, so there is nothing to measure
└── TooFewPackets    a recording too short to say anything about its clock
"""


class BenchError(Exception):
    """Base of all errors of this package."""


class ProgramEnded(BenchError):
    """A program did not go on; ``reason`` is the last it said."""

    def __init__(self, name: str, reason: str) -> None:
        reason = reason.removeprefix(f"{name}: ") or "it did not say why"
        super().__init__(f"{name} stopped: {reason}")
        self.name = name
        self.reason = reason


class NotConnected(BenchError):
    """The streamer refused a listener, or the connection never came about."""


class NothingPlayed(BenchError):
    """No speech arrived where it should."""


class TooFewPackets(BenchError):
    """Fewer packets than a clock can be told from."""

    def __init__(self, packets: int, least: int) -> None:
        super().__init__(f"{packets} packets arrived, at least {least} are needed")
        self.packets = packets
