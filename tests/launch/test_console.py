import pytest
from pydantic import ValidationError

from launch.console import fail, first_problem, redacted
from streamer.settings import Settings


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://localhost:6379", "redis://localhost:6379"),
        ("rediss://me:secret@host:1/2?password=x", "rediss://host:1/2"),
        ("redis://:secret@host", "redis://host"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ("redis://[::1", "(not a URL)"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert redacted(url) == shown


def test_a_command_that_cannot_go_on_says_why_in_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as exited:
        fail("streamer", "the port is taken")
    assert exited.value.code == 1
    assert capsys.readouterr().err == "streamer: the port is taken\n"


def test_the_first_setting_at_fault_is_named_without_its_password() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(redis_url="http://me:secret@host")
    assert first_problem(caught.value) == (
        "redis_url",
        "http://host",
        "must begin with redis://, rediss:// or unix://",
    )
