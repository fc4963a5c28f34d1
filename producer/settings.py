"""Settings of the producer: from the environment, overridden by the command line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from feed.audio import FEED_RATE_HZ, SAMPLE_BYTES
from feed.errors import InvalidFeedName
from feed.keys import checked_feed_name
from producer.cadence import Pace
from producer.errors import InvalidSetting


def _feed(name: str) -> str:
    try:
        return checked_feed_name(name)
    except InvalidFeedName:  # the boundary to pydantic, which wants a ValueError
        raise ValueError("must be 1 to 64 characters of A-Z a-z 0-9 . _ -") from None


def _redis_url(url: str) -> str:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return url


class Settings(BaseSettings):
    """What the environment may set; each field is one variable of its name in capitals."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    redis_url: Annotated[str, AfterValidator(_redis_url)] = "redis://localhost:6379"
    feed: Annotated[str, AfterValidator(_feed)] = "default"
    chunk_bytes: Annotated[
        int, Field(ge=SAMPLE_BYTES, le=FEED_RATE_HZ * SAMPLE_BYTES, multiple_of=SAMPLE_BYTES)
    ] = 1024
    """Audio per entry, in bytes: 1024 are 21 ms."""
    pace: Pace = Pace.LLM
    seed: int = 0
    """Of the jitter of pace ``llm``."""
    max_backlog: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """Seconds of unplayed speech beyond which the producer waits."""
    log_dir: Path = Path("logs")


def load(options: Mapping[str, object]) -> Settings:
    """Read the settings; ``options`` that are not None win over the environment.

    Raises:
        InvalidSetting: names the option or the variable, and its value.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:  # the boundary to pydantic
        first = error.errors()[0]
        name = str(first["loc"][0])
        key = f"--{name.replace('_', '-')}" if name in given else name.upper()
        value = redacted(str(first["input"])) if name == "redis_url" else first["input"]
        reason = first["msg"].removeprefix("Value error, ").replace("Input should", "must")
        raise InvalidSetting(key, value, reason) from None


def redacted(url: str) -> str:
    """Return ``url`` without user, password and query, fit to be shown."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # the boundary to what a user typed
        return "(not a URL)"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"
