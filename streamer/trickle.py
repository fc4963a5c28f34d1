"""Trickle ICE: the SDP fragment that a WHEP player sends after its offer (RFC 8840).

A fragment names an ICE session by ufrag and password, and holds candidates for it. The
candidates are looked at and let go: a peer is learned from its own checks, as
peer-reflexive, so that an address which somebody merely claims is never sent anything.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from streamer.errors import MalformedFragment
from streamer.offers import MAX_SECTIONS

MEDIA_TYPE = "application/trickle-ice-sdpfrag"

_LOGGED_CHARS = 40
"""How much of a stranger's line an error repeats."""

# RFC 8839 section 5.4
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
# RFC 8839 section 5.1; the address may be a name (mDNS)
_CANDIDATE = re.compile(
    r"[A-Za-z0-9+/]{1,32} (?P<component>\d{1,3}) [!-~]{1,32} (?P<priority>\d{1,10})"
    r" [!-~]{1,255} (?P<port>\d{1,5}) typ [!-~]{1,32}"
    r"(?: raddr [!-~]{1,255})?(?: rport \d{1,5})?(?: [!-~]+ [!-~]+)*",
    re.ASCII,
)
# RFC 8866 section 5.14; section 9 for the characters of a token
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"
_MEDIA = re.compile(
    rf"m={_TOKEN} \d{{1,5}}(?:/\d+)? {_TOKEN}(?:/{_TOKEN})*(?: {_TOKEN})+", re.ASCII
)
_ATTRIBUTE = re.compile(rf"a=(?P<name>{_TOKEN})(?::(?P<value>[^\x00-\x1f\x7f]+))?")
_MAX_COMPONENT = 256
_MAX_PRIORITY = 2**31 - 1
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class IceCredentials:
    """What names one side of an ICE session."""

    ufrag: str
    password: str


def parse_fragment(body: bytes) -> frozenset[IceCredentials]:
    """Read the body of a trickle ICE request.

    Returns:
        The ICE sessions that it names: one, as a rule; never none.

    Raises:
        MalformedFragment: it is not what RFC 8840 section 9.2 says it must be, or does not
            say which ICE session it is about.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:  # untrusted bytes
        raise MalformedFragment("is not text") from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    # Firefox names the end by an empty candidate, which players write as an empty attribute
    lines = [line for line in lines if line != "a="]
    levels: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            levels.append([])
        levels[-1].append(line)
    session, *sections = levels
    if len(sections) > MAX_SECTIONS:
        raise MalformedFragment(f"has {len(sections)} media sections, at most {MAX_SECTIONS}")
    for line in session:
        _check(line)
    for section in sections:
        for line in section:
            _check(line, in_section=True)
        # section 4.4: it says to which section of the offer this one belongs
        if not any(line.startswith("a=mid:") for line in section):
            raise MalformedFragment("has a media section without a=mid")
    credentials = ice_credentials(lines)
    if not credentials:
        raise MalformedFragment("does not say which ICE session it is for (ice-ufrag, ice-pwd)")
    return credentials


def ice_credentials(lines: Iterable[str]) -> frozenset[IceCredentials]:
    """Return the ICE credentials of an SDP, of all its sections.

    What stands before the first section holds for every one that has none of its own.
    """
    levels: list[dict[str, str]] = [{}]
    for line in lines:
        if line.startswith("m="):
            levels.append({})
        for name in ("ice-ufrag", "ice-pwd"):
            if line.startswith(f"a={name}:"):
                levels[-1][name] = line.split(":", 1)[1]
    session, *sections = levels
    found = (session | section for section in sections or [{}])
    return frozenset(
        IceCredentials(each["ice-ufrag"], each["ice-pwd"])
        for each in found
        if each.keys() == {"ice-ufrag", "ice-pwd"}
    )


def _check(line: str, *, in_section: bool = False) -> None:
    """Raise MalformedFragment if ``line`` may not stand there, or makes no sense."""
    attribute = _ATTRIBUTE.fullmatch(line)
    if attribute is None:
        if not _MEDIA.fullmatch(line):
            raise _malformed(line)
        return
    name, value = attribute["name"], attribute["value"] or ""
    if name == "candidate":
        fits = in_section and _is_candidate(value)
    elif name == "ice-ufrag":
        fits = _UFRAG.fullmatch(value) is not None
    elif name == "ice-pwd":
        fits = _PASSWORD.fullmatch(value) is not None
    else:
        fits = True  # what is not known is ignored: the grammar leaves room for extensions
    if not fits:
        raise _malformed(line)


def _is_candidate(value: str) -> bool:
    found = _CANDIDATE.fullmatch(value)
    return (
        found is not None
        and 1 <= int(found["component"]) <= _MAX_COMPONENT
        and 1 <= int(found["priority"]) <= _MAX_PRIORITY
        and int(found["port"]) <= _MAX_PORT
    )


def _malformed(line: str) -> MalformedFragment:
    return MalformedFragment(f"has a line that makes no sense: {line[:_LOGGED_CHARS]!r}")
