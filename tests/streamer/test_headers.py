import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.headers import accepts, matches

SDP = "application/sdp"
TAG = '"7f3a"'


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, True),
        ("", True),
        ("*/*", True),
        ("application/sdp", True),
        ("Application/SDP", True),
        ("application/*", True),
        ("text/html, application/sdp;q=0.1", True),
        ("application/sdp;version=1", True),
        # the default of Java's HttpURLConnection; its second part makes no sense
        ("text/html, image/gif, *; q=.2, */*; q=.2", True),
        ("application/json", False),
        ("text/*", False),
        ("application/sdp;q=0", False),
        ("application/sdp; Q=0.000", False),
        # the most specific range decides (RFC 9110 section 12.5.1)
        ("*/*, application/sdp;q=0", False),
        ("application/*;q=0, application/sdp", True),
        ("*/*;q=0, application/*", True),
        ("application", False),
        (";;,,/,q=1", False),
    ],
)
def test_the_answer_is_of_a_type_that_is_accepted(accept: str | None, expected: bool) -> None:
    assert accepts(accept, SDP) is expected


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        ("*", True),
        (" * ", True),
        # as the examples of the drafts write it
        ('"*"', True),
        (TAG, True),
        (f'"other", {TAG}', True),
        (f'"with,a-comma",{TAG} , "last"', True),
        (f",, {TAG},", True),
        ('"other"', False),
        ('"other", "another"', False),
        # strong comparison (RFC 9110 section 8.8.3.2)
        (f"W/{TAG}", False),
        (f'W/{TAG}, "other"', False),
        ("7f3a", False),
        ("'7f3a'", False),
        (f"{TAG}{TAG}", False),
        (f"{TAG} junk", False),
        (f"*, {TAG}", False),
        ('"7f3a', False),
        ("", False),
    ],
)
def test_a_tag_matches_itself_in_a_list_and_by_the_star(if_match: str, expected: bool) -> None:
    assert matches(if_match, TAG) is expected


@given(st.text())
def test_no_text_breaks_either(text: str) -> None:
    assert isinstance(accepts(text, SDP), bool)
    assert matches(text, TAG) is False or TAG in text or "*" in text


@given(st.lists(st.sampled_from(['"', "W/", ",", " ", "\t", "7f3a", TAG, "*"])).map("".join))
def test_only_the_tag_itself_matches(text: str) -> None:
    if matches(text, TAG):
        assert TAG in text or text.strip() in {"*", '"*"'}
