"""Many listeners behind one UDP port, with real peers on real sockets."""

import asyncio
import gc
import re
import secrets
import socket
import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from aioice import stun

from streamer import privates
from streamer.ice.mux import MAX_WAITING, Mux
from streamer.ice.routes import Drop
from streamer.ice.sockets import Sockets
from streamer.metrics import Metrics
from streamer.offers import Offer, checked_sdp
from tests.conftest import becomes, run
from tests.streamer.browser import Browser
from tests.streamer.ice.messages import Session, request
from tests.streamer.ice.relay import relay
from tests.streamer.serving import Parts, parts

CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host")


async def answered(p: Parts, listener: Browser, host: str = "") -> str:
    """Offer; return the answer's SDP, not applied yet."""
    offer = Offer(checked_sdp((await listener.offer())["sdp"]), "default")
    return (await p.peers.answer(offer, host)).sdp


async def connected(p: Parts, listener: Browser) -> None:
    await listener.accept({"sdp": await answered(p, listener), "type": "answer"})


def dropped(p: Parts, why: Drop) -> float:
    """How many datagrams have been dropped for this reason."""
    text = p.metrics.render().decode()
    found = re.search(rf'dropped_total{{reason="{why.value}"}} (\S+)', text)
    assert found is not None
    return float(found[1])


def session_of(p: Parts) -> Session:
    """The credentials of the only session there is."""
    (peer,) = p.peers._peers.values()
    (connection,) = privates.ice_connections(peer.pc)
    return Session(connection.local_username, connection.local_password, connection.remote_password)


def test_every_answer_announces_the_one_port_at_every_address(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, lan_address="192.0.2.7") as p:
            listener = Browser(has_channel=False)
            sdp = await answered(p, listener, "198.51.100.4")
            found = CANDIDATE.findall(sdp)
            assert [host for host, _ in found] == ["127.0.0.1", "198.51.100.4", "192.0.2.7"]
            assert {int(port) for _, port in found} == {p.mux.port}
            await listener.pc.close()

    run(go())


