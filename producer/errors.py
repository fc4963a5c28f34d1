"""What can go wrong in a producer; each message is one line, for people.

ProducerError
├── NothingToSpeak    no source was named, or one that cannot be used so
├── UnreadableAudio   a source that is not there, not audio, empty, or cut mid-sample
├── InvalidSetting    a setting that is not what it must be
├── RedisNotThere     no answer from Redis at the start
└── ResponseFailed    the player ended our response with an error
"""


class ProducerError(Exception):
    """Base of all errors of this package."""


class NothingToSpeak(ProducerError):
    """No source was named, or one that cannot be used so."""


class UnreadableAudio(ProducerError):
    """A source that cannot be spoken, or not to its end: its name, the reason, the fix."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name


class InvalidSetting(ProducerError):
    """A setting, by the name it was given under, and its value."""

    def __init__(self, key: str, value: object, reason: str) -> None:
        super().__init__(f"{key}={value}: {reason}")
        self.key = key


class RedisNotThere(ProducerError):
    """Redis did not answer at the start, or refused us."""


class ResponseFailed(ProducerError):
    """The player ended our response with an error event."""

    def __init__(self, response_id: str, code: str, message: str) -> None:
        super().__init__(f"{response_id} failed: {message} ({code})")
        self.code = code
