"""The private names of aiortc that the listener needs, and that it decodes nothing."""

import asyncio

from aiortc import RTCPeerConnection
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

from bench.peer import JITTER_BUFFER, record


def test_aiortc_has_the_private_names() -> None:
    async def jitter_buffer() -> object:
        pc = RTCPeerConnection()
        receiver = pc.addTransceiver("audio", direction="recvonly").receiver
        found: object = getattr(receiver, JITTER_BUFFER)
        await pc.close()
        return found

    assert isinstance(asyncio.run(jitter_buffer()), JitterBuffer)


def test_a_packet_is_noted_and_not_given_on() -> None:
    async def recorded() -> None:
        pc = RTCPeerConnection()
        recorder = record(pc.addTransceiver("audio", direction="recvonly").receiver)
        packet = RtpPacket(payload_type=96, sequence_number=5, timestamp=960)
        packet.payload = b"opus!"
        assert recorder.add(packet) == (False, None)
        assert recorder.packets[0][1:] == (5, 960, 5)
        await pc.close()

    asyncio.run(recorded())
