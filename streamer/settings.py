"""What the streamer can be told by environment variables, and the defaults.

Names are upper case in the environment: ``PORT``, ``PREBUFFER``. Durations are seconds.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from launch.settings import FeedName, RedisUrl
from streamer.ice_servers import IceServer, parse_ice_servers
from streamer.origins import LOOPBACK, AllowedOrigins, parse_allowed_origins
from streamer.playout import PlayoutLimits

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# a Literal alone does not take the text that the environment holds
Channels = Annotated[Literal[1, 2], BeforeValidator(int)]


def _addresses(text: str | tuple[str, ...]) -> tuple[str, ...]:
    parts = [part.strip() for part in text.split(",")] if isinstance(text, str) else text
    try:
        return tuple(str(ip_address(part)) for part in parts if part)
    except ValueError:  # the boundary to what an operator wrote
        raise ValueError("must be IP addresses, separated by commas") from None


Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_addresses)]


Origins = Annotated[AllowedOrigins, NoDecode, BeforeValidator(parse_allowed_origins)]
IceServers = Annotated[
    tuple[IceServer, ...],
    NoDecode,
    BeforeValidator(lambda secret: parse_ice_servers(secret.get_secret_value())),
    # runs first: an error names the value that was refused, and this one holds passwords
    BeforeValidator(SecretStr),
]


class Settings(BaseSettings):
    """Settings of one streamer process."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    redis_url: RedisUrl = Field("redis://localhost:6379", description="where the feeds are")
    http_host: str = Field("127.0.0.1", description="address the page and signalling bind")
    port: int = Field(8910, ge=0, le=65_535, description="TCP port of the page and signalling")
    udp_port: int = Field(8911, ge=0, le=65_535, description="UDP port of all media")
    announced_addresses: Addresses = Field(
        (), description="addresses that listeners are told to send to, instead of those found"
    )
    lan_address: Addresses = Field(
        (), description="address of this host in its network, where the process cannot see it"
    )
    feed: FeedName = Field("default", description="feed of an offer that names none")
    log_dir: Path = Field(Path("logs"), description="where webrtcsvr.log is written")
    log_console: bool = Field(False, description="log to standard error as well")

    max_listeners: int = Field(200, ge=1, description="connections beyond these are refused: 503")
    warmup: Seconds = Field(
        4.0, description="a player without data channel is ready so long after DTLS"
    )
    linger: Seconds = Field(30.0, description="how long a feed stays loaded with nobody there")
    connect_timeout: Seconds = Field(15.0, description="an offer that has not connected is dropped")
    allowed_origins: Origins = Field(
        LOOPBACK,
        validate_default=False,
        description="sites whose pages may play over WHEP, beside this server's own",
    )
    ice_servers: IceServers = Field(
        (),
        validate_default=False,
        description="STUN and TURN servers that listeners are told to use",
    )

    prebuffer: Seconds = Field(0.060, description="speech that must wait before playback begins")
    response_timeout: Seconds = Field(
        10.0, description="a response that starves so long is ended with an error"
    )
    # not Seconds: its ge=0 would win
    read_ahead: float = Field(
        30.0, ge=17.0, allow_inf_nan=False, description="most unplayed speech read from Redis"
    )
    rewind: Seconds = Field(60.0, description="played speech kept in Redis behind the playhead")
    feed_ttl: int = Field(86_400, ge=1, description="keys of a feed expire so long after its use")

    opus_bitrate: int = Field(96_000, ge=6_000, le=510_000, description="bits per second")
    opus_complexity: int = Field(10, ge=0, le=10, description="0 is cheapest, 10 is best")
    opus_channels: Channels = Field(1, description="1: both channels are equal, code one")

    captures: bool = Field(False, description="record the four stages of every playback")
    capture_dir: Path = Field(Path("captured"), description="where captures are written")
    capture_max: Seconds = Field(600.0, description="longest capture; the rest is not recorded")
    capture_keep: int = Field(20, ge=1, description="captures kept; older ones are removed")

    @property
    def playout_limits(self) -> PlayoutLimits:
        """The durations that playout goes by."""
        return PlayoutLimits(
            prebuffer_s=self.prebuffer,
            response_timeout_s=self.response_timeout,
            read_ahead_s=self.read_ahead,
            rewind_s=self.rewind,
        )
