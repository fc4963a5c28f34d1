"""Decodes what the streamer encodes, and builds the frames it encodes."""

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from streamer.opus import OpusEncoder
from streamer.transform import FRAME_SAMPLES, OUTPUT_RATE_HZ, Stereo, to_stereo
from tests.streamer.speech import Mono, signal_to_error_db

DELAY = 312
"""Samples by which the decoded sound is late (6.5 ms)."""


def encoded(encoder: OpusEncoder, mono: Mono) -> list[bytes]:
    """One packet for each whole frame of ``mono`` (48 kHz)."""
    whole = len(mono) // FRAME_SAMPLES * FRAME_SAMPLES
    return [encoder.encode(to_stereo(part)) for part in mono[:whole].reshape(-1, FRAME_SAMPLES)]


def decoded(packets: list[bytes]) -> Stereo:
    """Decode as a browser does: ``opus/48000/2``."""
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate = OUTPUT_RATE_HZ
    decoder.layout = "stereo"
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet))]
    stereo = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in frames])
    assert stereo.dtype == np.int16
    return stereo


def snr_db(sent: Mono, packets: list[bytes]) -> float:
    """Signal to noise of the left channel, aligned by the encoder's delay."""
    heard = decoded(packets)[DELAY:, 0]
    n = len(heard)
    return signal_to_error_db(sent[:n], heard)
