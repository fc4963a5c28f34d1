import pytest

from streamer.pacing import MAX_LATE_S, Pacer, staggered_anchor
from streamer.transform import FRAME_S


@pytest.mark.parametrize(
    ("rows", "stalls"),
    [
        pytest.param([(5.0, 0.0), (5.001, 0.019), (5.0205, 0.0195)], 0, id="on time"),
        pytest.param([(4.5, 0.5), (5.0, 0.02)], 0, id="before the anchor"),
        pytest.param([(5.0, 0), (5.05, 0), (5.05, 0), (5.051, 0.009)], 0, id="50 ms caught up"),
        pytest.param([(5.0, 0), (5.119, 0), (5.119, 0), (5.119, 0)], 0, id="99 ms caught up"),
        pytest.param([(5.0, 0), (5.121, 0), (5.122, 0.019), (5.142, 0.019)], 1, id="101 ms: anew"),
        pytest.param([(5.0, 0), (65.0, 0), (65.0, 0.02)], 1, id="a minute: anew"),
    ],
)
def test_each_frame_waits_for_its_time(rows: list[tuple[float, float]], stalls: int) -> None:
    pacer = Pacer(5.0)
    stalled = 0
    for now, expected in rows:
        delay = pacer.delay(now)
        stalled += pacer.stalled
        assert delay == pytest.approx(expected, abs=1e-9), now
        pacer.sent(now + delay)
    assert stalled == stalls


def test_an_hour_has_no_drift() -> None:
    now = 123.4
    pacer = Pacer(now)
    for n in range(180_000):
        now += pacer.delay(now)
        assert abs(now - (123.4 + n * FRAME_S)) < 1e-6
        pacer.sent(now)
        now += 0.007  # the work of a frame


def test_lateness_is_told_and_does_not_add_up() -> None:
    pacer = Pacer(0.0)
    for n in range(100):
        late = 0.003 if n % 2 else 0.0
        assert pacer.sent(n * FRAME_S + late) == pytest.approx(late)


def test_a_stall_is_followed_by_no_burst() -> None:
    pacer = Pacer(0.0)
    now = 10.0
    sent: list[float] = []
    for _ in range(5):
        now += pacer.delay(now)
        pacer.sent(now)
        sent.append(now)
    assert sent == pytest.approx([10.0, 10.02, 10.04, 10.06, 10.08])


def test_a_stall_at_the_limit_is_still_caught_up() -> None:
    pacer = Pacer(0.0)
    pacer.delay(MAX_LATE_S)
    assert not pacer.stalled
    assert pacer.due == 0.0


def test_anchors_of_feeds_are_spread_over_the_frame() -> None:
    for feeds in (2, 5, 10, 50):
        anchors = [staggered_anchor(1000.0, phase) for phase in range(feeds)]
        assert all(1000.0 <= anchor < 1000.0 + FRAME_S + 1e-9 for anchor in anchors)
        offsets = sorted(anchor % FRAME_S for anchor in anchors)
        gaps = [b - a for a, b in zip(offsets, [*offsets[1:], offsets[0] + FRAME_S], strict=True)]
        assert min(gaps) > FRAME_S / feeds / 3


def test_a_feed_keeps_its_phase_whenever_it_starts() -> None:
    one, other = staggered_anchor(1000.0, 3), staggered_anchor(1234.567, 3)
    frames = (other - one) / FRAME_S
    assert frames == pytest.approx(round(frames), abs=1e-6)
