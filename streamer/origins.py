"""Which web sites may play from this server: cross-origin requests (CORS).

A browser tells where a script comes from (``Origin``) and keeps an answer from it unless
the answer says that it may be read. Without that, any site a person visits could listen
to what their own machine says.
"""

import re
from dataclasses import dataclass

ANY = "*"

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

MAX_ORIGIN_CHARS = 300
"""Longest origin looked at: a host name has at most 253 characters."""

_DEFAULT_PORTS = {"http": "80", "https": "443"}
# RFC 6454 section 6.2: scheme, host and, unless it is the default, port; nothing after it
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?",
    re.ASCII,
)
_HOST = re.compile(r"(?P<host>[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(?P<port>\d{1,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a script comes from. The port is left out where it is the scheme's default."""

    scheme: str
    host: str
    port: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether it is a page that this very machine serves."""
        return self.scheme in _DEFAULT_PORTS and self.host in LOOPBACK_HOSTS

    def is_of(self, host: str) -> bool:
        """Whether it is the site that ``host``, the field of a request, names.

        Schemes are not compared: a proxy in front may take ``https`` and pass on ``http``.
        """
        found = _HOST.fullmatch(host.lower()) if len(host) <= MAX_ORIGIN_CHARS else None
        return (
            found is not None
            and found["host"] == self.host
            and _explicit(self.scheme, found["port"]) == self.port
        )


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The sites that may play from here, beside the server's own."""

    any: bool = False
    loopback: bool = False
    listed: frozenset[Origin] = frozenset()

    def allow(self, origin: str, host: str) -> bool:
        """Whether a script may play, by the ``Origin`` and ``Host`` of its request."""
        if self.any:
            return True
        found = parse_origin(origin)
        return found is not None and (
            found in self.listed or found.is_of(host) or (self.loopback and found.is_loopback)
        )


LOOPBACK = AllowedOrigins(loopback=True)


def parse_origin(text: str) -> Origin | None:
    """Read an origin as browsers write it; None if it is none, ``null`` included."""
    found = _ORIGIN.fullmatch(text.lower()) if len(text) <= MAX_ORIGIN_CHARS else None
    if found is None:
        return None
    return Origin(found["scheme"], found["host"], _explicit(found["scheme"], found["port"]))


def parse_allowed_origins(text: str) -> AllowedOrigins:
    """Read the setting: origins separated by commas, or ``*``.

    Raises:
        ValueError: one of them is not an origin.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if parts == [ANY]:
        return AllowedOrigins(any=True)
    listed = set()
    for part in parts:
        origin = parse_origin(part)
        if origin is None:
            raise ValueError(
                f"{part[:MAX_ORIGIN_CHARS]!r} must be an origin such as https://example.org:8443,"
                " with no path and no slash at its end; or * alone, for every site"
            )
        listed.add(origin)
    return AllowedOrigins(listed=frozenset(listed))


def _explicit(scheme: str, port: str | None) -> str | None:
    return None if port == _DEFAULT_PORTS.get(scheme) else port
