import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ice_servers import MAX_SERVERS, IceServer, parse_ice_servers

TURN = "turn:turn.example:3478?transport=udp"
LOGIN = {"username": "user", "credential": "secret"}


def test_a_list_of_stun_urls_is_taken_as_it_is() -> None:
    found = parse_ice_servers(" stun:stun.example , stuns:[2001:db8::1]:5349 ,")
    assert found == (IceServer("stun:stun.example"), IceServer("stuns:[2001:db8::1]:5349"))


@pytest.mark.parametrize("text", ["", " ", ",", "[]"])
def test_nothing_is_no_server(text: str) -> None:
    assert parse_ice_servers(text) == ()


def test_dictionaries_as_browsers_take_them_give_a_server_for_each_url() -> None:
    entries = [
        {"urls": "stun:stun.example"},
        {"urls": ["stun:turn.example", TURN, "turns:turn.example?transport=tcp"], **LOGIN},
        {"urls": ["turn:10.0.0.1"], "credentialType": "password", **LOGIN},
    ]
    assert parse_ice_servers(json.dumps(entries)) == (
        IceServer("stun:stun.example"),
        # a STUN server asks for no login: it is not told one
        IceServer("stun:turn.example"),
        IceServer(TURN, "user", "secret"),
        IceServer("turns:turn.example?transport=tcp", "user", "secret"),
        IceServer("turn:10.0.0.1", "user", "secret"),
    )


def test_the_links_are_those_of_the_rfc() -> None:
    # RFC 9725 section 4.6
    assert IceServer("stun:stun.example.net").link == '<stun:stun.example.net>; rel="ice-server"'
    turn = IceServer("turn:turn.example.net?transport=udp", "user", "myPassword")
    assert turn.link == (
        '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user";'
        ' credential="myPassword"; credential-type="password"'
    )
    assert r'username="a\"b"; credential="c\\d"' in IceServer(TURN, 'a"b', "c\\d").link


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stun.example", "server 1: a URL must be stun:HOST"),
        ("stun:a, http://b", "server 2: a URL must be stun:HOST"),
        ("stun://a", "a URL must be"),
        ("stun:a:0", "a URL must be"),
        ("stun:a:65536", "a URL must be"),
        ("stun:a?transport=udp", "a URL must be"),
        (f"turn:user:SECRET@{TURN}", "a URL must be"),
        ("turn:turn.example", "server 1: TURN needs username and credential: write"),
        ('{"urls": "stun:a"}', "a URL must be"),
        ("[", "is not JSON"),
        ("[" * 99_999, "is not JSON"),
        ("[1]", "server 1 must be an object of credential, credentialType, urls, username"),
        ('[{"url": "stun:a"}]', "server 1 must be an object of"),
        ("[{}]", "server 1: urls must be a URL or a list of URLs"),
        ('[{"urls": []}]', "server 1: urls must be a URL or a list of URLs"),
        ('[{"urls": [7]}]', "server 1: a URL must be"),
        ('[{"urls": "stun:a"}, {"urls": "turn:a"}]', "server 2: TURN needs username"),
        ('[{"urls": "turn:a", "username": "SECRET"}]', "server 1: TURN needs username"),
        ('[{"urls": "turn:a", "username": 7, "credential": "SECRET"}]', "username must be"),
        ('[{"urls": "turn:a", "username": "u", "credential": "SECRET\\n"}]', "credential must be"),
        ('[{"urls": "turn:a", "username": "u", "credential": ""}]', "credential must be"),
        ('[{"urls": "turn:a", "credentialType": "oauth"}]', "credentialType must be password"),
        (",".join(["stun:a"] * (MAX_SERVERS + 1)), "at most 16"),
    ],
)
def test_what_no_browser_would_take_is_refused_in_words_without_its_secrets(
    text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace("[", r"\[")) as caught:
        parse_ice_servers(text)
    assert "SECRET" not in str(caught.value)


def test_a_server_does_not_show_its_login() -> None:
    assert repr(IceServer(TURN, "user", "secret")) == f"IceServer(url='{TURN}')"


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    for each in (text, f"[{text}]", f"stun:{text}"):
        try:
            servers = parse_ice_servers(each)
        except ValueError:
            continue
        assert len(servers) <= MAX_SERVERS


SAFE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)


@given(SAFE, SAFE)
def test_no_login_breaks_out_of_its_link(username: str, credential: str) -> None:
    (server,) = parse_ice_servers(
        json.dumps([{"urls": TURN, "username": username, "credential": credential}])
    )
    head, _, rest = server.link.partition("; username=")
    assert head == f'<{TURN}>; rel="ice-server"'
    read, rest = unquote(rest)
    assert read == username
    read, rest = unquote(rest.removeprefix("; credential="))
    assert read == credential
    assert rest == '; credential-type="password"'


def unquote(text: str) -> tuple[str, str]:
    """Read a quoted-string (RFC 9110 section 5.6.4); return it and what follows."""
    assert text[0] == '"'
    out, at = "", 1
    while text[at] != '"':
        at += text[at] == "\\"
        out += text[at]
        at += 1
    return out, text[at + 1 :]
