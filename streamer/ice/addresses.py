"""Where listeners are told to send: the addresses that an answer announces."""

import socket
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address

LOOPBACK = "127.0.0.1"
_ELSEWHERE = (
    # documentation addresses (RFC 5737, RFC 3849); nothing is ever sent to them
    (socket.AF_INET, "192.0.2.1"),
    (socket.AF_INET6, "2001:db8::1"),
)


def announced(fixed: Iterable[str], lan: Iterable[str], host: str, *, has_ipv6: bool) -> list[str]:
    """Return the addresses to announce, best first, each once.

    Args:
        fixed: the operator's own list; if there is any, nothing else is announced.
        lan: addresses of this host in its networks. Firefox never pairs with loopback.
        host: the request's ``Host`` field, or empty. Whoever reached the page at a literal
            address will reach the media there too.
        has_ipv6: whether the port is open on IPv6.
    """
    given = list(fixed) or [LOOPBACK, *_literal(host), *lan]
    return [each for each in dict.fromkeys(given) if has_ipv6 or ":" not in each]


def _literal(host: str) -> list[str]:
    """Return the address in a ``Host`` field (RFC 9110 section 7.2); ``[]`` if it has a name."""
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        address = ip_address(bare)
    except ValueError:  # the boundary to a stranger's header
        return []
    # a zone means something on the machine that sent it, and nothing here
    has_zone = isinstance(address, IPv6Address) and address.scope_id is not None
    if address.is_unspecified or address.is_multicast or has_zone:
        return []
    return [str(address)]


def lan_addresses() -> list[str]:
    """Return this host's own address on the way to others, of each IP version it has.

    Asked of the routing table: no packet leaves.
    """
    return [each for family, elsewhere in _ELSEWHERE for each in _source(family, elsewhere)]


def _source(family: socket.AddressFamily, elsewhere: str) -> list[str]:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            return [str(probe.getsockname()[0])]
    except OSError:  # the boundary to the system: it has no such IP version, or no way out
        return []
