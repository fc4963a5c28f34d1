"""Captures as a correct streamer would record them, made without it, and broken on purpose."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from captures.check import reference_resample
from captures.files import STAGES, Stage, capture_path, index_path
from captures.index import CaptureIndex, Cause, Direction, ResponseRecord, Span, SpanList
from captures.pcm import Pcm

TS = "1763900000.123456"


def noise(samples: int, seed: int = 1) -> Pcm:
    return np.random.default_rng(seed).integers(-9000, 9000, samples).astype(np.int16)


@dataclass
class Recording:
    """Grows by responses (into stages 1 to 3) and by spans (into stage 4)."""

    mono: list[Pcm] = field(default_factory=list)
    stereo: list[Pcm] = field(default_factory=list)
    sent: list[Pcm] = field(default_factory=list)
    spans: SpanList = field(default_factory=SpanList)
    responses: list[ResponseRecord] = field(default_factory=list)
    used: int = 0

    def respond(self, mono: Pcm) -> None:
        self.responses.append(ResponseRecord(f"r{len(self.responses)}", len(mono)))
        self.mono.append(mono)
        self.stereo.append(np.repeat(reference_resample(mono), 2).reshape(-1, 2))
        self.used = 0

    def speech(self, n: int) -> None:
        self.spans.append(Span.speech(self.spans.end, n, *self._address()))
        self.sent.append(self._take(n))

    def fade(self, n: int, direction: Direction) -> None:
        self.spans.append(Span.fade(self.spans.end, n, direction, *self._address()))
        source = self._take(n).astype(np.int32)
        for i in range(n):
            source[i] = source[i] * (n - 1 - i if direction == "out" else i + 1) // n
        self.sent.append(source.astype(np.int16))

    def silence(self, n: int, cause: Cause) -> None:
        self.spans.append(Span.silence(self.spans.end, n, cause))
        self.sent.append(np.zeros((n, 2), np.int16))

    def cut(self, n: int) -> None:
        self.spans.append(Span.cut(self.spans.end, n, *self._address()))
        self._take(n)

    @property
    def left(self) -> int:
        """Frames of the last response in no span yet."""
        return len(self.stereo[-1]) - self.used

    def index(self, *, truncated: bool = False) -> CaptureIndex:
        return CaptureIndex("default", TS, tuple(self.responses), tuple(self.spans), truncated)

    def raw(self) -> dict[Stage, bytes]:
        mono = b"".join(part.tobytes() for part in self.mono)
        stereo = b"".join(part.tobytes() for part in self.stereo)
        sent = b"".join(part.tobytes() for part in self.sent)
        return dict(zip(STAGES, (mono, mono, stereo, sent), strict=True))

    def write(self, directory: Path, timestamp: str = TS) -> None:
        for stage, raw in self.raw().items():
            capture_path(directory, stage, timestamp).write_bytes(raw)
        index = self.index()
        named = CaptureIndex(index.feed, timestamp, index.responses, index.spans)
        index_path(directory, timestamp).write_text(named.to_json())

    def _address(self) -> tuple[str, str, int]:
        return self.responses[-1].response_id, "item", self.used // 2

    def _take(self, n: int) -> Pcm:
        piece = self.stereo[-1][self.used : self.used + n]
        self.used += n
        return piece


def played() -> Recording:
    """Two responses: one broken off by an underrun, one cleared in the middle."""
    recording = Recording()
    recording.silence(1920, "idle")
    recording.respond(noise(2400))
    recording.speech(2000)
    recording.fade(240, "out")
    recording.silence(640, "underrun")
    recording.fade(240, "in")
    recording.speech(recording.left)
    recording.silence(960, "buffering")
    recording.respond(noise(1200, seed=2))
    recording.speech(960)
    recording.fade(240, "out")
    recording.cut(recording.left)
    recording.silence(720, "padding")
    return recording
