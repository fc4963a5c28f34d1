import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidFeedName
from feed.keys import FeedKeys, checked_feed_name

ALLOWED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"


@given(st.text(ALLOWED, min_size=1, max_size=64))
def test_allowed_names_pass_unchanged(name: str) -> None:
    assert checked_feed_name(name) == name


@pytest.mark.parametrize("name", ["", "a" * 65, "a b", "ä", "a\n", "a/b", "{a}", "a:b", "\0"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidFeedName, match="1 to 64"):
        FeedKeys(name)


def test_keys_of_a_feed_share_its_hash_tag() -> None:
    keys = FeedKeys("en.1")
    assert keys.audio == "feed:{en.1}:audio"
    assert keys.events == "feed:{en.1}:events"
    assert keys.playhead == "feed:{en.1}:playhead"
    assert keys.writer == "feed:{en.1}:writer"
