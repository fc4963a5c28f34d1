"""What can go wrong in the streamer.

StreamerError
├── MalformedChunk      audio that is not whole samples reached the resampler
├── NoMediaPath         the UDP port cannot be had, or no address of it announced
├── PrivateNameMoved    a library is not the one that is pinned
└── Refused             a request that cannot be served; carries the HTTP status
    ├── InvalidRequest      400: a field of the body is missing or of the wrong kind
    ├── InvalidSdp          400: an offer this server cannot answer
    ├── MalformedFragment   400: no SDP fragment of trickle ICE
    ├── ForeignOrigin       403: a site that may not play from here
    ├── UnknownSession      404: no such session, or it has ended
    ├── NotAcceptable       406: the answer may not be of the type it has
    ├── TagMismatch         412: If-Match names another ICE session
    ├── WrongType           415: the body is of a type that is not taken
    ├── UnknownFeed         422: not a name a feed may have
    ├── NoIceRestart        422: an ICE restart, which aioice cannot do
    ├── TagRequired         428: If-Match is missing
    └── TooManyListeners    503: the limit is reached, try later
"""


class StreamerError(Exception):
    """Base of all errors of this package."""


class MalformedChunk(StreamerError):
    """A chunk that is empty or ends in half a sample."""

    def __init__(self, n_bytes: int) -> None:
        super().__init__(f"a chunk of {n_bytes} bytes is not whole s16le samples")


class NoMediaPath(StreamerError):
    """Listeners would have nowhere to send to."""


class PrivateNameMoved(StreamerError):
    """The installed aiortc or aioice lacks private names that the streamer uses."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"no {', '.join(names)}; install the versions in requirements.txt")


class Refused(StreamerError):
    """A request that cannot be served. ``field`` names what is wrong, ``message`` how."""

    status = 400
    retry_after_s: int | None = None
    """When it is worth another try; None if it is not."""

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


class MalformedFragment(Refused):
    """An SDP fragment of trickle ICE that does not parse, or names no ICE session."""

    def __init__(self, message: str) -> None:
        super().__init__("sdpfrag", message)


class ForeignOrigin(Refused):
    """A script of another site, which ``ALLOWED_ORIGINS`` does not name."""

    status = 403


class UnknownSession(Refused):
    """A session that never was, or has ended."""

    status = 404


class NotAcceptable(Refused):
    """``Accept`` leaves out the one type that the answer can have."""

    status = 406


class TagMismatch(Refused):
    """``If-Match`` names another ICE session than the one that is."""

    status = 412


class WrongType(Refused):
    """A body of another type than the one that is taken."""

    status = 415


class UnknownFeed(Refused):
    """A feed name outside 1-64 of ``[A-Za-z0-9._-]``."""

    status = 422


class NoIceRestart(Refused):
    """A request to restart ICE. The session goes on as it was."""

    status = 422


class TagRequired(Refused):
    """``If-Match`` is missing where the ICE session must be named."""

    status = 428


class TooManyListeners(Refused):
    """The limit of listeners is reached."""

    status = 503
    retry_after_s = 5
