import numpy as np

from captures.index import Span
from streamer.frame import faded, silent_frame, speech_spans
from streamer.response import Run, Taken
from streamer.transform import FRAME_SAMPLES, Mono


def taken(*runs: Run) -> Taken:
    n = sum(run.samples for run in runs)
    return Taken(np.full(n, 1000, np.int16), runs, b"", b"", ())


def test_a_silent_frame_is_silent_and_says_why() -> None:
    frame = silent_frame("paused")
    assert not frame.pcm.any()
    assert frame.spans == (Span.silence(0, FRAME_SAMPLES, "paused"),)


def test_only_the_ends_are_faded() -> None:
    mono: Mono = np.full(960, 1000, np.int16)
    shaped = faded(mono, 240, 240)
    assert shaped[0] == 1000 // 240
    assert (shaped[240:720] == 1000).all()
    assert shaped[-1] == 0
    assert (faded(mono, 0, 0) == mono).all()


def test_a_frame_of_one_run_is_one_span() -> None:
    assert speech_spans("r", taken(Run("i", 48, 960)), 0, 0) == [
        Span.speech(0, 960, response_id="r", item_id="i", offset=48)
    ]


def test_a_hole_and_a_new_item_are_borders() -> None:
    spans = speech_spans("r", taken(Run("a", 0, 400), Run("a", 500, 400), Run("b", 0, 160)), 0, 0)
    assert [(span.start, span.samples, span.item_id, span.offset) for span in spans] == [
        (0, 400, "a", 0),
        (400, 400, "a", 500),
        (800, 160, "b", 0),
    ]


def test_a_fade_is_one_span_whatever_it_runs_over() -> None:
    # its ramp depends on its length, so a border inside it must not cut it
    spans = speech_spans("r", taken(Run("a", 10, 100), Run("b", 0, 860)), 240, 240)
    assert [(span.kind, span.direction, span.start, span.samples) for span in spans] == [
        ("fade", "in", 0, 240),
        ("speech", None, 240, 480),
        ("fade", "out", 720, 240),
    ]
    assert [(span.item_id, span.offset) for span in spans] == [("a", 10), ("b", 70), ("b", 310)]
