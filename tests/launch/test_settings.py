import pytest
from pydantic import TypeAdapter, ValidationError

from launch.settings import FeedName, RedisUrl


@pytest.mark.parametrize("name", ["default", "a", "A-z_0.9", "x" * 64])
def test_names_a_feed_may_have_are_taken(name: str) -> None:
    assert TypeAdapter(FeedName).validate_python(name) == name


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ä", "a/b", "a\n", "{a}"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="1 to 64 characters"):
        TypeAdapter(FeedName).validate_python(name)


@pytest.mark.parametrize("url", ["redis://host", "rediss://host:1/2", "unix:///path"])
def test_urls_of_redis_are_taken(url: str) -> None:
    assert TypeAdapter(RedisUrl).validate_python(url) == url


def test_other_urls_are_refused() -> None:
    with pytest.raises(ValidationError, match="must begin with redis://"):
        TypeAdapter(RedisUrl).validate_python("http://host")
