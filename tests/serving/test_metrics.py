"""What Prometheus is told: in its own format, and no secret."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from condavision.serving.metrics import Metrics
from condavision.serving.runs import Run, RunState

if TYPE_CHECKING:
    import httpx

    from tests.serving.conftest import Server

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Samples:
    """Return all samples, as Prometheus' own library reads them."""
    return {
        (it.name, frozenset(it.labels.items())): it.value
        for family in text_string_to_metric_families(text)
        for it in family.samples
    }


def grown(before: Samples, after: Samples) -> dict[tuple[str, ...], float]:
    """Return by how much each of our counters has grown, by its name and the values of labels."""
    return {
        (name, *sorted(value for _, value in labels)): value - before.get((name, labels), 0)
        for (name, labels), value in after.items()
        if name.startswith("condavision_") and value != before.get((name, labels), 0)
        if name.endswith(("_total", "_count"))
    }


@pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")
def test_runs_are_counted(server: Server) -> None:
    def read() -> tuple[httpx.Response, Samples]:
        answer = server.client.get("/metrics")
        return answer, parsed(answer.text)

    _, before = read()
    assert server.run("echo.py", args=["a secret argument"], stdin="a secret text").is_success
    assert server.run("fail.py").json()["exit_code"] == 3
    answer, after = read()
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert grown(before, after) == {
        ("condavision_runs_total", "done", "echo.py", "false", "false"): 1,
        ("condavision_runs_total", "done", "fail.py", "false", "true"): 1,
        ("condavision_run_seconds_count", "echo.py"): 1,
        ("condavision_run_seconds_count", "fail.py"): 1,
        ("condavision_run_waiting_seconds_count",): 2,
    }
    names = {name for name, _ in after}
    assert names >= {"condavision_runs_running", "condavision_runs_waiting"}
    assert names >= {"process_open_fds", "process_resident_memory_bytes"}
    assert "secret" not in answer.text
    assert "s3cret" not in answer.text  # of the server's variables


def test_names_of_scripts_stay_in_their_label() -> None:
    """As the format has it: a backslash, a quote and a line feed are escaped (and no more)."""
    name = 'a"b\\c\nd{e="f"} 1.py'
    metrics = Metrics()
    known = {"accepted": 1.0, "started": 2.0, "ended": 5.0, "exit_code": 0}
    metrics.observe(Run("id", name, "folder", RunState.DONE, **known))  # type: ignore[arg-type]
    metrics.observe(Run("id", name, "folder", RunState.CANCELLED, accepted=1.0, ended=2.0))
    found = parsed(metrics.text().decode())
    runs = {labels: v for (family, labels), v in found.items() if family.endswith("runs_total")}
    assert [dict(labels)["script"] for labels in runs] == [name, name]
    assert [*runs.values()] == [1, 1]
    one = frozenset({("script", name)})
    assert found["condavision_run_seconds_sum", one] == 3
    assert found["condavision_run_seconds_count", one] == 1  # the other was not started
