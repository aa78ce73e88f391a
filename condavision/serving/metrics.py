"""The metrics for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

if TYPE_CHECKING:
    from condavision.serving.runs import Run
    from condavision.serving.supervisor import Supervisor

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        """Make them, all at zero."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._runs = Counter(
            "condavision_runs",
            "Runs that ended, by script and state; `failing` are scripts with another code than 0.",
            ("script", "state", "warm", "failing"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "condavision_run_seconds",
            "How long runs took, without waiting.",
            ("script",),
            registry=self._registry,
            buckets=_BUCKETS,
        )
        self._waited = Histogram(
            "condavision_run_waiting_seconds",
            "How long runs waited for others.",
            registry=self._registry,
            buckets=_BUCKETS,
        )

    def watch(self, supervisor: Supervisor) -> None:
        """Report how many runs there are and wait."""
        slots = supervisor.slots
        running = Gauge("condavision_runs_running", "Runs by now.", registry=self._registry)
        running.set_function(lambda: slots.running)
        waiting = Gauge("condavision_runs_waiting", "Runs that wait.", registry=self._registry)
        waiting.set_function(lambda: slots.waiting)

    def observe(self, run: Run) -> None:
        """Count a run that has ended."""
        warm, failing = str(run.warm).lower(), str(bool(run.exit_code)).lower()
        self._runs.labels(run.script, str(run.state), warm, failing).inc()
        if run.started is not None and run.ended is not None:
            self._seconds.labels(run.script).observe(max(0, run.ended - run.started))
            self._waited.observe(max(0, run.started - run.accepted))

    def text(self) -> bytes:
        """Return all of them in the text format of Prometheus."""
        return generate_latest(self._registry)
