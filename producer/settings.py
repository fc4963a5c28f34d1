"""Settings of the producer: from the environment, overridden by the command line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from feed.audio import FEED_RATE_HZ, SAMPLE_BYTES
from launch.console import first_problem
from launch.settings import FeedName, RedisUrl
from producer.cadence import Pace
from producer.errors import InvalidSetting


class Settings(BaseSettings):
    """What the environment may set; each field is one variable of its name in capitals."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    redis_url: RedisUrl = "redis://localhost:6379"
    feed: FeedName = "default"
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
    log_console: bool = False
    """Log to standard error as well."""
    heartbeat: Path | None = None
    """File touched while Redis answers: see ``producer.heartbeat``."""


def load(options: Mapping[str, object]) -> Settings:
    """Read the settings; ``options`` that are not None win over the environment.

    Raises:
        InvalidSetting: names the option or the variable, and its value.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:  # the boundary to pydantic
        name, value, reason = first_problem(error)
        key = f"--{name.replace('_', '-')}" if name in given else name.upper()
        raise InvalidSetting(key, value, reason) from None
