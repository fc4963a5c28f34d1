"""The page in a browser, whichever it is, listened to."""

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_CALL_S = 10.0
_UNTIL = """async ([states, limit_ms]) => {
  const end_ms = performance.now() + limit_ms;
  while (!states.includes(document.body.dataset.state) && performance.now() < end_ms) {
    await new Promise((done) => setTimeout(done, 50));
  }
  return document.body.dataset.state;
}"""
"""The page itself looks: asking it from here would cost what is being measured."""


@dataclass(frozen=True)
class Recording:
    """What a page decoded: shape (n, 2) at 48 kHz, and when each piece of it was there."""

    audio: NDArray[np.int16]
    ends_ms: NDArray[np.float64]
    ends: NDArray[np.int64]
    channels: int

    def when_ms(self, sample: int) -> float:
        """Return when ``sample`` had been decoded, on the page's clock."""
        return float(self.ends_ms[np.searchsorted(self.ends, sample, side="right")])


class AnyListener(ABC):
    """The page in a browser, with a tap on what it decodes."""

    @property
    @abstractmethod
    def errors(self) -> list[str]:
        """What the page's scripts have thrown and nobody caught."""

    @abstractmethod
    def evaluate(self, function: str, argument: Any = None) -> Any:
        """Call a JavaScript function with a JSON value; return what it gives or resolves to."""

    @abstractmethod
    def press(self, button: str) -> None:
        """Click on the button of this name, as a user does."""

    @abstractmethod
    def recording(self) -> Recording:
        """Return everything decoded so far."""

    @abstractmethod
    def close(self) -> None:
        """Close the page."""

    @property
    def state(self) -> str:
        """The connection's state."""
        return str(self.evaluate("() => document.body.dataset.state"))

    @property
    def words(self) -> str:
        """The connection's state as the page says it."""
        return str(self.evaluate("() => document.getElementById('status').innerText"))

    def wait_for(self, *states: str, timeout_s: float = 20.0) -> None:
        """Wait until the page is in one of ``states``."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            state = self.evaluate(_UNTIL, [states, min(left_s, LONGEST_CALL_S) * 1000])
            if state in states:
                return
        raise TimeoutError(f"{state}, not {' or '.join(states)}")

    def wait(self, seconds: float) -> None:
        """Wait on the page's clock."""
        self.evaluate("(ms) => new Promise((done) => setTimeout(done, ms))", seconds * 1000)

    def now_ms(self) -> float:
        """Return the page's clock."""
        return float(self.evaluate("() => performance.now()"))

    def inbound(self) -> dict[str, Any]:
        """Return the receiver's statistics."""
        stats: dict[str, Any] = self.evaluate("() => tap.inbound()")
        return stats
