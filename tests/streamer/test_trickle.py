import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.errors import MalformedFragment
from streamer.offers import MAX_SECTIONS
from streamer.trickle import IceCredentials, ice_credentials, parse_fragment
from tests.streamer.sdp import CHROMIUM

CREDENTIALS = IceCredentials("EsAw", "P2uYro0UCOQ4zxjKXaWCBui1")

# the example of the draft, section 4.4.2
DRAFT = """\
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=mid:0
a=ice-ufrag:EsAw
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1
a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1
a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2
a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw network-id 1
a=candidate:2154773085 1 tcp 1518214911 198.51.100.2 9 typ host tcptype active generation 0 ufrag EsAw network-id 2
a=end-of-candidates
""".replace("\n", "\r\n")  # noqa: E501  # as it stands there

CANDIDATE = "a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host"
HEAD = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
SECTION = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"


def read(text: str) -> frozenset[IceCredentials]:
    return parse_fragment(text.encode())


def test_the_example_of_the_draft_is_read() -> None:
    assert read(DRAFT) == {CREDENTIALS}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD, id="credentials alone"),
        pytest.param(HEAD + SECTION + CANDIDATE, id="no end of line at the end"),
        pytest.param((HEAD + SECTION + CANDIDATE).replace("\r", ""), id="LF for CRLF"),
        pytest.param(HEAD + SECTION + "a=\r\n", id="Firefox's empty candidate"),
        pytest.param(HEAD + "a=x-new\r\na=x-new:with ü\r\n" + SECTION, id="extensions"),
        pytest.param(HEAD + "a=ice-lite\r\na=ice-pacing:50\r\n", id="session level"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace("192.0.2.1", "a-b.local"), id="mDNS"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace("192.0.2.1", "2001:db8::1"), id="IPv6"),
        pytest.param(
            HEAD + SECTION + CANDIDATE.replace("host", "srflx raddr 10.0.0.1 rport 5 x y"),
            id="related address",
        ),
        # "MUST silently discard the candidate and continue processing the rest" (4.4.2)
        pytest.param(HEAD + SECTION + CANDIDATE.replace("udp", "sctp"), id="odd transport"),
        pytest.param(
            HEAD + SECTION + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n",
            id="two sections",
        ),
    ],
)
def test_what_players_send_is_read(text: str) -> None:
    assert read(text) == {CREDENTIALS}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("\r\n", id="an empty line"),
        pytest.param("hello", id="no SDP"),
        pytest.param(CHROMIUM, id="an offer"),
        pytest.param(SECTION + CANDIDATE, id="no credentials"),
        pytest.param("a=ice-ufrag:EsAw\r\n", id="no password"),
        pytest.param(HEAD.replace("EsAw", "Es"), id="short ufrag"),
        pytest.param(HEAD.replace("EsAw", "E" * 257), id="long ufrag"),
        pytest.param(HEAD.replace("EsAw", "Es w"), id="ufrag with a space"),
        pytest.param(HEAD.replace("P2uYro", ""), id="short password"),
        pytest.param(HEAD + CANDIDATE, id="candidate outside of a section"),
        pytest.param(HEAD + SECTION.replace("a=mid:0\r\n", "") + CANDIDATE, id="no mid"),
        pytest.param(HEAD + SECTION.replace("mid:0", "mid:"), id="empty mid"),
        pytest.param(HEAD + SECTION.replace("audio 9", "audio"), id="no port"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace(" typ", " type"), id="no type"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace(" 1 udp", " 0 udp"), id="component 0"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace(" 1 udp", " 257 udp"), id="component 257"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace("61764", "65536"), id="port"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace("61764", "٦١٧٦٤"), id="other digits"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace("2122260223", "2147483648"), id="priority"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace("2122260223", "-1"), id="negative"),
        pytest.param(HEAD + SECTION + CANDIDATE + " generation", id="half an extension"),
        pytest.param(HEAD + SECTION + CANDIDATE.replace(" udp", "\tudp"), id="a tab"),
        pytest.param(HEAD + SECTION + "a=x:\x00", id="a control character"),
        pytest.param(HEAD.replace("\r\n", "\r"), id="CR alone"),
        pytest.param(HEAD + SECTION * (MAX_SECTIONS + 1), id="too many sections"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(MalformedFragment) as caught:
        read(text)
    assert caught.value.field == "sdpfrag"
    assert len(caught.value.message) < 200


@given(st.binary())
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with pytest.raises(MalformedFragment):
        parse_fragment(data)


LINES = [*DRAFT.splitlines(), *SECTION.splitlines(), CANDIDATE, "a=ice-ufrag:other", "", "v=0"]


@given(st.lists(st.sampled_from(LINES)), st.text(max_size=9), st.integers(0, 400))
def test_what_is_accepted_is_small_and_names_an_ice_session(
    lines: list[str], junk: str, at: int
) -> None:
    text = "\r\n".join(lines)
    for each in (text, text[:at] + junk + text[at:]):
        try:
            named = read(each)
        except MalformedFragment:
            continue
        assert 1 <= len(named) <= MAX_SECTIONS
        for line in each.replace("\r\n", "\n").split("\n"):
            assert not line or line.startswith(("a=", "m="))


@given(st.sampled_from(DRAFT.splitlines()), st.characters(max_codepoint=31))
def test_no_control_character_gets_in(line: str, junk: str) -> None:
    for at in range(1, len(line)):
        damaged = line[:at] + junk + line[at:]
        with pytest.raises(MalformedFragment):
            read(DRAFT.replace(line, damaged, 1))


def test_the_credentials_of_an_offer_are_those_of_its_sections() -> None:
    offered = IceCredentials("8hhY", "asd88fgpdd777uzjYhagZg0c")
    assert ice_credentials(CHROMIUM.splitlines()) == {offered}
    lines = ["a=ice-ufrag:aaaa", "a=ice-pwd:p", "m=audio", "m=video", "a=ice-pwd:q"]
    found = {IceCredentials("aaaa", "p"), IceCredentials("aaaa", "q")}
    assert ice_credentials(lines) == found
    assert ice_credentials(["m=audio", "a=ice-ufrag:aaaa"]) == frozenset()
