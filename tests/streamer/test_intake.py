import pytest

from feed.audio import MAX_CHUNK_SAMPLES
from feed.entries import AudioDone
from feed.events import Error, Event
from feed.ids import EntryId
from feed.playhead import Playhead
from streamer.intake import MAX_QUEUED_ENTRIES, REMEMBERED_RESPONSES, Intake, IntakeCounts
from tests.streamer.drive import Numbered, Script
from tests.streamer.speech import noise

READ_AHEAD = 30 * 24_000


def took(entries: list[Numbered], resume: Playhead | None = None) -> tuple[Intake, list[Event]]:
    intake = Intake(READ_AHEAD, resume)
    return intake, [event for entry in entries for event in intake.take(*entry)]


def codes(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.response_id, event.code) for event in events if isinstance(event, Error)]


def test_an_offset_too_high_is_a_hole_with_its_length() -> None:
    script = Script()
    intake, _ = took([script.delta(noise(480)), script.delta(noise(480), at=1_000)])
    assert intake.counts == IntakeCounts(lost_samples=520, holes=1)
    assert intake.queued_samples == 960


def test_a_first_chunk_that_does_not_begin_at_0_comes_after_a_hole() -> None:
    intake, _ = took([Script().delta(noise(480), at=77)])
    assert intake.counts == IntakeCounts(lost_samples=77, holes=1)


def test_what_is_missing_before_done_is_a_hole() -> None:
    script = Script()
    intake, _ = took([script.delta(noise(480)), script.done(500)])
    assert intake.counts == IntakeCounts(lost_samples=20, holes=1)


def test_a_whole_duplicate_is_skipped_and_counted() -> None:
    script = Script()
    intake, _ = took([script.delta(noise(480)), script.delta(noise(480)), script.done(480)])
    assert intake.counts == IntakeCounts(duplicate_samples=480)
    assert intake.queued_samples == 480


def test_the_repeated_part_of_a_chunk_is_skipped_and_counted() -> None:
    script = Script()
    pcm = noise(800)
    intake, _ = took([script.delta(pcm[:480]), script.delta(pcm[300:], at=300), script.done(800)])
    assert intake.counts == IntakeCounts(duplicate_samples=180)
    response = intake.responses[0]
    assert response.take(10_000).raw == pcm.tobytes()


def test_entries_of_an_ended_response_are_stale() -> None:
    script = Script()
    intake, events = took(
        [*script.response(noise(480)), script.delta(noise(480), at=480), script.done(960)]
    )
    assert intake.counts == IntakeCounts(stale_entries=2)
    assert intake.queued_samples == 480
    assert events == []


def test_a_response_left_open_is_ended_by_the_next_one() -> None:
    script = Script()
    entries = [script.delta(noise(480), "one"), script.delta(noise(480), "two")]
    zombie = script.delta(noise(480), "one", at=480)
    intake, events = took([*entries, zombie])
    assert codes(events) == [("one", "response_left_open")]
    assert intake.responses[0].ended_by == entries[1][0]
    assert intake.counts == IntakeCounts(stale_entries=1)


def test_a_response_without_audio_is_an_error() -> None:
    _, events = took([Script().done(0)])
    assert codes(events) == [("r", "response_empty")]


def test_every_item_has_its_own_offsets() -> None:
    script = Script()
    intake, _ = took(
        [
            *script.deltas(noise(900), item_id="a"),
            *script.deltas(noise(700), item_id="b"),
            script.done(700, item_id="b"),
        ]
    )
    assert intake.counts == IntakeCounts()
    assert intake.queued_samples == 1_600


def test_before_the_first_chunk_room_is_reckoned_with_the_largest_possible() -> None:
    intake = Intake(READ_AHEAD)
    assert intake.wants(READ_AHEAD // MAX_CHUNK_SAMPLES)
    assert not intake.wants(READ_AHEAD // MAX_CHUNK_SAMPLES + 1)


@pytest.mark.parametrize("chunk", [480, 2_400, 24_000])
def test_read_ahead_is_kept_to_the_sample_when_chunks_are_equal(chunk: int) -> None:
    intake, script = Intake(READ_AHEAD), Script()
    at = 0
    while intake.wants(1):
        intake.take(*script.delta(noise(chunk), at=at))
        at += chunk
    assert intake.queued_samples == READ_AHEAD


def test_entries_without_audio_are_bounded_too() -> None:
    intake, script = Intake(READ_AHEAD), Script()
    n = 0
    one = noise(1)
    while intake.wants(1):
        intake.take(*script.delta(one, at=n))
        n += 1
    assert n == MAX_QUEUED_ENTRIES - 1  # and one for the response itself


def test_a_bounded_number_of_ended_responses_is_remembered() -> None:
    intake = Intake(READ_AHEAD)
    for n in range(REMEMBERED_RESPONSES + 1):
        intake.take(EntryId(1, n), AudioDone(f"r{n}", "i", 0))
        intake.responses.clear()
    intake.take(EntryId(2, 0), AudioDone("r1", "i", 0))
    assert intake.counts.stale_entries == 1
    intake.take(EntryId(2, 1), AudioDone("r0", "i", 0))
    assert intake.counts.stale_entries == 1


def test_a_resume_passes_over_what_was_sent_of_its_entry() -> None:
    script = Script()
    pcm = noise(960)
    entries = [script.delta(pcm[480:], at=480), script.done(960)]
    resume = Playhead(entries[0][0], 100, "r", "i", 580)
    intake, _ = took(entries, resume)
    assert intake.counts == IntakeCounts()
    response = intake.responses[0]
    assert response.started
    assert response.take(10_000).raw == pcm[580:].tobytes()


def test_a_resume_at_the_end_does_not_take_the_end_for_a_new_response() -> None:
    script = Script()
    *_, done = script.response(noise(480))
    intake, events = took([done], Playhead(done[0], 0, "r", "i", 480))
    assert not intake.responses
    assert events == []


def test_a_resume_at_the_end_of_another_response_hears_of_an_empty_one() -> None:
    done = Script().done(0, "two")
    _, events = took([done], Playhead(done[0], 0, "one", "i", 480))
    assert codes(events) == [("two", "response_empty")]
