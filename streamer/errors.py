"""What can go wrong in the streamer.

StreamerError
├── MalformedChunk      audio that is not whole samples reached the resampler
└── Refused             a request that cannot be served; carries the HTTP status
    ├── InvalidRequest      400: a field of the body is missing or of the wrong kind
    ├── InvalidSdp          400: an offer this server cannot answer
    ├── UnknownFeed         422: not a name a feed may have
    └── TooManyListeners    503: the limit is reached, try later
"""


class StreamerError(Exception):
    """Base of all errors of this package."""


class MalformedChunk(StreamerError):
    """A chunk that is empty or ends in half a sample."""

    def __init__(self, n_bytes: int) -> None:
        super().__init__(f"a chunk of {n_bytes} bytes is not whole s16le samples")


class Refused(StreamerError):
    """A request that cannot be served. ``field`` names what is wrong, ``message`` how."""

    status = 400

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class InvalidRequest(Refused):
    """A body that is not what the route takes."""


class InvalidSdp(Refused):
    """An SDP offer that does not parse, or has no audio this server can send."""

    def __init__(self, message: str) -> None:
        super().__init__("sdp", message)


class UnknownFeed(Refused):
    """A feed name outside 1-64 of ``[A-Za-z0-9._-]``."""

    status = 422


class TooManyListeners(Refused):
    """The limit of listeners is reached."""

    status = 503
