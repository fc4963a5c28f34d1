from pathlib import Path

import pytest

from producer.cadence import Pace
from producer.errors import InvalidSetting
from producer.settings import load

NAMES = [
    "REDIS_URL",
    "FEED",
    "CHUNK_BYTES",
    "PACE",
    "SEED",
    "MAX_BACKLOG",
    "LOG_DIR",
    "LOG_CONSOLE",
    "HEARTBEAT",
]


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_defaults() -> None:
    settings = load({})
    assert settings.redis_url == "redis://localhost:6379"
    assert (settings.feed, settings.chunk_bytes, settings.pace) == ("default", 1024, Pace.LLM)
    assert (settings.log_dir, settings.log_console) == (Path("logs"), False)
    assert settings.heartbeat is None


def test_options_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED", "env")
    monkeypatch.setenv("CHUNK_BYTES", "480")
    monkeypatch.setenv("SEED", "")
    settings = load({"feed": "option", "chunk_bytes": None})
    assert (settings.feed, settings.chunk_bytes, settings.seed) == ("option", 480, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("chunk_bytes", "3"),
        ("chunk_bytes", "0"),
        ("chunk_bytes", "48002"),
        ("chunk_bytes", "many"),
        ("feed", "a b"),
        ("pace", "fast"),
        ("seed", "x"),
        ("max_backlog", "0"),
        ("redis_url", "http://x"),
    ],
)
def test_a_bad_value_is_named_with_its_key(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    option = f"--{name.replace('_', '-')}={value}: "
    with pytest.raises(InvalidSetting) as caught:
        load({name: value})
    assert str(caught.value).startswith(option)
    monkeypatch.setenv(name.upper(), value)
    with pytest.raises(InvalidSetting) as caught:
        load({})
    assert str(caught.value).startswith(f"{name.upper()}={value}: ")


def test_a_bad_url_is_shown_without_its_password() -> None:
    with pytest.raises(InvalidSetting) as caught:
        load({"redis_url": "http://me:secret@host"})
    assert "secret" not in str(caught.value)
