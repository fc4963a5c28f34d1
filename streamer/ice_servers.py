"""STUN and TURN servers for players whose network needs them; the streamer asks none itself."""

import json
import re
from dataclasses import dataclass, field

MAX_SERVERS = 16
"""Most URLs; each is asked by every player that starts. Browsers advise against five or more."""

# RFC 7064 and RFC 7065. Neither has a place for a user or a password.
_URL = re.compile(
    r"(?:stuns?|(?P<turn>turns?)):(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::(?P<port>\d{1,5}))?"
    r"(?(turn)(?:\?transport=(?:udp|tcp))?)",
    re.ASCII,
)
_PORTS = range(1, 65_536)
# they travel in a header field; RFC 8489 section 14.3 allows a user name 508 bytes
_CREDENTIAL = re.compile(r"[ -~]{1,508}")
_AS_JSON = 'write [{"urls": "turn:…", "username": "…", "credential": "…"}]'
_FIELDS = frozenset({"urls", "username", "credential", "credentialType"})


@dataclass(frozen=True, slots=True)
class IceServer:
    """One URL of a STUN server, or of a TURN server with its credentials."""

    url: str
    username: str | None = field(default=None, repr=False)
    credential: str | None = field(default=None, repr=False)

    @property
    def link(self) -> str:
        """The value of a ``Link`` field (RFC 8288) that tells a player of it (RFC 9725, 4.6)."""
        link = f'<{self.url}>; rel="ice-server"'
        if self.username is None or self.credential is None:
            return link
        return (
            f"{link}; username={_quoted(self.username)}; credential={_quoted(self.credential)};"
            ' credential-type="password"'
        )


def parse_ice_servers(text: str) -> tuple[IceServer, ...]:
    """Read the setting: a JSON list of ``RTCIceServer`` dictionaries, or ``stun:`` URLs.

    Raises:
        ValueError: it is neither. The message repeats no value: a secret may be in any place.
    """
    text = text.strip()
    if text.startswith("["):
        servers = _from_json(text)
    else:
        urls = [part.strip() for part in text.split(",") if part.strip()]
        servers = [_server(url, number, None, None) for number, url in enumerate(urls, 1)]
    if len(servers) > MAX_SERVERS:
        raise ValueError(f"has {len(servers)} URLs, at most {MAX_SERVERS}")
    return tuple(servers)


def _from_json(text: str) -> list[IceServer]:
    try:
        entries: list[object] = json.loads(text)
    except (ValueError, RecursionError):  # the boundary to what an operator wrote
        raise ValueError("is not JSON") from None
    return [server for number, entry in enumerate(entries, 1) for server in _entry(entry, number)]


def _entry(entry: object, number: int) -> list[IceServer]:
    """Return the servers of one dictionary: one for each of its URLs."""
    if not isinstance(entry, dict) or not entry.keys() <= _FIELDS:
        raise ValueError(f"server {number} must be an object of {', '.join(sorted(_FIELDS))}")
    if entry.get("credentialType", "password") != "password":
        raise ValueError(f"server {number}: credentialType must be password")
    username, credential = entry.get("username"), entry.get("credential")
    for name, value in (("username", username), ("credential", credential)):
        if value is not None and not (isinstance(value, str) and _CREDENTIAL.fullmatch(value)):
            raise ValueError(f"server {number}: {name} must be 1 to 508 printable ASCII characters")
    urls = entry.get("urls")
    if isinstance(urls, str):
        urls = [urls]
    if not isinstance(urls, list) or not urls:
        raise ValueError(f"server {number}: urls must be a URL or a list of URLs")
    return [_server(url, number, username, credential) for url in urls]


def _server(url: object, number: int, username: str | None, credential: str | None) -> IceServer:
    found = _URL.fullmatch(url) if isinstance(url, str) else None
    if found is None or int(found["port"] or 1) not in _PORTS:
        raise ValueError(
            f"server {number}: a URL must be stun:HOST, stuns:HOST, turn:HOST or turns:HOST, with"
            f" :PORT if need be, and for TURN ?transport=udp or tcp; with a password, {_AS_JSON}"
        )
    if not found["turn"]:
        return IceServer(found[0])
    if username is None or credential is None:
        # browsers throw without them (W3C webrtc, "set a configuration"): nobody would hear
        raise ValueError(f"server {number}: TURN needs username and credential: {_AS_JSON}")
    return IceServer(found[0], username, credential)


def _quoted(text: str) -> str:
    """Return ``text`` as a quoted-string (RFC 9110 section 5.6.4)."""
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'
