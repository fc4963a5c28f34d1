"""The sockets of one UDP port: one for IPv4, and one for IPv6 where there is any.

They have no queue but the kernel's: what cannot be sent at once is dropped, which for speech is
better than late.
"""

import asyncio
import errno
import socket
from collections.abc import Callable

from streamer.errors import NoMediaPath
from streamer.ice.datagrams import Address

BUFFER_BYTES = 4 << 20
"""Asked of the kernel for each direction; it gives what ``net.core.rmem_max`` allows."""
LONGEST = 2048
"""Bytes read of a datagram. None that belongs here is longer than an Ethernet frame."""
BURST = 64
"""Most datagrams read in one go, so that a flood leaves time for the listeners."""
TRIES = 16
"""How many free IPv4 ports are tried until one is free for IPv6 as well."""

NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


class Sockets:
    """One UDP port on every interface. Needs a running event loop that can watch sockets."""

    def __init__(self, port: int) -> None:
        """Bind ``port``, or any free one if it is 0.

        Raises:
            NoMediaPath: the port is taken.
        """
        self._loop = asyncio.get_running_loop()
        try:
            self._ipv4, self._ipv6 = _bind(port)
        except OSError as error:  # the boundary to the system
            raise NoMediaPath(
                f"cannot use UDP port {port} ({error.strerror}); set UDP_PORT to a free port"
            ) from error
        self.port: int = self._ipv4.getsockname()[1]

    @property
    def has_ipv6(self) -> bool:
        """Whether the port is open on IPv6."""
        return self._ipv6 is not None

    def receive(self, received: Callable[[bytes, Address], None]) -> None:
        """Call ``received`` with every datagram from now on."""
        for each in (self._ipv4, self._ipv6):
            if each is not None:
                self._loop.add_reader(each, _read, each, received)

    def send(self, data: bytes, address: Address) -> bool:
        """Send a datagram; return whether the kernel took it."""
        sock = self._ipv6 if ":" in address[0] else self._ipv4
        if sock is None:
            return False
        try:
            sock.sendto(data, address)
        except OSError:  # the boundary to the network: its buffer is full, or no route leads there
            return False
        return True

    def close(self) -> None:
        """Stop receiving and free the port."""
        for each in (self._ipv4, self._ipv6):
            if each is not None:
                self._loop.remove_reader(each)
                each.close()


def _read(sock: socket.socket, received: Callable[[bytes, Address], None]) -> None:
    for _ in range(BURST):
        try:
            data, address = sock.recvfrom(LONGEST)
        except BlockingIOError:
            return
        except OSError:  # the boundary to the network: an ICMP error of something sent earlier
            continue
        received(data, address[:2])


def _bind(port: int) -> tuple[socket.socket, socket.socket | None]:
    for tries_left in reversed(range(TRIES)):
        ipv4 = _open(socket.AF_INET, "0.0.0.0", port)
        try:
            return ipv4, _open(socket.AF_INET6, "::", ipv4.getsockname()[1])
        except OSError as error:
            if error.errno in NO_IPV6:
                return ipv4, None
            ipv4.close()
            if port or not tries_left:
                raise
    raise AssertionError("unreachable")


def _open(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
