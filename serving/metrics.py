"""Counters and times in Prometheus's format, of this process. No names of tenants, no content."""

from __future__ import annotations

import time
from collections import Counter as Counted
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from modelmill.monitor.drift import Drift
from modelmill.store.runs import Run

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """What the gateway counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("mill_requests", "Requests answered", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "mill_request_seconds", "Time to the answer's end", ["route"], buckets=BUCKETS, registry=self.registry
        )
        self.in_flight = Gauge("mill_requests_in_flight", "Requests being worked on", registry=self.registry)
        self.predictions = Counter("mill_predictions", "Predictions logged", ["release"], registry=self.registry)
        self.release_up = Gauge("mill_release_up", "1: the release answers", ["release"], registry=self.registry)
        self.database_up = Gauge("mill_database_up", "1: the database answers", registry=self.registry)
        said = "Pipeline runs: under way, or failed in the last day and not made good since"
        self.runs = Gauge("mill_runs", said, ["job", "state"], registry=self.registry)
        said = "Population stability index of a release's confidences against those of its test set"
        self.drift = Gauge("mill_drift", said, ["release"], registry=self.registry)
        self.drift_answers = Gauge("mill_drift_answers", "Answers the index is of", ["release"], registry=self.registry)

    def see_releases(self, answers: Mapping[str, bool]) -> None:
        """Whether each live release answers; of those that retired nothing is said any more."""
        self.release_up.clear()
        for name, up in answers.items():
            self.release_up.labels(name).set(int(up))

    def see_drift(self, drifts: Sequence[Drift]) -> None:
        """One number a release that was asked lately."""
        self.drift.clear()
        self.drift_answers.clear()
        for one in drifts:
            self.drift.labels(one.release).set(one.psi)
            self.drift_answers.labels(one.release).set(one.n)

    def see_runs(self, running: Sequence[Run], failed: Sequence[Run]) -> None:
        """Count them by job; a job without any counts nothing."""
        self.runs.clear()
        for state, found in (("running", running), ("failed", failed)):
            for job, count in Counted(run.job for run in found).items():
                self.runs.labels(job, state).set(count)

    @contextmanager
    def request(self, route: str) -> Generator[list[int], None, None]:
        """Counts and times one request; whoever answers puts the status into the list that it yields."""
        start, status = time.perf_counter(), list[int]()
        self.in_flight.inc()
        try:
            yield status
        finally:
            self.in_flight.dec()
            self.seconds.labels(route).observe(time.perf_counter() - start)
            self.requests.labels(route, str(status[0] if status else 500)).inc()

    def text(self) -> bytes:
        """As /metrics answers."""
        return generate_latest(self.registry)
