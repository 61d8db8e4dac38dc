"""What Prometheus may ask about: few series, however many different requests come."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from data.version import forewarn_version

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"
_BUCKETS = (0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
_BOUNDS = (*map(str, _BUCKETS), "+Inf")
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
# Why a request was turned away before it was looked into. Other errors are answers to it.
_REFUSALS = {
    401: "key",
    403: "scope",
    413: "size",
    421: "host",
    429: "too_many",
    503: "unavailable",
}


class _Times:
    """How many requests took how long: in each bucket and above the last, and altogether."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.seconds = 0.0


class Metrics(Collector):
    """The figures of one application.

    All of it belongs to the event loop that answers the requests, so nothing is locked; and it is
    kept here, because the client library would keep it in files where BentoML says so.
    """

    def __init__(self, in_flight: Callable[[], int]) -> None:
        self._in_flight = in_flight
        self._batch_age = float("nan")
        self._times: dict[tuple[str, str, int], _Times] = {}
        self._refused = Counter(dict.fromkeys(_REFUSALS.values(), 0))
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def note(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request more; `route` is a template, one of the few that there are."""
        key = route, method if method in _METHODS else OTHER, status // 100
        if (times := self._times.get(key)) is None:
            times = self._times[key] = _Times()
        times.counts[bisect_left(_BUCKETS, seconds)] += 1
        times.seconds += seconds

    def refused(self, status: int) -> None:
        """A request was answered with a status that may mean that it was turned away."""
        if status in _REFUSALS:
            self._refused[_REFUSALS[status]] += 1

    def text(self, batch_age: float) -> bytes:
        """Everything in Prometheus' text format, `CONTENT_TYPE`.

        `batch_age` are the seconds since the moment that the served batch speaks of, NaN where
        there is none to read.
        """
        self._batch_age = batch_age
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The figures as they are."""
        yield InfoMetricFamily(
            "forewarn", "The version that runs.", value={"version": forewarn_version()}
        )
        yield GaugeMetricFamily(
            "forewarn_requests_in_flight",
            "Requests that are being answered now.",
            value=self._in_flight(),
        )
        yield GaugeMetricFamily(
            "forewarn_batch_age_seconds",
            "Time since the moment that the served batch speaks of.",
            value=self._batch_age,
        )
        refused = CounterMetricFamily(
            "forewarn_requests_refused", "Requests turned away, by reason.", labels=("reason",)
        )
        for reason, count in self._refused.items():
            refused.add_metric((reason,), count)
        yield refused
        took = HistogramMetricFamily(
            "forewarn_request_seconds",
            "How long requests took, by route, method and class of status.",
            labels=("route", "method", "status"),
        )
        for (route, method, kind), times in self._times.items():
            buckets = list(zip(_BOUNDS, accumulate(times.counts), strict=True))
            took.add_metric((route, method, f"{kind}xx"), buckets, times.seconds)
        yield took
