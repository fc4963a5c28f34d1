import asyncio

import pytest
from aiortc.mediastreams import MediaStreamError
from av import Packet
from av.stream import Stream

from streamer.track import RING_PACKETS, PacketTrack
from tests.conftest import run


def numbered(n: int) -> "Packet[Stream]":
    packet: Packet[Stream] = Packet(bytes([n]))
    packet.pts = n
    return packet


def test_packets_come_out_in_order_and_are_the_very_same() -> None:
    async def go() -> None:
        track = PacketTrack()
        packets = [numbered(n) for n in range(5)]
        for packet in packets:
            track.put(packet)
        for packet in packets:
            assert await track.recv() is packet

    run(go())


def test_recv_waits_for_the_next_packet() -> None:
    async def go() -> None:
        track = PacketTrack()
        waiting = asyncio.create_task(track.recv())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        packet = numbered(1)
        track.put(packet)
        assert await waiting is packet

    run(go())


def test_a_slow_listener_loses_the_oldest_packets_only_and_they_are_counted() -> None:
    async def go() -> None:
        track = PacketTrack()
        for n in range(RING_PACKETS + 3):
            track.put(numbered(n))
        assert track.dropped == 3
        got = [(await track.recv()).pts for _ in range(RING_PACKETS)]
        assert got == list(range(3, RING_PACKETS + 3))

    run(go())


def test_stopping_ends_a_recv_that_waits() -> None:
    async def go() -> None:
        track = PacketTrack()
        waiting = asyncio.create_task(track.recv())
        await asyncio.sleep(0)
        track.stop()
        with pytest.raises(MediaStreamError):
            await waiting

    run(go())


@pytest.mark.parametrize("put_after", [False, True])
def test_after_stop_no_packet_comes_out(put_after: bool) -> None:
    async def go() -> None:
        track = PacketTrack()
        track.put(numbered(1))
        track.stop()
        if put_after:
            track.put(numbered(2))
        with pytest.raises(MediaStreamError):
            await track.recv()

    run(go())
