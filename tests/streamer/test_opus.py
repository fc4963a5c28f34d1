from fractions import Fraction
from typing import Literal

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext

from captures.check import reference_resample
from streamer.opus import OpusEncoder
from streamer.transform import FRAME_SAMPLES, SILENCE
from tests.streamer.opus import decoded, encoded, snr_db
from tests.streamer.speech import speech

VOICE = reference_resample(speech(24_000 * 3))


def voip(sound: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> list[bytes]:
    """What aiortc's own encoder would make of it."""
    codec = AudioCodecContext.create("libopus", "w")
    assert isinstance(codec, AudioCodecContext)
    codec.bit_rate, codec.format, codec.layout, codec.sample_rate = 64_000, "s16", "mono", 48_000
    codec.time_base = Fraction(1, 48_000)
    codec.options = {"application": "voip"}
    packets: list[bytes] = []
    for part in sound[: len(sound) // 960 * 960].reshape(-1, 960):
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48_000
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets


def test_a_low_voice_keeps_its_phase_as_voip_would_not() -> None:
    assert snr_db(VOICE, encoded(OpusEncoder(), VOICE)) > 20
    assert snr_db(VOICE, voip(VOICE)) < 15


def test_every_frame_gives_one_packet_of_20_ms() -> None:
    packets = encoded(OpusEncoder(), VOICE)
    assert len(packets) == len(VOICE) // FRAME_SAMPLES
    for packet in packets[:20]:
        assert len(decoded([packet])) == FRAME_SAMPLES
        # RFC 6716, 3.1: the low two bits count the frames in a packet, 0 means one
        assert packet[0] & 3 == 0


@pytest.mark.parametrize(("channels", "is_stereo"), [(1, False), (2, True)])
def test_the_channels_coded_are_as_set(channels: Literal[1, 2], is_stereo: bool) -> None:
    packets = encoded(OpusEncoder(channels=channels), VOICE)
    # RFC 6716, 3.1: bit 2 of the first byte is s, stereo
    assert any(bool(packet[0] & 4) for packet in packets) is is_stereo


def test_one_coded_channel_is_decoded_to_two_equal_ones() -> None:
    stereo = decoded(encoded(OpusEncoder(), VOICE))
    assert np.array_equal(stereo[:, 0], stereo[:, 1])
    assert np.abs(stereo).max() > 5_000


@pytest.mark.parametrize("bitrate", [24_000, 64_000, 128_000])
def test_the_bitrate_is_as_set(bitrate: int) -> None:
    packets = encoded(OpusEncoder(bitrate), VOICE)
    bits_per_s = sum(map(len, packets)) * 8 / (len(packets) * 0.020)
    assert bits_per_s == pytest.approx(bitrate, rel=0.25)


def test_the_complexity_is_as_set() -> None:
    cheap, best = (encoded(OpusEncoder(complexity=n), VOICE) for n in (0, 10))
    assert snr_db(VOICE, cheap) < snr_db(VOICE, best)


def test_silence_is_a_packet_like_any_other_and_small() -> None:
    encoder = OpusEncoder()
    packets = [encoder.encode(SILENCE) for _ in range(20)]
    assert all(1 <= len(packet) <= 10 for packet in packets[1:])


def test_a_frame_of_another_size_is_not_encoded() -> None:
    with pytest.raises(AssertionError):
        OpusEncoder().encode(SILENCE[:480])