def test_fifty_listen_at_once_through_the_one_port(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            listeners = [Browser() for _ in range(50)]
            for ten in range(0, 50, 10):
                await asyncio.gather(*(connected(p, each) for each in listeners[ten : ten + 10]))
            assert p.mux.routes.sizes["sessions"] == 50
            assert p.mux.routes.sizes["addresses"] >= 50
            await asyncio.gather(*(each.hears(25) for each in listeners))
            for each in listeners:
                (transport,) = privates.ice_connections(each.pc)
                ports = {candidate.port for candidate in transport.remote_candidates}
                assert ports == {p.mux.port}
            await asyncio.gather(*(each.pc.close() for each in listeners))
            await becomes(lambda: p.peers.count == 0)
            assert p.routed == 0

    run(go(), deadline_s=60)


def test_five_hundred_sessions_opened_and_closed_leave_nothing(
    redis_url: str, report: Callable[[str], None]
) -> None:
    async def come_and_go(p: Parts) -> None:
        listener = Browser()
        await connected(p, listener)
        await listener.pc.close()

    async def go() -> None:
        async with parts(redis_url, max_listeners=500) as p:
            await come_and_go(p)
            await becomes(lambda: p.peers.count == 0)
            tasks = len(asyncio.all_tasks())
            tracemalloc.start()
            sizes = []
            for _ in range(2):
                for _ in range(25):
                    await asyncio.gather(*(come_and_go(p) for _ in range(10)))
                await becomes(lambda: p.peers.count == 0)
                await becomes(lambda: len(asyncio.all_tasks()) <= tasks)
                assert p.routed == 0
                assert p.mux._views == {}
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
            # the first half fills caches; what the second one adds would add up for ever
            growth = sizes[1] - sizes[0]
            report(f"250 sessions opened and closed: memory grew by {growth / 1024:.0f} KiB")
            assert growth < 250 * 1024

    run(go(), deadline_s=240)


def test_junk_and_forgeries_disturb_nobody_and_are_counted(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            listener = Browser()
            await connected(p, listener)
            session = session_of(p)
            before = p.mux.routes.sizes
            hostile = {
                Drop.JUNK: b"\xff" * 40,
                Drop.MALFORMED: request(session, bytes(12), priority=None),
                Drop.UNKNOWN_UFRAG: request(Session("nobody"), bytes(12)),
                Drop.BAD_INTEGRITY: request(session, bytes(12), password="guessed"),
                Drop.UNSOLICITED: request(session, bytes(12), kind=stun.Class.INDICATION),
                Drop.UNKNOWN_ADDRESS: b"\x16\xfe\xfd" + bytes(40),
                Drop.UNKNOWN_TRANSACTION: b"\x01\x01\x00\x00"
                + stun.COOKIE.to_bytes(4, "big")
                + bytes(12),
            }
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.1", 0))
                stranger.setblocking(False)
                for _ in range(20):
                    for data in hostile.values():
                        stranger.sendto(data, ("127.0.0.1", p.mux.port))
                        stranger.sendto(secrets.token_bytes(60), ("127.0.0.1", p.mux.port))
                    await listener.hears(1)
                await becomes(lambda: all(dropped(p, why) >= 20 for why in hostile))
                # nobody has been answered who did not prove to know a password
                with pytest.raises(BlockingIOError):
                    stranger.recv(2048)
            assert p.mux.routes.sizes == before
            numbers = [packet.sequence_number for packet in listener.packets]
            assert [b - a for a, b in pairwise(numbers)] == [1] * (len(numbers) - 1)
            await listener.pc.close()

    run(go())


def test_a_recorded_request_sent_again_from_elsewhere_gets_no_media(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            listener = Browser()
            await connected(p, listener)
            recorded = request(session_of(p), secrets.token_bytes(12))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.1", 0))
                stranger.setblocking(False)
                # the first to send it is answered as any new address of the listener is
                p.mux._received(recorded, ("127.0.0.1", 9))
                before = p.mux.routes.sizes
                stranger.sendto(recorded, ("127.0.0.1", p.mux.port))
                await becomes(lambda: dropped(p, Drop.REPLAYED) == 1)
                await listener.hears(25)
                with pytest.raises(BlockingIOError):
                    stranger.recv(2048)
            assert p.mux.routes.sizes["addresses"] == before["addresses"]
            await listener.pc.close()

    run(go())


def test_a_listener_whose_nat_gives_it_a_new_address_is_followed(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p, relay(("127.0.0.1", p.mux.port)) as nat:
            listener = Browser()
            sdp = await answered(p, listener)
            sdp = "".join(
                line.replace(f" {p.mux.port} typ", f" {nat.port} typ")
                for line in sdp.splitlines(keepends=True)
                if "a=candidate" not in line or " 127.0.0.1 " in line
            )
            await listener.accept({"sdp": sdp, "type": "answer"})
            await listener.hears(10)
            await nat.rebind()
            await asyncio.sleep(0.2)
            # what had been sent to the old address is lost; the next consent check shows the new
            heard = len(listener.packets)
            await listener.hears(100)
            assert heard > 0
            assert b"playhead_udp_rebindings_total 1.0" in p.metrics.render()
            await listener.pc.close()

    run(go(), deadline_s=30)


def test_a_listener_on_ipv6_hears(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url, announced_addresses="::1") as p:
            if not p.mux.has_ipv6:
                pytest.skip("this machine has no IPv6")
            # aiortc's own peer never uses ::1: a mux of its own makes it
            own = Sockets(0)
            listener = Browser(has_channel=False)
            attachment = Mux(own, Metrics()).attach(listener.pc, ["::1"])
            await connected(p, listener)
            await listener.hears(25)
            (connection,) = privates.ice_connections(listener.pc)
            assert {each.host for each in connection.remote_candidates} == {"::1"}
            await listener.pc.close()
            attachment.close()
            own.close()

    run(go())


def test_media_that_nobody_reads_is_dropped_beyond_a_bound(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            listener = Browser()
            await answered(p, listener)  # and never connects
            p.mux._received(request(session_of(p), bytes(12)), ("127.0.0.1", 9))
            for _ in range(MAX_WAITING + 10):
                p.mux._received(b"\x80" + bytes(50), ("127.0.0.1", 9))
            assert dropped(p, Drop.OVERFLOW) == 10
            await listener.pc.close()

    run(go())


def test_sections_that_are_not_bundled_have_a_session_each(redis_url: str) -> None:
    async def go() -> None:
        async with parts(redis_url) as p:
            listener = Browser()
            sdp: Any = (await listener.offer())["sdp"]
            apart = "".join(
                line for line in sdp.splitlines(keepends=True) if "a=group:BUNDLE" not in line
            )
            answer = await p.peers.answer(Offer(checked_sdp(apart), "default"))
            ufrags = re.findall(r"a=ice-ufrag:(\S+)", answer.sdp)
            assert len(ufrags) == len(set(ufrags)) == 2
            assert p.mux.routes.sizes["sessions"] == 2
            await listener.pc.close()

    run(go())
