"""Whether what the process depends on is there."""

from collections.abc import Callable


class Health:
    """What the reader of the feeds has last seen of Redis. ``notify`` is told every change."""

    def __init__(self, notify: Callable[[bool], None]) -> None:
        self._notify = notify
        self.redis = False

    def saw_redis(self, up: bool) -> None:
        """Note that Redis answered, or did not."""
        self.redis = up
        self._notify(up)
