"""When each frame is due: anchor + n x 20 ms on the monotonic clock, never accumulated."""

import math

from streamer.transform import FRAME_S

MAX_LATE_S = 0.100
"""Longest stall that is caught up. After a longer one the clock starts anew: a listener
would rather wait once than get a burst that its jitter buffer must squeeze."""


class Pacer:
    """The clock of one feed. Time comes in as ``now``: monotonic seconds.

    ``delay`` says how long to wait for the next frame; ``sent`` is called when it left.
    """

    def __init__(self, anchor: float) -> None:
        self._anchor = anchor
        self._n = 0
        self.stalled = False
        """Whether the frame that leaves now is the first after a stall."""

    @property
    def due(self) -> float:
        """When the next frame is due, in monotonic seconds."""
        return self._anchor + self._n * FRAME_S

    def delay(self, now: float) -> float:
        """Return the seconds to wait before the next frame leaves; 0 if it is late.

        A frame more than ``MAX_LATE_S`` late becomes the new anchor: the clock has stalled.
        """
        self.stalled = now - self.due > MAX_LATE_S
        if self.stalled:
            self._anchor, self._n = now, 0
        return max(0.0, self.due - now)

    def sent(self, now: float) -> float:
        """Note that the frame left at ``now``; return how late that was, in seconds."""
        late_s = now - self.due
        self._n += 1
        return late_s


_GOLDEN = 0.618_034


def staggered_anchor(now: float, phase: int) -> float:
    """Return the first moment after ``now`` at the phase of the feed with this number.

    Feeds that tick at once make each other late. Steps of the golden ratio spread any
    number of them over the 20 ms.
    """
    offset_s = phase * _GOLDEN % 1.0 * FRAME_S
    return math.ceil((now - offset_s) / FRAME_S) * FRAME_S + offset_s
