"""Everything that can go wrong with a feed.

FeedError
├── InvalidFeedName    a name that is not 1-64 of [A-Za-z0-9._-]
├── InvalidAudio       bytes that are not whole samples
├── MalformedEntry     an entry of the stream that does not say what its type must
├── UnknownEntry       an entry of a version or type this release does not know
├── FeedTaken          another producer has taken the feed
└── FeedConflict       the stream holds something else under our IDs
"""


class FeedError(Exception):
    """Base of all errors of this package."""


class InvalidFeedName(FeedError):
    """A feed name outside 1-64 of ``[A-Za-z0-9._-]``."""

    def __init__(self, name: str) -> None:
        super().__init__(f"feed: {name[:80]!r} must be 1 to 64 characters of A-Z a-z 0-9 . _ -")
        self.name = name


class InvalidAudio(FeedError):
    """Bytes handed to a writer that are not whole s16le samples."""


class MalformedEntry(FeedError):
    """An entry whose fields are missing, too long, or not of their type."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


class UnknownEntry(FeedError):
    """An entry of another version or type: not for us, skipped."""

    def __init__(self, version: str, kind: str) -> None:
        super().__init__(f"version {version!r}, type {kind!r}: not known here")
        self.version = version
        self.kind = kind


class FeedTaken(FeedError):
    """Another producer has taken the feed; what this one wrote so far stays."""

    def __init__(self, name: str) -> None:
        super().__init__(f"feed {name!r} was taken by another producer")
        self.name = name


class FeedConflict(FeedError):
    """The stream holds other bytes under an ID of ours: somebody wrote past the lease."""
