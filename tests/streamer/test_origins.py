import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.origins import LOOPBACK, AllowedOrigins, parse_allowed_origins, parse_origin

HERE = "play.example:8910"


@pytest.mark.parametrize(
    ("origin", "host", "expected"),
    [
        # pages that this machine serves, on any port
        ("http://localhost", HERE, True),
        ("http://localhost:3000", HERE, True),
        ("https://localhost:8443", HERE, True),
        ("http://127.0.0.1:5500", HERE, True),
        ("http://[::1]:5500", HERE, True),
        ("HTTP://LocalHost:3000", HERE, True),
        # the server's own pages
        ("http://play.example:8910", HERE, True),
        ("http://Play.Example:8910", "pLay.example:8910", True),
        ("https://play.example", "play.example", True),
        ("https://play.example", "play.example:443", True),
        ("http://192.168.1.7:8910", "192.168.1.7:8910", True),
        ("http://[fd00::7]:8910", "[fd00::7]:8910", True),
        # everybody else
        ("http://evil.example", HERE, False),
        ("http://play.example", HERE, False),
        ("http://play.example:8911", HERE, False),
        ("http://localhost.evil.example", HERE, False),
        ("http://localhost:3000.evil.example", HERE, False),
        ("http://evil.example#localhost", HERE, False),
        ("http://localhost@evil.example", HERE, False),
        ("http://evil.example/http://localhost", HERE, False),
        ("http://127.0.0.2", HERE, False),
        ("http://[::ffff:127.0.0.1]", HERE, False),
        ("chrome-extension://localhost", HERE, False),
        ("null", HERE, False),
        ("file://", HERE, False),
        ("", "", False),
        ("http://", "", False),
        ("*", HERE, False),
        ("http://localhost, http://evil.example", HERE, False),
        ("http://x" * 60, HERE, False),
    ],
)
def test_by_default_this_machine_and_the_same_site_may_play(
    origin: str, host: str, expected: bool
) -> None:
    assert LOOPBACK.allow(origin, host) is expected


def test_the_list_takes_the_place_of_this_machine_and_not_of_the_same_site() -> None:
    allowed = parse_allowed_origins(" https://a.example ,HTTP://B.example:80,app://player ")
    assert allowed.allow("https://a.example", HERE)
    assert allowed.allow("https://a.example:443", HERE)
    assert allowed.allow("http://b.example", HERE)
    assert allowed.allow("app://player", HERE)
    assert allowed.allow("http://play.example:8910", HERE)
    assert not allowed.allow("http://a.example", HERE)
    assert not allowed.allow("https://a.example:8443", HERE)
    assert not allowed.allow("http://localhost", HERE)


@given(st.text(), st.text())
def test_the_star_allows_every_site(origin: str, host: str) -> None:
    assert parse_allowed_origins(" * ").allow(origin, host)


@pytest.mark.parametrize(
    "text",
    [
        "example.org",
        "https://example.org/",
        "https://example.org/page",
        "https://*.example.org",
        "https://user@example.org",
        "https://example.org:port",
        "https://example.org https://b.example",
        "https://example.org,*",
        "null",
        "//example.org",
    ],
)
def test_a_setting_that_is_no_list_of_origins_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="must be an origin such as https://"):
        parse_allowed_origins(text)


PIECES = "http https :// : / localhost 127.0.0.1 [::1] evil.example 80 @ # ? . , \\ % * null 8910"
ALPHABET = st.sampled_from([*PIECES.split(), " ", "play.example"])


@given(st.one_of(st.text(), st.lists(ALPHABET, max_size=8).map("".join)))
def test_only_whole_origins_are_allowed(text: str) -> None:
    found = parse_origin(text)
    if LOOPBACK.allow(text, HERE):
        assert found is not None
        assert found.host in {"localhost", "127.0.0.1", "[::1]", "play.example"}
        # nothing but scheme, host and port: the page of another site has its host there
        written = f"{found.scheme}://{found.host}"
        assert text.lower() in {written, f"{written}:{found.port}"} or text.endswith(("80", "443"))
    if found is not None:
        assert AllowedOrigins(listed=frozenset({found})).allow(text, "")


@given(st.text(), st.text())
def test_no_host_lets_another_site_in(origin: str, host: str) -> None:
    if LOOPBACK.allow(origin, host):
        found = parse_origin(origin)
        assert found is not None
        assert found.is_loopback or found.is_of(host)
