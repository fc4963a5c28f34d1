from pathlib import Path

import pytest
from pydantic import ValidationError

from launch.console import first_problem
from streamer.ice_servers import IceServer
from streamer.origins import LOOPBACK
from streamer.playout import PlayoutLimits
from streamer.settings import Settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_defaults_are_those_of_the_design() -> None:
    settings = Settings()
    assert settings.playout_limits == PlayoutLimits(0.060, 10.0, 30.0, 60.0)
    assert (settings.http_host, settings.port, settings.feed) == ("127.0.0.1", 8910, "default")
    assert (settings.linger, settings.connect_timeout, settings.feed_ttl) == (30.0, 15.0, 86_400)
    assert (settings.opus_channels, settings.captures) == (1, False)
    assert (settings.allowed_origins, settings.ice_servers) == (LOOPBACK, ())


def test_the_environment_is_read_in_upper_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("PREBUFFER", "0.1")
    monkeypatch.setenv("OPUS_CHANNELS", "2")
    monkeypatch.setenv("CAPTURES", "1")
    monkeypatch.setenv("CAPTURE_DIR", "/x/y")
    settings = Settings()
    assert (settings.port, settings.playout_limits.prebuffer_s) == (9000, 0.1)
    assert (settings.opus_channels, settings.captures) == (2, True)
    assert settings.capture_dir == Path("/x/y")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "65536"),
        ("PREBUFFER", "-1"),
        ("LINGER", "inf"),
        ("WARMUP", "nan"),
        ("MAX_LISTENERS", "0"),
        # less than one XREAD may bring would never be read
        ("READ_AHEAD", "16"),
        ("FEED_TTL", "0"),
        ("OPUS_BITRATE", "5"),
        ("OPUS_COMPLEXITY", "11"),
        ("OPUS_CHANNELS", "3"),
        ("CAPTURE_KEEP", "0"),
        ("ALLOWED_ORIGINS", "example.org"),
        ("ICE_SERVERS", "turn:turn.example"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]


def test_sites_and_servers_are_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example, https://b.example:8443")
    monkeypatch.setenv("ICE_SERVERS", "stun:a.example, stun:b.example")
    settings = Settings()
    assert settings.allowed_origins.allow("https://b.example:8443", "")
    assert settings.ice_servers == (IceServer("stun:a.example"), IceServer("stun:b.example"))


@pytest.mark.parametrize(
    "value",
    [
        '[{"urls": "turn:a", "username": "SECRET", "credential": "SECRET"}',
        '[{"urls": "turn:SECRET@a", "username": "SECRET", "credential": "SECRET"}]',
        '[{"urls": "turn:a", "username": "SECRET", "credential": "SECRET", "SECRET": 1}]',
        "turn:user:SECRET@a",
    ],
)
def test_a_password_is_not_shown_when_its_setting_is_wrong(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ICE_SERVERS", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    name, shown, reason = first_problem(caught.value)
    assert name == "ice_servers"
    assert "SECRET" not in f"{shown} {reason} {caught.value}"


def test_settings_do_not_show_a_password() -> None:
    servers = '[{"urls": "turn:a", "username": "SECRET", "credential": "SECRET"}]'
    settings = Settings.model_validate({"ice_servers": servers})
    assert settings.ice_servers == (IceServer("turn:a", "SECRET", "SECRET"),)
    assert "SECRET" not in repr(settings)


def test_addresses_are_read_from_a_list_and_made_canonical(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNOUNCED_ADDRESSES", " 192.0.2.7, 2001:DB8:0::7,")
    monkeypatch.setenv("LAN_ADDRESS", "")
    settings = Settings()
    assert settings.announced_addresses == ("192.0.2.7", "2001:db8::7")
    assert settings.lan_address == ()


def test_a_name_where_an_address_must_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNOUNCED_ADDRESSES", "192.0.2.7,playhead.example")
    with pytest.raises(ValidationError, match="must be IP addresses, separated by commas"):
        Settings()
