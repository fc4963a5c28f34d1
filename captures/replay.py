"""Stage 4 made again from stage 3 and the index, and compared with the one recorded."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from captures.files import UPSAMPLING
from captures.index import CaptureIndex, Span
from captures.pcm import Pcm, first_difference


@dataclass(frozen=True, slots=True)
class Fault:
    """The first frame of stage 4 that is not what the index says, and why."""

    sample: int
    reason: str


def first_fault(  # noqa: PLR0911 - one return per rule reads best
    index: CaptureIndex, stereo: Pcm, sent: Pcm
) -> Fault | None:
    """Return where stage 4 (``sent``) first departs from stage 3 (``stereo``) and the index.

    Both have shape (n, 2). If the index says ``truncated``, either may end early: what
    both and the spans reach is compared.
    """
    used = end = 0
    response_ends = list(accumulate(UPSAMPLING * response.samples for response in index.responses))
    for number, span in enumerate(index.spans):
        place = f"spans[{number}] ({span.kind})"
        if span.start != end:
            return Fault(end, f"{place} starts at {span.start}, the spans before end at {end}")
        nth = bisect_right(response_ends, used)
        ends_at = response_ends[nth] if nth < len(response_ends) else used
        if span.consumes > ends_at - used:
            return Fault(end, f"{place} goes on where its response has ended")
        if span.consumes and span.response_id != index.responses[nth].response_id:
            owner = index.responses[nth].response_id
            return Fault(end, f"{place} is of {span.response_id}, stage 3 there of {owner}")
        source = stereo[used : used + span.consumes]
        fault = _departure(span, source, sent[end : span.end], index.truncated)
        if fault is not None:
            return Fault(end + fault.sample, f"{fault.reason} in {place}")
        used += span.consumes
        end = span.end
    if len(sent) > end:
        return Fault(end, f"{len(sent) - end} frames after the last span")
    if used < len(stereo) and not index.truncated:
        return Fault(end, f"{len(stereo) - used} frames of stage 3 are in no span")
    return None


def _departure(span: Span, source: Pcm, there: Pcm, truncated: bool) -> Fault | None:
    """Return the first frame of ``there`` that is not what ``span`` makes of ``source``."""
    if len(source) < span.consumes and not truncated:
        return Fault(0, f"stage 3 ends {span.consumes - len(source)} frames too early")
    expected = _expected(span, source, len(there))
    at = first_difference(expected, there[: len(expected)])
    if at is not None:
        return Fault(at, f"{there[at].tolist()} instead of {expected[at].tolist()}")
    if len(there) < span.end - span.start and not truncated:
        return Fault(len(there), f"ends {span.end - span.start - len(there)} frames too early")
    return None


def _expected(span: Span, source: Pcm, most: int) -> Pcm:
    """Return what ``span`` puts into stage 4, up to ``most`` frames.

    ``source`` is what it uses up of stage 3; in a truncated capture there may be less.
    """
    if span.kind == "silence":
        return np.zeros((most, 2), np.int16)
    source = source[:most]
    if span.kind != "fade":
        return source
    n = span.samples
    i = np.arange(len(source)).reshape(-1, 1)
    ramp = n - 1 - i if span.direction == "out" else i + 1
    return (source.astype(np.int64) * ramp // n).astype(np.int16)
