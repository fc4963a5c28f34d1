"""Playout on virtual time: one pull is 20 ms."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captures.check import reference_resample
from captures.index import Span
from feed.errors import UnknownEntry
from feed.events import Error, Started, Stopped
from feed.ids import EntryId
from feed.playhead import Playhead
from streamer.playout import Playout, PlayoutLimits, UnderrunCounts
from streamer.transform import FADE_SAMPLES, FRAME_SAMPLES
from tests.streamer.drive import LIMITS, Drive, Script, frames_in
from tests.streamer.speech import noise, speech
from tests.streamer.traces import TRACES, Trace

SECOND = 24_000


def addressed(drive: Drive, response_id: str = "r") -> list[tuple[str, int]]:
    """(item, offset) of every source sample sent of a response, in order, from the spans."""
    found: list[tuple[str, int]] = []
    for span in drive.spans():
        if span.response_id == response_id:
            last = span.offset + span.samples // 2
            found += [(span.item_id, offset) for offset in range(span.offset, last)]
    return found


# How it begins and ends


def test_nothing_to_say_is_idle_silence() -> None:
    drive = Drive()
    drive.pull(3)
    assert list(drive.spans()) == [Span.silence(0, 3 * FRAME_SAMPLES, "idle")]
    assert drive.playout.idle


def test_a_whole_response_plays_at_once_and_exactly() -> None:
    mono = speech(SECOND)
    drive = Drive().take(Script().response(mono))
    assert len(drive.until_idle()) == 50
    assert np.array_equal(drive.speech(), reference_resample(mono))
    assert list(drive.spans()) == [Span.speech(0, 2 * SECOND, "r", "i", 0)]
    assert drive.events == [Started("r", "i"), Stopped("r", "i", SECOND, 1000)]
    assert drive.faults() == []


def test_it_waits_for_the_prebuffer() -> None:
    drive, script = Drive(), Script()
    for n in range(2):
        drive.take([script.delta(noise(480), at=480 * n)]).pull()
    assert [span.cause for span in drive.spans()] == ["buffering"]
    drive.take([script.delta(noise(480), at=960)])
    assert drive.pull()[0].response_id == "r"


def test_a_complete_response_shorter_than_the_prebuffer_plays() -> None:
    drive = Drive().take(Script().response(noise(1)))
    drive.pull(2)
    assert list(drive.spans()) == [
        Span.speech(0, 2, "r", "i", 0),
        Span.silence(2, 958, "padding"),
        Span.silence(960, 960, "idle"),
    ]
    assert drive.story() == ["+r", "-r"]
    assert drive.faults() == []


def test_started_and_stopped_are_of_the_frames_with_the_first_and_last_sample() -> None:
    drive = Drive().take(Script().response(noise(1_000)))
    frames = drive.pull(4)
    assert [[type(event) for event in frame.events] for frame in frames] == [
        [Started],
        [],
        [Stopped],
        [],
    ]


def test_stopped_says_how_much_in_milliseconds_rounded_down() -> None:
    drive = Drive().take(Script().response(noise(2_423)))
    drive.until_idle()
    assert drive.of(Stopped) == [Stopped("r", "i", 2_423, 100)]


def test_an_empty_response_is_an_error_and_does_not_start() -> None:
    script = Script()
    drive = Drive().take([script.done(0, "none"), *script.response(noise(480))])
    drive.until_idle()
    assert [e.code for e in drive.of(Error) if isinstance(e, Error)] == ["response_empty"]
    assert drive.story() == ["+r", "-r"]


def test_two_responses_follow_each_other_without_a_gap() -> None:
    script = Script()
    one, two = speech(SECOND + 100), speech(SECOND, seed=2)
    drive = Drive().take(script.response(one, response_id="one"))
    drive.take(script.response(two, response_id="two"))
    drive.until_idle()
    assert list(drive.spans()) == [
        Span.speech(0, 2 * SECOND + 200, "one", "i", 0),
        Span.silence(2 * SECOND + 200, 760, "padding"),
        Span.speech(2 * SECOND + 960, 2 * SECOND, "two", "i", 0),
    ]
    assert drive.story() == ["+one", "-one", "+two", "-two"]
    assert drive.faults() == []


def test_items_of_a_response_are_one_sound_with_addresses_of_their_own() -> None:
    script = Script()
    mono = speech(2_500)
    drive = Drive().take(script.deltas(mono[:1_000], 300, item_id="a"))
    drive.take(script.deltas(mono[1_000:], 300, item_id="b")).take(
        [script.done(1_500, item_id="b")]
    )
    drive.until_idle()
    assert np.array_equal(drive.speech(), reference_resample(mono))
    assert addressed(drive) == [("a", n) for n in range(1_000)] + [("b", n) for n in range(1_500)]
    assert drive.events == [Started("r", "a"), Stopped("r", "b", 1_500, 62)]
    assert drive.faults() == []


def test_speaking_tells_of_the_response_under_way() -> None:
    drive = Drive().take(Script().response(noise(SECOND)))
    assert drive.playout.speaking is None
    drive.pull()
    assert drive.playout.speaking == Started("r", "i")
    drive.until_idle()
    assert drive.playout.speaking is None


def test_an_entry_that_could_not_be_read_is_counted() -> None:
    playout = Playout(LIMITS)
    playout.refuse(UnknownEntry("9", "x"))
    assert playout.counts.refused_entries == 1


# How speech may arrive


@pytest.mark.parametrize("name", TRACES)
def test_a_recorded_arrival_trace_plays_every_sample_once(name: str) -> None:
    trace = TRACES[name]
    drive = replayed(trace)
    mono = speech(sum(n for _, n in trace))
    assert np.array_equal(drive.speech(), reference_resample(mono))
    assert drive.faults() == []
    assert drive.story() == ["+r", "-r"]
    gaps = drive.playout.underruns
    assert gaps.underruns_late_samples == drive.silence("underrun")
    assert gaps.underruns_never_arrived == 0


def test_a_burst_ahead_of_time_never_starves() -> None:
    assert replayed(TRACES["burst"]).playout.underruns == UnderrunCounts()


def test_a_stall_is_one_underrun_as_long_as_it_was() -> None:
    trace = TRACES["stall"]
    gaps = replayed(trace).playout.underruns
    last_before = max(frame for frame, _ in trace if frame < 180)
    assert gaps.underruns_late == 1
    assert gaps.underruns_late_samples / FRAME_SAMPLES == pytest.approx(180 - last_before, abs=5)


def replayed(trace: Trace) -> Drive:
    """Play a response whose chunks arrive as in ``trace``; its *done* comes with the last."""
    drive, script = Drive(), Script()
    mono = speech(sum(n for _, n in trace))
    coming = [*zip(trace, script.deltas(mono, [n for _, n in trace]), strict=True)]
    for frame in range(trace[-1][0] + 1):
        while coming and coming[0][0][0] <= frame:
            drive.take([coming.pop(0)[1]])
        if not coming:
            drive.take([script.done(len(mono))])
        drive.pull()
    drive.until_idle()
    return drive


def test_a_trickle_slower_than_speech_comes_out_in_pieces_and_whole() -> None:
    drive, script = Drive(), Script()
    mono = speech(SECOND // 2)
    for entry in script.deltas(mono, 160):  # a third of real time
        drive.take([entry]).pull()
    drive.take([script.done(len(mono))]).until_idle()
    assert np.array_equal(drive.speech(), reference_resample(mono))
    assert drive.faults() == []
    gaps = drive.playout.underruns
    assert gaps.underruns_late >= 5
    assert gaps.underruns_late_samples == drive.silence("underrun")


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_chunks_at_any_time_are_sent_once_in_order_with_their_addresses(
    data: st.DataObject,
) -> None:
    """``Drive`` checks each frame: covered by spans, left = right, received = sent + queued."""
    drive, script = Drive(), Script()
    lengths = data.draw(st.lists(st.integers(1, 4_000), min_size=1, max_size=3), label="lengths")
    monos = {f"r{n}": noise(length, seed=n) for n, length in enumerate(lengths)}
    sizes = data.draw(st.lists(st.integers(25, 1_500), min_size=3, max_size=8), label="sizes")
    waits = data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=10), label="waits")
    hears = data.draw(st.lists(st.booleans(), min_size=1, max_size=5), label="hears")
    entries = [e for name, mono in monos.items() for e in script.response(mono, sizes, name)]
    for n, entry in enumerate(entries):
        drive.take([entry])
        drive.pull(waits[n % len(waits)], playing=hears[n % len(hears)])
    drive.until_idle()
    for name, mono in monos.items():
        assert np.array_equal(drive.speech(name), reference_resample(mono))
        assert addressed(drive, name) == [("i", n) for n in range(len(mono))]
    assert drive.faults() == []
    assert drive.story() == [sign + name for name in monos for sign in "+-"]
    assert drive.of(Error) == []


# What is wrong with it


def test_late_speech_is_one_underrun_with_its_length() -> None:
    drive, script = Drive(), Script()
    mono = speech(2 * SECOND)
    chunks = script.deltas(mono, 2_400)
    drive.take(chunks[:10]).pull(75)  # a second of speech and half a second of nothing
    drive.take([*chunks[10:], script.done(len(mono))]).until_idle()
    assert drive.playout.underruns == UnderrunCounts(1, 24_032)
    assert drive.silence("underrun") == 24_032
    assert np.array_equal(drive.speech(), reference_resample(mono))
    assert drive.faults() == []


def test_an_underrun_that_begins_on_a_frame_boundary_is_counted_once() -> None:
    drive, script = Drive(), Script()
    mono = speech(SECOND)
    # the filter keeps 16 samples: so 25 whole frames come out of these
    chunks = script.deltas(mono, [25 * 480 + 16, SECOND])
    drive.take(chunks[:1]).pull(25 + 10)
    drive.take([*chunks[1:], script.done(len(mono))]).until_idle()
    assert drive.playout.underruns == UnderrunCounts(1, 10 * FRAME_SAMPLES)
    assert drive.silence("underrun") == 10 * FRAME_SAMPLES


def test_waiting_for_done_alone_is_no_underrun() -> None:
    drive, script = Drive(), Script()
    drive.take(script.deltas(noise(2_400))).pull(20)
    drive.take([script.done(2_400)]).until_idle()
    assert drive.playout.underruns == UnderrunCounts()
    assert drive.faults() == []


def test_speech_that_breaks_off_fades_out_and_back_in() -> None:
    drive, script = Drive(), Script()
    mono = np.full(4_800, 10_000, np.int16)
    chunks = script.deltas(mono, 2_300)
    drive.take(chunks[:1]).pull(10)
    drive.take([*chunks[1:], script.done(len(mono))]).until_idle()
    fades = [span for span in drive.spans() if span.kind == "fade"]
    assert [(span.direction, span.samples) for span in fades] == [
        ("out", FADE_SAMPLES),
        ("in", FADE_SAMPLES),
    ]
    sent = np.concatenate([frame.pcm[:, 0] for frame in drive.frames]).astype(int)
    assert np.abs(np.diff(sent[100:-1_000])).max() < 100  # a click would be 10,000
    assert drive.faults() == []


def test_a_hole_is_counted_and_playback_goes_on_with_the_right_addresses() -> None:
    drive, script = Drive(), Script()
    mono = noise(4_800)
    drive.take(
        [script.delta(mono[:1_000]), script.delta(mono[2_000:], at=2_000), script.done(4_800)]
    )
    drive.until_idle()
    assert (drive.playout.counts.holes, drive.playout.counts.lost_samples) == (1, 1_000)
    assert addressed(drive) == [("i", n) for n in (*range(1_000), *range(2_000, 4_800))]
    heard = np.concatenate([mono[:1_000], mono[2_000:]])
    assert np.array_equal(drive.speech(), reference_resample(heard))
    assert drive.story() == ["+r", "-r"]
    assert drive.faults() == []


def test_duplicates_whole_and_partial_are_heard_once() -> None:
    drive, script = Drive(), Script()
    mono = noise(4_800)
    drive.take(
        [
            script.delta(mono[:2_000]),
            script.delta(mono[:2_000]),
            script.delta(mono[1_500:3_000], at=1_500),
            script.delta(mono[100:200], at=100),
            script.delta(mono[3_000:], at=3_000),
            script.done(4_800),
        ]
    ).until_idle()
    assert drive.playout.counts.duplicate_samples == 2_000 + 500 + 100
    assert np.array_equal(drive.speech(), reference_resample(mono))
    assert addressed(drive) == [("i", n) for n in range(4_800)]


def test_stale_entries_are_not_heard() -> None:
    drive, script = Drive(), Script()
    mono = noise(2_400)
    drive.take([*script.response(mono), *script.response(mono)]).until_idle()
    assert drive.playout.counts.stale_entries == 6
    assert drive.story() == ["+r", "-r"]
    assert len(drive.speech()) == 4_800


def test_a_response_left_open_is_played_to_its_end_then_the_next() -> None:
    drive, script = Drive(), Script()
    one, two = noise(2_000), noise(2_000, seed=2)
    drive.take(script.deltas(one, response_id="one"))
    drive.take(script.response(two, response_id="two")).until_idle()
    assert np.array_equal(drive.speech("one"), reference_resample(one))
    assert np.array_equal(drive.speech("two"), reference_resample(two))
    assert [e.code for e in drive.of(Error) if isinstance(e, Error)] == ["response_left_open"]
    assert drive.story() == ["+one", "-one", "+two", "-two"]
    assert drive.faults() == []


def test_after_the_timeout_a_starved_response_ends_with_an_error() -> None:
    drive, script = Drive(), Script()
    mono = noise(SECOND)
    drive.take(script.deltas(mono)).pull(50)
    drive.pull(frames_in(10.0) - 1)
    assert not drive.of(Error, Stopped)
    drive.pull(3)
    assert [type(event) for event in drive.events] == [Started, Error, Stopped]
    error = drive.of(Error)[0]
    assert isinstance(error, Error)
    assert (error.code, error.response_id) == ("response_timeout", "r")
    assert "after 1.00 s of audio" in error.message
    assert np.array_equal(drive.speech(), reference_resample(mono))
    assert drive.playout.idle
    assert drive.faults() == []


def test_speech_that_never_arrives_is_an_underrun_with_its_length() -> None:
    drive, script = Drive(), Script()
    drive.take(script.deltas(noise(SECOND))).until_idle()
    assert drive.playout.underruns == UnderrunCounts(
        underruns_never_arrived=1,
        underruns_never_arrived_samples=drive.silence("underrun"),
    )
    assert drive.silence("underrun") == pytest.approx(10 * 48_000, abs=2 * FRAME_SAMPLES)


def test_a_response_that_never_gets_going_times_out_too() -> None:
    drive = Drive().take([Script().delta(noise(100))])
    drive.until_idle(frames_in(10.1))
    assert drive.story() == ["+r", "-r"]
    assert len(drive.of(Error)) == 1


@pytest.mark.parametrize("prebuffer_s", [0.0, 0.0005, 0.002])
def test_without_a_prebuffer_it_plays_what_there_is_and_times_out_as_ever(
    prebuffer_s: float,
) -> None:
    drive, script = Drive(Playout(PlayoutLimits(prebuffer_s=prebuffer_s))), Script()
    mono = noise(1_000)
    for entry in script.deltas(mono, [10, 1, 300]):
        drive.take([entry]).pull(2)
    drive.until_idle(frames_in(10.5))
    assert np.array_equal(drive.speech(), reference_resample(mono))
    assert drive.story() == ["+r", "-r"]
    assert len(drive.of(Error)) == 1
    assert drive.faults() == []


# Nobody listens


def test_paused_nothing_moves() -> None:
    drive = Drive().take(Script().response(noise(SECOND)))
    drive.pull(10)
    before = drive.playout.playhead
    drive.pull(1_000, playing=False)
    assert drive.playout.playhead == before
    assert drive.silence("paused") == 1_000 * FRAME_SAMPLES
    drive.until_idle()
    assert drive.faults() == []
    assert drive.story() == ["+r", "-r"]


def test_paused_the_timeout_does_not_run() -> None:
    drive, script = Drive(), Script()
    mono = noise(SECOND)
    drive.take(script.deltas(mono)).pull(60)
    drive.pull(frames_in(60), playing=False)
    drive.pull(10)
    assert not drive.of(Error)
    drive.take([script.done(len(mono))]).until_idle()
    assert not drive.of(Error)


def test_while_redis_is_out_the_timeout_does_not_run_but_the_underrun_does() -> None:
    drive, script = Drive(), Script()
    mono = noise(SECOND)
    drive.take(script.deltas(mono[:12_000])).pull(30)
    drive.pull(frames_in(60), arriving=False)
    assert not drive.of(Error)
    drive.take([script.delta(mono[12_000:], at=12_000), script.done(SECOND)]).until_idle()
    assert not drive.of(Error)
    assert drive.playout.underruns == UnderrunCounts(1, drive.silence("underrun"))
    assert drive.silence("underrun") > 60 * 48_000


def test_a_pause_within_an_underrun_is_not_counted_as_one() -> None:
    drive, script = Drive(), Script()
    mono = speech(2 * SECOND)
    chunks = script.deltas(mono, SECOND)
    drive.take(chunks[:1]).pull(55)
    drive.pull(1_000, playing=False)
    drive.take([*chunks[1:], script.done(len(mono))]).until_idle()
    assert drive.playout.underruns.underruns_late_samples == drive.silence("underrun")
    assert drive.silence("underrun") < 6 * FRAME_SAMPLES


# Where it is


def test_the_playhead_is_the_next_sample_to_be_sent() -> None:
    script = Script()
    entries = script.response(noise(2_000), 700)
    drive = Drive().take(entries)
    for sent in (480, 960, 1_440, 1_920):
        drive.pull()
        entry_id, sample = entries[sent // 700][0], sent % 700
        assert drive.playout.playhead == Playhead(entry_id, sample, "r", "i", sent)
    drive.pull()
    assert drive.playout.playhead == Playhead(entries[-1][0], 0, "r", "i", 2_000)


def test_the_playhead_never_goes_back() -> None:
    drive, script = Drive(), Script()
    for name in ("one", "two", "three"):
        drive.take(script.deltas(noise(5_000), [100, 3_000, 1], response_id=name))
    seen: list[EntryId] = []
    while not drive.playout.idle:
        drive.pull()
        seen.append(drive.playout.playhead.audio_id)
    assert all(a <= b for a, b in pairwise(seen))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 15),
    st.lists(st.integers(1, 1_500), min_size=3, max_size=6),
    st.booleans(),
)
def test_a_resume_anywhere_sends_the_rest_and_only_that(
    frames: int, sizes: list[int], has_two_items: bool
) -> None:
    total = 6_000
    mono = noise(total)
    script = Script()
    half = total // 2 if has_two_items else 0
    entries = script.deltas(mono[:half], sizes, item_id="a")
    entries += script.deltas(mono[half:], sizes, item_id="b")
    entries.append(script.done(total - half, item_id="b"))
    first = Drive().take(entries)
    first.pull(frames)
    saved = first.playout.playhead
    sent = first.sent
    # as a reader would: everything after the ID before the playhead's
    second = Drive.resumed(saved)
    second.take(entry for entry in entries if entry[0] > saved.audio_id.before())
    second.until_idle()
    assert addressed(first) + addressed(second) == (
        [("a", n) for n in range(half)] + [("b", n) for n in range(total - half)]
    )
    if sent < total:
        assert np.array_equal(second.speech(), reference_resample(mono[sent:]))
        assert second.story() == ["-r"]
        assert second.of(Stopped) == [
            Stopped("r", "b", total - half, (total - half) * 1000 // SECOND)
        ]
    else:
        assert second.story() == []
    assert second.of(Error) == []
    assert second.faults() == []
    assert second.playout.counts.holes == second.playout.counts.duplicate_samples == 0


def test_a_resume_before_anything_was_sent_says_started() -> None:
    script = Script()
    drive = Drive.resumed(Playhead()).take(script.response(noise(480)))
    drive.until_idle()
    assert drive.story() == ["+r", "-r"]


@pytest.mark.parametrize("ending", ["done", "timeout", "left open", "empty"])
def test_a_resume_after_an_end_of_any_kind_says_nothing_again(ending: str) -> None:
    script = Script()
    entries = script.deltas(noise(2_400)) if ending != "empty" else []
    if ending == "done":
        entries.append(script.done(2_400))
    elif ending == "empty":
        entries.append(script.done(0))
    elif ending == "left open":
        entries.append(script.delta(noise(480), "next"))
    first = Drive().take(entries)
    while first.playout.playhead.response_id != "r" or first.playout.speaking or not first.frames:
        first.pull()
    saved = first.playout.playhead
    second = Drive.resumed(saved)
    second.take(entry for entry in entries if entry[0] > saved.audio_id.before())
    second.pull(frames_in(11))
    assert [e for e in second.events if getattr(e, "response_id", "") == "r"] == []


# What is kept, and how much is read


def test_the_stream_is_trimmed_a_minute_behind_and_never_ahead_of_the_playhead() -> None:
    drive, script = Drive(), Script()
    sent_by: dict[EntryId, int] = {}
    for n in range(100):  # chunks of a second
        entry = script.delta(np.zeros(SECOND, np.int16), at=n * SECOND)
        sent_by[entry[0]] = (n + 1) * SECOND
        drive.take([entry]).pull(50)
        trim = drive.playout.trim_before
        if trim is not None:
            assert trim <= drive.playout.playhead.audio_id
            # the last that was dropped ended a minute ago, the first that is kept did not
            assert sent_by[trim] >= drive.sent - 60 * SECOND
            if n > 62:
                assert drive.sent - sent_by[trim] > 58 * SECOND
    assert drive.playout.trim_before is not None


def test_nothing_is_trimmed_before_an_entry_was_played_to_its_end() -> None:
    drive = Drive().take([Script().delta(noise(SECOND))])
    drive.pull(10)
    assert drive.playout.trim_before is None


def test_read_ahead_frees_up_as_speech_is_sent() -> None:
    drive, script = Drive(), Script()
    at = 0

    def fill() -> int:
        nonlocal at
        taken = 0
        while drive.playout.wants(1):
            drive.take([script.delta(np.zeros(480, np.int16), at=at)])
            at, taken = at + 480, taken + 1
        return taken

    assert fill() == 30 * 50
    assert drive.playout.queued_samples == 30 * SECOND
    assert not drive.playout.wants(1)
    drive.pull(7)
    assert fill() == 7
    assert drive.playout.queued_samples == 30 * SECOND


def test_five_minutes_of_speech_are_exact_and_nothing_piles_up() -> None:
    played(minutes=5)


@pytest.mark.slow
def test_an_hour_of_speech_is_exact_and_nothing_piles_up() -> None:
    played(minutes=60)


def played(minutes: int) -> None:
    """Play one response of that length, as fast as the machine can; keep no frame."""
    playout, script = Playout(LIMITS), Script()
    total = minutes * 60 * SECOND
    chunk = np.zeros(4_800, np.int16)
    written = sent = frames = 0
    events = []
    while not playout.idle or not written:
        while written < total and playout.wants(1):
            events += playout.take(*script.delta(chunk, at=written))
            written += len(chunk)
            if written == total:
                events += playout.take(*script.done(total))
        frame = playout.pull(True)
        sent += len(frame.resampled) // 8
        frames += 1
        events += frame.events
        assert written == sent + playout.queued_samples
    assert sent == total
    assert frames == minutes * 60 * 50
    assert events == [Started("r", "i"), Stopped("r", "i", total, minutes * 60_000)]
    assert playout.underruns == UnderrunCounts()
