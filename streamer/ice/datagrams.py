"""What a datagram is, told from its bytes alone. Datagrams come from strangers."""

import enum
import struct

from aioice import stun

Address = tuple[str, int]
"""Where a datagram came from: IPv4 or IPv6 address (with ``%zone`` if link-local), port."""

_USERNAME = 0x0006
_LAST_STUN = 3
_DTLS = range(20, 64)
_RTP = range(128, 192)


class Kind(enum.Enum):
    """What shares the port (RFC 7983 section 7, for the protocols spoken here)."""

    STUN = "stun"
    MEDIA = "media"
    """DTLS, SRTP or SRTCP: aiortc tells them apart."""
    JUNK = "junk"


def kind_of(data: bytes) -> Kind:
    """Tell what a datagram claims to be, by its first bytes."""
    if not data:
        return Kind.JUNK
    first = data[0]
    if first in _DTLS or first in _RTP:
        return Kind.MEDIA
    # the magic cookie and a length that fits (RFC 8489 section 5)
    if (
        first <= _LAST_STUN
        and len(data) >= stun.HEADER_LENGTH
        and struct.unpack_from("!HI", data, 2) == (len(data) - stun.HEADER_LENGTH, stun.COOKIE)
    ):
        return Kind.STUN
    return Kind.JUNK


def local_ufrag(data: bytes) -> str:
    """Return the receiver's half of USERNAME (RFC 8445 section 7.2.2); empty if there is none.

    Found without parsing the rest, so that a stranger's message costs next to nothing.
    """
    position = stun.HEADER_LENGTH
    while position + 4 <= len(data):
        kind, length = struct.unpack_from("!HH", data, position)
        if kind == _USERNAME:
            value = data[position + 4 : position + 4 + length]
            return value.decode("ascii", "replace").partition(":")[0]
        position += 4 + length + (-length & 3)
    return ""


def parse_stun(data: bytes) -> stun.Message | None:
    """Parse a STUN message; None if it is malformed, or its FINGERPRINT is wrong."""
    try:
        return stun.parse_message(data)
    except (ValueError, struct.error):  # the boundary to a stranger's bytes
        return None
