"""Small audio files in many formats, made by PyAV."""

import math
import struct
import wave
from pathlib import Path
from typing import cast

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


def tone(seconds: float, rate_hz: int, channels: int = 1, level: float = 0.5) -> Samples:
    """440 Hz, the same in every channel: an array of (channels, samples)."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.tile((level * np.sin(2 * math.pi * 440 * t)).astype(np.float32), (channels, 1))


def write_wav(path: Path, samples: Samples, rate_hz: int) -> Path:
    """16-bit integer WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[0])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((samples.T * 32767).round().astype("<i2").tobytes())
    return path


def write_float_wav(path: Path, samples: Samples, rate_hz: int) -> Path:
    """32-bit float WAV with a PEAK chunk, which the standard library refuses."""
    channels = samples.shape[0]
    data = samples.T.astype("<f4").tobytes()
    head = struct.pack("<HHIIHH", 3, channels, rate_hz, rate_hz * 4 * channels, 4 * channels, 32)
    chunks = b"WAVE" + b"fmt " + struct.pack("<I", len(head)) + head
    peak = struct.pack("<II", 1, 0) + struct.pack("<fI", 0.5, 0) * channels
    chunks += b"PEAK" + struct.pack("<I", len(peak)) + peak
    chunks += b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    return path


def write_encoded(path: Path, samples: Samples, rate_hz: int, codec: str) -> Path:
    """Any codec PyAV has, in the container the file's name asks for."""
    layout = {1: "mono", 2: "stereo"}[samples.shape[0]]
    with av.open(str(path), "w") as container:
        stream = cast(av.AudioStream, container.add_stream(codec, rate=rate_hz))
        stream.codec_context.layout = layout
        for start in range(0, samples.shape[1], 1152):
            part = (samples[:, start : start + 1152].T * 32767).round().astype(np.int16)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(part.reshape(1, -1)), format="s16", layout=layout
            )
            frame.sample_rate = rate_hz
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
