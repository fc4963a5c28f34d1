"""Prometheus metrics of one streamer process."""

from collections.abc import Iterable
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streamer.ice.routes import Drop
from streamer.playout import Playout

LATENESS_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.010, 0.020, 0.050, 0.100, 0.500)

_COUNTS = {
    "lost_samples": "Samples at 24 kHz that never arrived",
    "holes": "Gaps in the offsets of a response",
    "duplicate_samples": "Samples at 24 kHz that arrived again",
    "stale_entries": "Entries of a response that had ended",
    "refused_entries": "Entries that were malformed, or of an unknown version or type",
    "underruns_late": "Underruns whose speech came late",
    "underruns_late_samples": "Silence at 48 kHz in those",
    "underruns_never_arrived": "Underruns whose speech never came",
    "underruns_never_arrived_samples": "Silence at 48 kHz in those",
}


class Metrics:
    """Counters and gauges, in a registry of their own: ``render`` gives the exposition."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.lateness_s = Histogram(
            "playhead_frame_lateness_seconds",
            "How late frames left against the ideal clock",
            buckets=LATENESS_BUCKETS_S,
            registry=self._registry,
        )
        self.connected = self._gauge("playhead_listeners_connected", "Listeners connected")
        self.ready = self._gauge("playhead_listeners_ready", "Listeners ready to hear")
        self.feeds = self._gauge("playhead_feeds", "Feeds loaded")
        self.redis_up = self._gauge("playhead_redis_up", "1 while Redis answers")
        self.stalls = self._counter("playhead_clock_stalls", "Stalls after which a clock restarted")
        self.dropped = self._counter(
            "playhead_packets_dropped", "Packets dropped for listeners that fell behind"
        )
        self.udp_dropped = Counter(
            "playhead_udp_datagrams_dropped",
            "Datagrams received that belong to no listener, or prove nothing, by the reason",
            ["reason"],
            registry=self._registry,
        )
        for reason in Drop:
            self.udp_dropped.labels(reason.value)
        self.udp_unsent = self._counter(
            "playhead_udp_datagrams_unsent", "Datagrams that the kernel did not take"
        )
        self.udp_rebindings = self._counter(
            "playhead_udp_rebindings", "New addresses of listeners that had one already"
        )
        self.playouts = PlayoutCollector()
        self._registry.register(self.playouts)
        self.refused = Counter(
            "playhead_offers_refused",
            "Offers refused, by the error",
            ["error"],
            registry=self._registry,
        )

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._registry)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, registry=self._registry)

    def render(self) -> bytes:
        """Return the text exposition format."""
        return generate_latest(self._registry)


class PlayoutCollector(Collector):
    """Sums what every playout has counted, those that have been let go included."""

    def __init__(self) -> None:
        self._live: set[Playout] = set()
        self._retired = dict.fromkeys(_COUNTS, 0)

    def add(self, playout: Playout) -> None:
        """Report the counts of ``playout`` at every scrape."""
        self._live.add(playout)

    def retire(self, playout: Playout) -> None:
        """Keep the counts of ``playout`` as they are, and let go of it."""
        self._live.discard(playout)
        for name, value in _counts_of(playout).items():
            self._retired[name] += value

    def collect(self) -> Iterable[Metric]:
        """Yield one counter for each thing counted."""
        totals = dict(self._retired)
        for playout in self._live:
            for name, value in _counts_of(playout).items():
                totals[name] += value
        for name, text in _COUNTS.items():
            yield CounterMetricFamily(f"playhead_{name}", text, value=totals[name])


def _counts_of(playout: Playout) -> dict[str, int]:
    return asdict(playout.counts) | asdict(playout.underruns)
