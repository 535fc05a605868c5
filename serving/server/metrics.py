"""Prometheus metrics of one server.

Labels hold only names that exist: what a client makes up is counted under "", or anyone could fill the
memory.
"""

from collections import Counter as Counts
from collections.abc import Iterable

import grpc
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
ITEMS = (1, 2, 4, 8, 16, 32, 64, 128)


RUNS = {"Predict", "Classify", "Regress", "MultiInference"}
TF_REQUESTS, TF_LATENCY = ":tensorflow:serving:request_count", ":tensorflow:serving:request_latency"
"""TensorFlow Serving's names, so that its dashboards and alarms go on."""

MICROSECONDS = tuple(10 * 1.8**power for power in range(33))
"""TensorFlow Serving's buckets."""


class _Requests(Collector):
    """Counted by model and status under TF_REQUESTS; the library's own Counter would add `_total`."""

    def __init__(self):
        self._counts: Counts[tuple[str, str]] = Counts()

    def add(self, model: str, status: str) -> None:
        self._counts[model, status] += 1

    def collect(self) -> Iterable[Metric]:
        metric = Metric(TF_REQUESTS, "Requests answered, by model and status.", "unknown")
        for (model, status), count in self._counts.items():
            metric.add_sample(TF_REQUESTS, {"model_name": model, "status": status}, count)
        return [metric]


class Metrics:
    """What is counted; `text` is what Prometheus reads."""

    def __init__(self):
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "vgg_requests_total",
            "Requests answered.",
            ["protocol", "method", "model", "signature", "code"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "vgg_request_seconds",
            "From a request's arrival to its answer.",
            ["protocol", "method"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._tf_requests = _Requests()
        self._registry.register(self._tf_requests)
        self._tf_latency = Histogram(
            TF_LATENCY,
            "Microseconds from a request's arrival to its answer.",
            ["model_name", "API", "entrypoint"],
            buckets=MICROSECONDS,
            registry=self._registry,
        )
        self._compute_seconds = Histogram(
            "vgg_compute_seconds",
            "Time in the model, a batch.",
            ["model", "signature"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self.batch_items = Histogram(
            "vgg_batch_items", "Items in a batch.", buckets=ITEMS, registry=self._registry
        )
        self._logged = Counter(
            "vgg_request_log_total",
            "Requests drawn for the request log: written; dropped, as too many waited; failed, by the disk.",
            ["model", "outcome"],
            registry=self._registry,
        )
        self.waiting = Gauge("vgg_waiting_requests", "Requests in the queue.", registry=self._registry)
        self.held_bytes = Gauge("vgg_held_bytes", "Bytes of requests in memory.", registry=self._registry)
        self._versions = Gauge(
            "vgg_model_version_available", "1 for each version that answers.", ["model", "version"],
            registry=self._registry,
        )  # fmt: skip

    def logged(self, model: str, outcome: str) -> None:
        """Counts a request that was drawn for the request log: written, dropped or failed."""
        self._logged.labels(model, outcome).inc()

    def answered(
        self, protocol: str, method: str, model: str, signature: str, code: grpc.StatusCode, seconds: float
    ) -> None:
        """Counts a request."""
        self._requests.labels(protocol, method, model, signature, code.name).inc()
        self._seconds.labels(protocol, method).observe(seconds)
        if model and method in RUNS:
            self._tf_requests.add(model, code.name)
            self._tf_latency.labels(model, method, protocol.upper()).observe(seconds * 1e6)

    def computed(self, model: str, signature: str, seconds: float) -> None:
        """Counts a batch."""
        self._compute_seconds.labels(model, signature).observe(seconds)

    def available(self, versions: Iterable[tuple[str, int]]) -> None:
        """Sets which versions of which models answer."""
        self._versions.clear()
        for model, number in versions:
            self._versions.labels(model, str(number)).set(1)

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self._registry)
