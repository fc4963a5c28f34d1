"""A frame as it is sent: its samples, and what every one of them is."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import TypedDict

import numpy as np

from captures.index import Cause, Span
from feed.events import Event
from streamer.response import Taken
from streamer.transform import (
    FRAME_SAMPLES,
    SILENCE,
    UPSAMPLING,
    Mono,
    Stereo,
    fade_in,
    fade_out,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms to be sent, and what it is made of.

    ``pcm`` has shape (960, 2), left = right. ``spans`` cover it, starting at 0. ``raw`` and
    ``framed`` are s16le at 24 kHz, ``resampled`` is 48 kHz stereo before any fade: the bytes
    of capture stages 1, 2 and 3. ``events`` are true once the frame has been sent.
    """

    pcm: Stereo
    spans: tuple[Span, ...]
    events: tuple[Event, ...] = ()
    response_id: str = ""
    raw: bytes = b""
    framed: bytes = b""
    resampled: bytes = b""


class Address(TypedDict):
    """Where a sample comes from; ``offset`` at 24 kHz."""

    response_id: str
    item_id: str
    offset: int


def silent_frame(cause: Cause, events: list[Event] | None = None) -> Frame:
    """Return 20 ms of silence, and what it is due to."""
    return Frame(SILENCE, (Span.silence(0, FRAME_SAMPLES, cause),), tuple(events or ()))


def faded(mono: Mono, n_in: int, n_out: int) -> Mono:
    """Return ``mono``, its first ``n_in`` samples coming in and its last ``n_out`` going out."""
    middle = mono[n_in : len(mono) - n_out]
    tail = mono[len(mono) - n_out :]
    return np.concatenate([fade_in(mono[:n_in]), middle, fade_out(tail)])


def speech_spans(response_id: str, taken: Taken, n_in: int, n_out: int) -> list[Span]:
    """Name every sample of ``taken``: a fade coming in, the runs between, a fade going out."""
    n = len(taken.mono)
    edges = {0, n_in, n - n_out, n}
    starts: list[int] = []
    at = 0
    for run in taken.runs:
        starts.append(at)
        if n_in < at < n - n_out:
            edges.add(at)
        at += run.samples
    spans: list[Span] = []
    for a, b in pairwise(sorted(edges)):
        k = bisect_right(starts, a) - 1
        run = taken.runs[k]
        address = Address(
            response_id=response_id,
            item_id=run.item_id,
            offset=run.offset + (a - starts[k]) // UPSAMPLING,
        )
        if b <= n_in:
            spans.append(Span.fade(a, b - a, direction="in", **address))
        elif a >= n - n_out:
            spans.append(Span.fade(a, b - a, direction="out", **address))
        else:
            spans.append(Span.speech(a, b - a, **address))
    return spans
