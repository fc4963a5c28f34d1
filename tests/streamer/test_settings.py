from pathlib import Path

import pytest
from pydantic import ValidationError

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
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]
