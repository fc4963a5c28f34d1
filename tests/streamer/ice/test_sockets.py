import asyncio
import socket

import pytest

from streamer.errors import NoMediaPath
from streamer.ice.datagrams import Address
from streamer.ice.sockets import LONGEST, Sockets
from tests.conftest import becomes, run


def test_what_is_sent_to_the_port_is_received_and_answered_on_both_ip_versions() -> None:
    async def go() -> None:
        sockets = Sockets(0)
        got: list[tuple[bytes, Address]] = []
        sockets.receive(lambda data, address: got.append((data, address)))
        hosts = ["127.0.0.1", *(["::1"] if sockets.has_ipv6 else [])]
        for host in hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as peer:
                peer.bind((host, 0))
                peer.sendto(b"hello", (host, sockets.port))
                await becomes(lambda: bool(got))
                data, address = got.pop()
                assert (data, address) == (b"hello", peer.getsockname()[:2])
                assert sockets.send(b"welcome", address)
                assert peer.recv(100) == b"welcome"
        sockets.close()

    run(go())


def test_a_port_that_is_taken_is_named_with_its_setting() -> None:
    async def go() -> None:
        first = Sockets(0)
        with pytest.raises(NoMediaPath, match=rf"UDP port {first.port} .*set UDP_PORT"):
            Sockets(first.port)
        first.close()
        Sockets(first.port).close()

    run(go())


def test_what_the_kernel_does_not_take_is_dropped() -> None:
    async def go() -> None:
        sockets = Sockets(0)
        assert not sockets.send(bytes(100_000), ("127.0.0.1", 9))
        assert not sockets.send(b"x", ("127.0.0.1", 0))
        sockets.close()

    run(go())


def test_a_flood_is_read_in_bursts_that_leave_others_their_turn() -> None:
    async def go() -> None:
        sockets = Sockets(0)
        got: list[bytes] = []
        turns: list[int] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            for _ in range(150):
                peer.sendto(b"x", ("127.0.0.1", sockets.port))
        sockets.receive(lambda data, _: got.append(data))
        while len(got) < 150:
            await asyncio.sleep(0)
            turns.append(len(got))
        assert max(b - a for a, b in zip([0, *turns], turns, strict=False)) <= 64
        sockets.close()

    run(go())


def test_a_datagram_longer_than_any_of_ours_is_cut() -> None:
    async def go() -> None:
        sockets = Sockets(0)
        got: list[bytes] = []
        sockets.receive(lambda data, _: got.append(data))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.sendto(bytes(9000), ("127.0.0.1", sockets.port))
        await becomes(lambda: bool(got))
        assert len(got[0]) == LONGEST
        sockets.close()

    run(go())
