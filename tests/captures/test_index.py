import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captures.errors import InvalidIndex
from captures.index import CaptureIndex, ResponseRecord, Span, SpanList, merged
from tests.captures.recording import TS, played

SPANS = (
    Span.silence(0, 960, "idle"),
    Span.fade(960, 240, "in", "r", "i", 0),
    Span.speech(1200, 720, "r", "i", 120),
    Span.cut(1920, 100, "r", "i", 480),
)
INDEX = CaptureIndex("default", TS, (ResponseRecord("r", 530),), SPANS)
# Written out, not made by this code: what a reader of version 1 relies on
GOLDEN = (
    '{"version":1,"feed":"default","timestamp":"1763900000.123456","truncated":false,'
    '"responses":[{"response_id":"r","samples":530}],"spans":['
    '{"kind":"silence","start":0,"samples":960,"cause":"idle"},'
    '{"kind":"fade","start":960,"samples":240,"direction":"in",'
    '"response_id":"r","item_id":"i","offset":0},'
    '{"kind":"speech","start":1200,"samples":720,"response_id":"r","item_id":"i","offset":120},'
    '{"kind":"cut","start":1920,"samples":100,"response_id":"r","item_id":"i","offset":480}]}'
)


def test_schema_version_1() -> None:
    assert INDEX.to_json() == GOLDEN
    assert CaptureIndex.from_json(GOLDEN) == INDEX
    assert CaptureIndex.from_json(GOLDEN.encode()) == INDEX


def test_fields_it_does_not_know_are_ignored() -> None:
    document = json.loads(GOLDEN) | {"added": 1}
    document["spans"][0]["added"] = None
    assert CaptureIndex.from_json(json.dumps(document)) == INDEX


def test_a_whole_playback_survives() -> None:
    index = played().index(truncated=True)
    assert CaptureIndex.from_json(index.to_json()) == index


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (["version"], 2, "version"),
        (["version"], "1", "version"),
        (["feed"], "a b", "feed"),
        (["feed"], 3, "feed"),
        (["timestamp"], "now", "timestamp"),
        (["truncated"], 0, "truncated"),
        (["responses"], {}, "responses"),
        (["responses", 0], 7, "responses[0]"),
        (["responses", 0, "samples"], -1, "responses[0].samples"),
        (["responses", 0, "samples"], True, "responses[0].samples"),
        (["responses", 0, "response_id"], "", "responses[0].response_id"),
        (["spans", 0, "kind"], "noise", "spans[0].kind"),
        (["spans", 0, "cause"], "bored", "spans[0].cause"),
        (["spans", 1, "direction"], "up", "spans[1].direction"),
        (["spans", 2, "samples"], 0, "spans[2].samples"),
        (["spans", 2, "start"], 2**53 + 1, "spans[2].start"),
        (["spans", 2, "offset"], 1.5, "spans[2].offset"),
        (["spans", 2, "item_id"], "\x1b[2J", "spans[2].item_id"),
        (["spans", 3, "offset"], None, "spans[3].offset"),
    ],
)
def test_an_invalid_index_names_the_field(path: list[Any], value: Any, field: str) -> None:
    document = json.loads(GOLDEN)
    *parents, last = path
    place = document
    for step in parents:
        place = place[step]
    place[last] = value
    with pytest.raises(InvalidIndex) as caught:
        CaptureIndex.from_json(json.dumps(document))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"index {field}: ")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "1" * 5000, b"\xff\xfe{"])
def test_what_is_no_json_object_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidIndex) as caught:
        CaptureIndex.from_json(text)
    assert caught.value.field == "file"


def test_missing_is_said() -> None:
    with pytest.raises(InvalidIndex, match="index feed: missing"):
        CaptureIndex.from_json('{"version":1}')


SPEECH = Span.speech(0, 960, "r", "i", 10)


@pytest.mark.parametrize(
    ("first", "second", "samples"),
    [
        (SPEECH, Span.speech(960, 40, "r", "i", 490), 1000),
        (SPEECH, Span.speech(960, 40, "r", "i", 491), None),
        (SPEECH, Span.speech(960, 40, "r", "other", 490), None),
        (SPEECH, Span.speech(960, 40, "other", "i", 490), None),
        (SPEECH, Span.speech(961, 40, "r", "i", 490), None),
        (SPEECH, Span.cut(960, 40, "r", "i", 490), None),
        (Span.speech(0, 961, "r", "i", 10), Span.speech(961, 40, "r", "i", 490), None),
        (Span.silence(0, 9, "idle"), Span.silence(9, 1, "idle"), 10),
        (Span.silence(0, 9, "idle"), Span.silence(9, 1, "paused"), None),
        (Span.cut(5, 8, "r", "i", 0), Span.cut(5, 8, "r", "i", 4), 16),
        (Span.cut(5, 8, "r", "i", 0), Span.cut(5, 8, "r", "i", 5), None),
        (Span.fade(0, 8, "in", "r", "i", 0), Span.fade(8, 8, "in", "r", "i", 4), None),
    ],
)
def test_spans_merge_where_one_continues_the_other(
    first: Span, second: Span, samples: int | None
) -> None:
    whole = merged(first, second)
    assert (whole.samples if whole else None) == samples
    if whole:
        assert (whole.start, whole.offset, whole.kind) == (first.start, first.offset, first.kind)


def test_a_list_refuses_a_gap_and_skips_nothing() -> None:
    spans = SpanList()
    spans.append(Span.silence(0, 0, "idle"))
    assert len(spans) == 0
    spans.append(Span.silence(0, 960, "idle"))
    with pytest.raises(ValueError, match="starts at 961, the spans so far end at 960"):
        spans.append(Span.silence(961, 1, "idle"))


def per_frame(spans: list[Span]) -> tuple[list[Any], list[Any]]:
    """Every frame of stage 4, and every frame used of stage 3, as what the spans say it is."""
    sent: list[Any] = []
    used: list[Any] = []
    for span in spans:
        address = [
            (span.response_id, span.item_id, span.offset * 2 + i, span.kind)
            for i in range(span.samples)
        ]
        if span.kind == "silence":
            sent += [span.cause] * span.samples
            continue
        used += address
        if span.kind == "fade":
            sent += [(span.direction, span.samples, *one) for one in address]
        elif span.kind == "speech":
            sent += address
    return sent, used


steps = st.lists(
    st.tuples(
        st.sampled_from(["speech", "in", "out", "idle", "paused", "cut"]),
        st.integers(0, 5).map(lambda n: 2 * n),
        st.sampled_from([0, 0, 0, 3]),
        st.sampled_from("aaab"),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(steps)
def test_merging_changes_nothing_but_the_number_of_spans(
    plan: list[tuple[str, int, int, str]],
) -> None:
    spans, single, offset = SpanList(), [], 0
    for what, samples, hole, item in plan:
        offset += hole
        if what in ("speech", "cut"):
            make = Span.speech if what == "speech" else Span.cut
            span = make(spans.end, samples, "r", item, offset)
        elif what in ("in", "out"):
            span = Span.fade(spans.end, samples, "in" if what == "in" else "out", "r", item, offset)
        else:
            span = Span.silence(spans.end, samples, "idle" if what == "idle" else "paused")
        spans.append(span)
        single.append(span)
        offset += span.consumes // 2
    assert per_frame(list(spans)) == per_frame(single)
    assert all(merged(a, b) is None for a, b in zip(spans, list(spans)[1:], strict=False))
    assert len(spans) <= len(single)
