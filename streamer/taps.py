"""Records the four stages of every playback, off the event loop and bounded.

A playback runs from a feed's first sample until it is idle. Writing is one thread's work;
when the disk cannot keep up, or the longest capture is reached, the rest of that playback
is not recorded and the index says ``truncated``.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog

from captures.files import STAGES, capture_path, index_path, list_timestamps, wav_path
from captures.index import CaptureIndex, ResponseRecord, SpanList
from feed.audio import samples_in
from streamer.frame import Frame
from streamer.transform import FRAME_S

MAX_WAITING = 1_000
"""Frames that may wait for the disk, of all feeds: about 10 MB."""

log = structlog.get_logger()


class Tap(Protocol):
    """What a player tells of every frame it has sent."""

    def record(self, frame: Frame, *, idle: bool) -> None:
        """Take a frame; ``idle`` says whether the feed has nothing more to say."""

    def end(self) -> None:
        """End the capture under way, if there is one."""


class NoTap:
    """Records nothing: captures are off."""

    def record(self, frame: Frame, *, idle: bool) -> None:
        """Ignore the frame."""

    def end(self) -> None:
        """Do nothing."""


class CaptureWriter:
    """The thread that writes captures. ``start`` before use, ``stop`` waits for the rest."""

    def __init__(self, directory: Path, keep: int) -> None:
        self._directory = directory
        self._keep = keep
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._run, name="captures", daemon=True)
        self._last_us = 0

    def start(self) -> None:
        """Make the directory and begin to write.

        Raises:
            OSError: the directory cannot be made.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def new_timestamp(self) -> str:
        """Return Unix time with six decimals, never the same twice in a process."""
        self._last_us = max(time.time_ns() // 1000, self._last_us + 1)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06}"

    def submit(self, job: Callable[[], None]) -> bool:
        """Have ``job`` run on the thread; False if too much waits already."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def open(self, timestamp: str) -> list[BinaryIO]:
        """Open the files of a new capture, and remove the oldest beyond the limit."""
        for old in list_timestamps(self._directory)[: 1 - self._keep or None]:
            for stage in STAGES:
                capture_path(self._directory, stage, old).unlink(missing_ok=True)
                wav_path(self._directory, stage, old).unlink(missing_ok=True)
            index_path(self._directory, old).unlink(missing_ok=True)
        return [capture_path(self._directory, stage, timestamp).open("xb") for stage in STAGES]

    def write_index(self, index: CaptureIndex) -> None:
        """Write the index of a capture that has ended, whole or not at all."""
        path = index_path(self._directory, index.timestamp)
        part = path.with_name(path.name + ".part")
        part.write_text(index.to_json(), encoding="utf-8")
        part.replace(path)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except OSError as error:  # disk full, directory gone: playback goes on
                log.error("capture.failed", error=str(error))


class CaptureTap:
    """Captures one feed, playback after playback."""

    def __init__(self, writer: CaptureWriter, feed: str, max_s: float) -> None:
        self._writer = writer
        self._feed = feed
        self._max_s = max_s
        self._capture: _Capture | None = None

    def record(self, frame: Frame, *, idle: bool) -> None:
        """Add a frame; the first one with speech begins a capture, idleness ends it."""
        if self._capture is None:
            if not frame.resampled:
                return
            self._capture = _Capture(self._writer, self._feed, self._max_s)
        self._capture.add(frame)
        if idle:
            self._capture.end(cut_off=False)
            self._capture = None

    def end(self) -> None:
        """End the capture under way, if there is one, in the middle of a playback."""
        if self._capture is not None:
            self._capture.end(cut_off=True)
            self._capture = None


class _Capture:
    """One playback being recorded."""

    def __init__(self, writer: CaptureWriter, feed: str, max_s: float) -> None:
        self._writer = writer
        self._feed = feed
        self._timestamp = writer.new_timestamp()
        self._frames_left = int(max_s / FRAME_S)
        self._spans = SpanList()
        self._responses: dict[str, int] = {}
        self._files: list[BinaryIO] = []
        self._truncated = not writer.submit(self._open)

    def add(self, frame: Frame) -> None:
        if self._truncated:
            return
        stages = (frame.raw, frame.framed, frame.resampled, frame.pcm.tobytes())
        if not self._frames_left or not self._writer.submit(lambda: self._write(stages)):
            self._truncated = True
            return
        self._frames_left -= 1
        start = self._spans.end
        for span in frame.spans:
            self._spans.append(replace(span, start=start + span.start))
        if frame.response_id:
            played = self._responses.get(frame.response_id, 0)
            self._responses[frame.response_id] = played + samples_in(frame.raw)

    def end(self, *, cut_off: bool) -> None:
        index = CaptureIndex(
            feed=self._feed,
            timestamp=self._timestamp,
            truncated=self._truncated or cut_off,
            responses=tuple(ResponseRecord(r, n) for r, n in self._responses.items()),
            spans=tuple(self._spans),
        )
        if not self._writer.submit(lambda: self._finish(index)):
            log.error("capture.lost", feed=self._feed, timestamp=self._timestamp)

    # on the writer's thread

    def _open(self) -> None:
        self._files = self._writer.open(self._timestamp)

    def _write(self, stages: tuple[bytes, ...]) -> None:
        for file, data in zip(self._files, stages, strict=False):
            file.write(data)

    def _finish(self, index: CaptureIndex) -> None:
        for file in self._files:
            file.close()
        if self._files:
            self._writer.write_index(index)
