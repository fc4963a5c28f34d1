"""Whether the four captures of a playback agree: each stage against the one before it.

Stage 1 equals stage 2 byte for byte. Stage 3 is the reference resample of stage 2, response
by response, the same in both channels. Stage 4 is stage 3 with what the index names. The
reference is made here, by itself: nothing of the streamer is used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np

from captures.errors import InvalidIndex
from captures.files import (
    MONO_FRAME,
    OUTPUT_RATE_HZ,
    RAW_AUDIO,
    SEND_FRAME,
    STAGES,
    STEREO_FRAME,
    UPSAMPLING,
    Stage,
    capture_path,
    index_path,
)
from captures.index import CaptureIndex
from captures.pcm import Pcm, first_difference, samples
from captures.replay import first_fault
from feed.audio import FEED_RATE_HZ

FILTER_SAMPLES: Final = 32
"""swresample gives too few samples, or none, for fewer than 31 (PyAV 18.1). A response
shorter than this is resampled with silence after it, and what is too much is dropped."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check. If it failed at a sample, ``stage`` and ``sample`` say where.

    ``sample`` counts from the beginning of that stage's file, at its own rate, and is the
    first that differs.
    """

    name: str
    ok: bool
    detail: str
    stage: int | None = None
    sample: int | None = None


def check_timestamp(directory: Path, timestamp: str) -> list[CheckResult]:
    """Check the captures of one timestamp; missing and invalid files are failed checks.

    Raises:
        InvalidTimestamp: ``timestamp`` is not one.
        OSError: a file is there and cannot be read.
    """
    index_file = index_path(directory, timestamp)
    paths = [*(capture_path(directory, stage, timestamp) for stage in STAGES), index_file]
    missing = [path.name for path in paths if not path.is_file()]
    detail = f"missing: {', '.join(missing)}" if missing else "all five"
    results = [CheckResult("files", not missing, detail)]
    index = None
    if index_file.is_file():
        try:
            index = CaptureIndex.from_json(index_file.read_bytes())
        except InvalidIndex as error:
            results.append(CheckResult("index", False, str(error)))
        else:
            same = index.timestamp == timestamp
            results.append(CheckResult("index", same, f"feed {index.feed}, {index.timestamp}"))
    if missing or index is None:
        return results
    raw = {stage: capture_path(directory, stage, timestamp).read_bytes() for stage in STAGES}
    return results + check_captures(index, raw)


def check_captures(index: CaptureIndex, raw: Mapping[Stage, bytes]) -> list[CheckResult]:
    """Check the bytes of all four stages against each other and the index, in stage order.

    If the index says ``truncated``, each file may end early: what is there is checked.
    """
    pcm = {stage: samples(stage, raw[stage]) for stage in STAGES}
    return [
        _check_sizes(index, raw),
        _check_mono(index, pcm[RAW_AUDIO], pcm[MONO_FRAME]),
        _check_resampled(index, pcm[MONO_FRAME], pcm[STEREO_FRAME]),
        _check_channels(pcm[STEREO_FRAME]),
        _check_sent(index, pcm[STEREO_FRAME], pcm[SEND_FRAME]),
    ]


def first_failure(results: Iterable[CheckResult]) -> CheckResult | None:
    """Return the failure that explains the others: of the first stage that differs.

    The sample at which it does is preferred to its size being wrong; failures that are of no
    stage, such as a missing file, come before all. None if every check passed.
    """
    failures = [result for result in results if not result.ok]
    return min(failures, key=lambda it: (it.stage or 0, it.sample is None), default=None)


def reference_resample(mono: Pcm) -> Pcm:
    """Return a whole response at 48 kHz: mono, two samples for each of ``mono`` at 24 kHz."""
    n = len(mono)
    if not n:
        return np.zeros(0, np.int16)
    source = np.pad(mono, (0, max(0, FILTER_SAMPLES - n)))
    frame = av.AudioFrame.from_ndarray(source.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = FEED_RATE_HZ
    resampler = av.AudioResampler(format="s16", layout="mono", rate=OUTPUT_RATE_HZ)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([out.to_ndarray()[0] for out in frames])[: UPSAMPLING * n]


def _at(stage: Stage, sample: int) -> str:
    return f"stage {stage.number}, sample {sample} ({sample / stage.rate_hz:.6f} s)"


def _failed(name: str, stage: Stage, sample: int, reason: str) -> CheckResult:
    return CheckResult(name, False, f"{_at(stage, sample)}: {reason}", stage.number, sample)


def _check_sizes(index: CaptureIndex, raw: Mapping[Stage, bytes]) -> CheckResult:
    mono, stereo = len(raw[MONO_FRAME]), len(raw[STEREO_FRAME])
    n_recorded = sum(response.samples for response in index.responses)
    expected = {
        RAW_AUDIO: (n_recorded * RAW_AUDIO.frame_bytes, "as the responses of the index"),
        MONO_FRAME: (n_recorded * MONO_FRAME.frame_bytes, "as the responses of the index"),
        STEREO_FRAME: (4 * mono, "4 x stage 2"),
        SEND_FRAME: (_frames_named(index) * SEND_FRAME.frame_bytes, "as the spans of the index"),
    }
    for stage, (n_bytes, why) in expected.items():
        size = len(raw[stage])
        if size % stage.frame_bytes:
            detail = f"stage {stage.number}: {size} bytes are not whole frames"
            return CheckResult("sizes", False, detail, stage.number)
        if size > n_bytes or (size < n_bytes and not index.truncated):
            detail = f"stage {stage.number}: {size} bytes, not {n_bytes}: {why}"
            return CheckResult("sizes", False, detail, stage.number)
    return CheckResult("sizes", True, f"{mono} bytes mono, {stereo} stereo")


def _frames_named(index: CaptureIndex) -> int:
    return index.spans[-1].end if index.spans else 0


def _check_mono(index: CaptureIndex, raw: Pcm, mono: Pcm) -> CheckResult:
    name = "stage 2 is stage 1"
    at = first_difference(raw, mono)
    if at is None or (index.truncated and at == min(len(raw), len(mono))):
        return CheckResult(name, True, f"{len(mono)} samples")
    return _failed(name, MONO_FRAME, at, _reason(raw, mono, at))


def _check_resampled(index: CaptureIndex, mono: Pcm, stereo: Pcm) -> CheckResult:
    name = "stage 3 is stage 2 resampled"
    at = 0
    for response in index.responses:
        # Past the end of a file there is nothing, so a response may be shorter than it says
        expected = reference_resample(mono[at : at + response.samples])
        there = stereo[UPSAMPLING * at : UPSAMPLING * (at + response.samples), 0]
        differs = first_difference(expected, there)
        if differs is not None and not (index.truncated and differs == len(there)):
            reason = f"{_reason(expected, there, differs)}, response {response.response_id}"
            return _failed(name, STEREO_FRAME, UPSAMPLING * at + differs, reason)
        at += response.samples
    if len(stereo) > UPSAMPLING * at:
        return _failed(name, STEREO_FRAME, UPSAMPLING * at, "after the last response")
    return CheckResult(name, True, f"{len(stereo)} frames, responses: {len(index.responses)}")


def _check_channels(stereo: Pcm) -> CheckResult:
    name = "stage 3 left is right"
    at = first_difference(stereo[:, 0], stereo[:, 1])
    if at is not None:
        return _failed(name, STEREO_FRAME, at, f"left {stereo[at, 0]}, right {stereo[at, 1]}")
    return CheckResult(name, True, f"{len(stereo)} frames")


def _check_sent(index: CaptureIndex, stereo: Pcm, sent: Pcm) -> CheckResult:
    name = "stage 4 is stage 3 as the index says"
    fault = first_fault(index, stereo, sent)
    if fault is not None:
        return _failed(name, SEND_FRAME, fault.sample, fault.reason)
    return CheckResult(name, True, f"{len(index.spans)} spans, {len(sent)} frames")


def _reason(expected: Pcm, there: Pcm, at: int) -> str:
    """Say how ``there`` departs from ``expected`` at the sample ``at``."""
    if at >= len(there):
        return f"ends, {len(expected) - at} samples too early"
    if at >= len(expected):
        return f"goes on, {len(there) - at} samples too long"
    return f"{there[at]} instead of {expected[at]}"
