from streamer.metrics import Metrics
from streamer.playout import Playout
from tests.streamer.drive import LIMITS, Drive, Script
from tests.streamer.speech import noise


def value_of(metrics: Metrics, name: str) -> float:
    lines = metrics.render().decode().splitlines()
    (line,) = [line for line in lines if line.startswith(name + " ")]
    return float(line.split()[-1])


def with_a_hole(samples: int) -> Playout:
    drive = Drive().take([Script().delta(noise(480), at=samples)])
    return drive.playout


def test_what_every_playout_counted_is_summed_at_the_scrape() -> None:
    metrics = Metrics()
    one, two = with_a_hole(100), with_a_hole(20)
    metrics.playouts.add(one)
    metrics.playouts.add(two)
    assert value_of(metrics, "playhead_lost_samples_total") == 120
    assert value_of(metrics, "playhead_holes_total") == 2


def test_a_counter_does_not_fall_when_a_feed_is_let_go() -> None:
    metrics = Metrics()
    playout = with_a_hole(100)
    metrics.playouts.add(playout)
    metrics.playouts.retire(playout)
    assert value_of(metrics, "playhead_lost_samples_total") == 100
    metrics.playouts.add(with_a_hole(5))
    assert value_of(metrics, "playhead_lost_samples_total") == 105


def test_every_metric_says_what_it_is() -> None:
    metrics = Metrics()
    metrics.playouts.add(Playout(LIMITS))
    metrics.refused.labels("InvalidSdp").inc()
    metrics.lateness_s.observe(0.003)
    lines = metrics.render().decode().splitlines()
    names = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    helped = {
        line.split()[2] for line in lines if line.startswith("# HELP") and len(line.split()) > 3
    }
    assert names == helped
    assert all(name.startswith("playhead_") for name in names)
    assert 'playhead_offers_refused_total{error="InvalidSdp"} 1.0' in lines
    assert 'playhead_frame_lateness_seconds_bucket{le="0.005"} 1.0' in lines


def test_two_processes_worth_of_metrics_do_not_meet() -> None:
    one, other = Metrics(), Metrics()
    one.stalls.inc()
    assert value_of(other, "playhead_clock_stalls_total") == 0
