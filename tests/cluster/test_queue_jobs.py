"""Jobs of batch queues: what is submitted to each, and where it cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING
from warnings import catch_warnings

import dask
import pytest

from condavision.cluster.engines import EngineOptions, open_engine
from condavision.cluster.queue_jobs import dask_jobqueue, worker_options
from condavision.cluster.queues import QUEUES, Queue
from condavision.errors import CondavisionError
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path


OTHERS = {
    "htcondor": {"disk": "1 GB"},
    "oar": {"memory-per-core-property-name": "not_applicable"},
}


def open_queue(queue: Queue) -> None:
    options = EngineOptions(f"{queue.name}:2", jobs=None, ship=False, limit=0)
    open_engine(options, Progress()).shutdown()


def configured(queue: Queue, **settings: object) -> dask.config.set:
    """Configure the jobs of a queue."""
    given = {"cores": 4, "processes": 1, "memory": "2 GB", **OTHERS.get(queue.name, {}), **settings}
    return dask.config.set({f"jobqueue.{queue.name}.{name}": it for name, it in given.items()})


@pytest.mark.parametrize("queue", QUEUES, ids=lambda it: it.name)
def test_the_script_of_a_job(queue: Queue) -> None:
    kind = getattr(dask_jobqueue(), queue.cluster).job_cls
    for settings, option in (
        ({}, "--memory-limit 0"),
        ({"worker-extra-args": ["--lifetime", "1h"]}, "--memory-limit 0 --lifetime 1h"),
        ({"extra": ["--no-dashboard"]}, "--memory-limit 0 --no-dashboard"),
    ):
        with configured(queue, **settings), catch_warnings(action="ignore"):
            job = kind("tcp://host:1", name="one", worker_extra_args=worker_options(queue))
        script = job.job_script()
        assert "dask_worker tcp://host:1 --name one --nthreads 4" in script
        assert script.index("--memory-limit 1.86GiB") < script.index(option)


@pytest.mark.parametrize("queue", QUEUES, ids=lambda it: it.name)
def test_a_queue_that_is_not_here(
    queue: Queue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with configured(queue), pytest.raises(CondavisionError, match="not installed on this machine"):
        open_queue(queue)
