import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamer.errors import InvalidRequest, InvalidSdp, Refused, UnknownFeed
from streamer.offers import MAX_SECTIONS, Offer, checked_sdp, parse_offer
from tests.streamer.sdp import CHROMIUM, body


def test_an_offer_of_a_browser_is_accepted() -> None:
    offer = parse_offer(body(), "default")
    assert offer.feed == "default"
    assert offer.has_data_channel
    assert "a=rtpmap:111 opus/48000/2\r\n" in offer.sdp


def test_a_feed_may_be_named() -> None:
    assert parse_offer(body(feed="my.feed"), "default").feed == "my.feed"


def test_candidates_are_stripped_and_nothing_else() -> None:
    kept = [line for line in CHROMIUM.splitlines() if "candidate" not in line]
    assert checked_sdp(CHROMIUM).splitlines() == kept
    assert checked_sdp(CHROMIUM.replace("\r\n", "\n")) == checked_sdp(CHROMIUM)


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_no_odd_end_of_line_gets_a_candidate_through(end: str) -> None:
    # aiortc takes all of these for the end of a line
    hidden = CHROMIUM.replace(
        "a=rtcp-mux\r\n", f"a=rtcp-mux{end}a=candidate:1 1 udp 1 a.b 1 typ host\r\n"
    )
    assert "candidate" not in checked_sdp(hidden)


def test_without_an_application_section_there_is_no_data_channel() -> None:
    assert not Offer(checked_sdp(CHROMIUM.split("m=application")[0]), "f").has_data_channel


@pytest.mark.parametrize(
    ("request_body", "field", "kind"),
    [
        pytest.param(b"", "body", InvalidRequest, id="empty"),
        pytest.param(b"v=0", "body", InvalidRequest, id="not JSON"),
        pytest.param(b"\xff\xfe\xfd", "body", InvalidRequest, id="not text"),
        pytest.param(b"[" * 60_000, "body", InvalidRequest, id="nested"),
        pytest.param(b'{"sdp": ' + b"9" * 60_000 + b"}", "body", InvalidRequest, id="huge number"),
        pytest.param(b"[]", "body", InvalidRequest, id="a list"),
        pytest.param(b'"offer"', "body", InvalidRequest, id="a string"),
        pytest.param(body(resume={}), "resume", InvalidRequest, id="unknown field"),
        pytest.param(b'{"%s": 1}' % (b"x" * 99), "x" * 40, InvalidRequest, id="long unknown field"),
        pytest.param(body(type=None), "type", InvalidRequest, id="no type"),
        pytest.param(body(type="answer"), "type", InvalidRequest, id="an answer"),
        pytest.param(body(type=["offer"]), "type", InvalidRequest, id="type of another type"),
        pytest.param(b'{"type": "offer"}', "sdp", InvalidRequest, id="no sdp"),
        pytest.param(b'{"type": "offer", "sdp": 7}', "sdp", InvalidRequest, id="sdp a number"),
        pytest.param(body(feed=7), "feed", InvalidRequest, id="feed a number"),
        pytest.param(body(feed=""), "feed", UnknownFeed, id="feed empty"),
        pytest.param(body(feed="a b"), "feed", UnknownFeed, id="feed with a space"),
        pytest.param(body(feed="f" * 65), "feed", UnknownFeed, id="feed too long"),
        pytest.param(body(feed="f\n"), "feed", UnknownFeed, id="feed with a newline"),
        pytest.param(body(""), "sdp", InvalidSdp, id="sdp empty"),
        pytest.param(body("hello"), "sdp", InvalidSdp, id="no SDP"),
        pytest.param(body("v=0\r\n"), "sdp", InvalidSdp, id="no sections"),
        pytest.param(
            body(CHROMIUM.replace("m=audio", "m=video")), "sdp", InvalidSdp, id="no audio"
        ),
        pytest.param(body(CHROMIUM.replace("recvonly", "sendonly")), "sdp", InvalidSdp, id="sends"),
        pytest.param(
            body(CHROMIUM.replace("recvonly", "inactive")), "sdp", InvalidSdp, id="inactive"
        ),
        pytest.param(
            body(CHROMIUM.replace("a=fingerprint", "a=toeprint")),
            "sdp",
            InvalidSdp,
            id="no fingerprint",
        ),
        pytest.param(
            body(CHROMIUM + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * (MAX_SECTIONS - 1)),
            "sdp",
            InvalidSdp,
            id="too many sections",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_and_the_field_named(
    request_body: bytes, field: str, kind: type[Refused]
) -> None:
    with pytest.raises(kind) as caught:
        parse_offer(request_body, "default")
    assert caught.value.field == field
    assert caught.value.message


@given(st.binary())
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(Refused):
        parse_offer(data, "default")


@settings(max_examples=40, deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(), lambda v: st.dictionaries(st.text(), v)))
def test_no_json_raises_anything_else(value: object) -> None:
    with pytest.raises(Refused):
        parse_offer(json.dumps(value).encode(), "default")


@given(st.text(), st.text(), st.one_of(st.text(), st.integers(), st.none()))
def test_no_fields_raise_anything_else(sdp: str, kind: str, feed: object) -> None:
    for request_type in (kind, "offer"):
        with pytest.raises(Refused):
            parse_offer(
                json.dumps({"sdp": sdp, "type": request_type, "feed": feed}).encode(), "default"
            )


@given(st.lists(st.sampled_from([*CHROMIUM.splitlines(), "m=", "a=sendonly", "", "\x00"])))
def test_no_mixture_of_sdp_lines_raises_anything_else(lines: list[str]) -> None:
    try:
        checked = checked_sdp("\r\n".join(["v=0", *lines]))
    except InvalidSdp:
        return
    assert "candidate" not in checked
