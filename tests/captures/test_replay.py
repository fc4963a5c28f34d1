import re
from dataclasses import replace

import numpy as np
import pytest

from captures.files import SEND_FRAME, STEREO_FRAME
from captures.index import CaptureIndex, ResponseRecord, Span
from captures.pcm import Pcm, samples
from captures.replay import first_fault
from tests.captures.recording import TS, played


def stages() -> tuple[CaptureIndex, Pcm, Pcm]:
    recording = played()
    raw = recording.raw()
    stereo, sent = (samples(stage, raw[stage]) for stage in (STEREO_FRAME, SEND_FRAME))
    return recording.index(), stereo, sent


def test_a_correct_recording_has_no_fault() -> None:
    assert first_fault(*stages()) is None


def test_a_fade_is_the_ramp_of_the_schema() -> None:
    stereo = np.repeat(np.array([1000, -1000, 7, -7], np.int16), 2).reshape(-1, 2)
    # (n - 1 - i) / n and (i + 1) / n of n = 4, floored: -1000 * 2 / 4, -7 * 0 / 4 and so on
    for direction, expected in (("out", [750, -500, 1, 0]), ("in", [250, -500, 5, -7])):
        span = Span.fade(0, 4, "out" if direction == "out" else "in", "r", "i", 0)
        index = CaptureIndex("f", TS, (ResponseRecord("r", 2),), (span,))
        sent = np.repeat(np.array(expected, np.int16), 2).reshape(-1, 2)
        assert first_fault(index, stereo, sent) is None


@pytest.mark.parametrize("frame", [0, 1919, 1920, 4000, 4170, 4500, 5000, 9000])
def test_one_wrong_sample_is_found_where_it_is(frame: int) -> None:
    index, stereo, sent = stages()
    sent = sent.copy()
    sent[frame, 1] ^= 1
    fault = first_fault(index, stereo, sent)
    assert fault is not None
    assert fault.sample == frame
    assert "instead of" in fault.reason


def changed(index: CaptureIndex, number: int, **changes: object) -> CaptureIndex:
    spans = list(index.spans)
    spans[number] = replace(spans[number], **changes)  # type: ignore[arg-type]
    return replace(index, spans=tuple(spans))


@pytest.mark.parametrize(
    ("number", "changes", "sample", "reason"),
    [
        (1, {"start": 1921}, 1920, r"spans\[1\] \(speech\) starts at 1921, .* end at 1920"),
        (1, {"response_id": "r1"}, 1920, "is of r1, stage 3 there of r0"),
        (1, {"samples": 5000}, 1920, "goes on where its response has ended"),
        (0, {"samples": 1919}, 1919, r"starts at 1920, the spans before end at 1919"),
    ],
)
def test_an_index_that_does_not_fit_is_a_fault(
    number: int, changes: dict[str, object], sample: int, reason: str
) -> None:
    index, stereo, sent = stages()
    fault = first_fault(changed(index, number, **changes), stereo, sent)
    assert fault is not None
    assert fault.sample == sample
    assert re.search(reason, fault.reason)


def test_ends_must_meet() -> None:
    index, stereo, sent = stages()
    longer = first_fault(index, stereo, np.pad(sent, ((0, 3), (0, 0))))
    assert longer is not None
    assert (longer.sample, longer.reason) == (len(sent), "3 frames after the last span")
    shorter = first_fault(index, stereo, sent[:-3])
    assert shorter is not None
    assert (shorter.sample, shorter.reason[:24]) == (len(sent) - 3, "ends 3 frames too early ")
    less = first_fault(index, stereo[:-5], sent)
    assert less is not None
    assert "stage 3 ends 5 frames too early" in less.reason
    unnamed = first_fault(replace(index, spans=index.spans[:-2]), stereo, sent[:-720])
    assert unnamed is not None
    assert "frames of stage 3 are in no span" in unnamed.reason


@pytest.mark.parametrize(("stereo_ends", "sent_ends"), [(7200, 9000), (5000, 9580), (100, 2020)])
def test_truncated_means_either_may_end_early(stereo_ends: int, sent_ends: int) -> None:
    index, stereo, sent = stages()
    truncated = replace(index, truncated=True)
    assert first_fault(truncated, stereo[:stereo_ends], sent[:sent_ends]) is None
    wrong = sent[:sent_ends].copy()
    wrong[1950] += 1
    fault = first_fault(truncated, stereo[:stereo_ends], wrong)
    assert fault is not None
    assert fault.sample == 1950


def test_a_span_longer_than_any_memory_is_a_fault() -> None:
    silence = Span.silence(0, 2**53, "idle")
    none = np.zeros((0, 2), np.int16)
    fault = first_fault(CaptureIndex("f", TS, (), (silence,)), none, none)
    assert fault is not None
    assert fault.sample == 0
