"""The engines that run tasks, a row each: chosen by the word before the colon of an address.

======================  ==========================================================================
``tcp://``, ``tls://``  the workers of a Dask scheduler that runs already
``ssh:HOST,HOST``       a scheduler on the first host, a worker on each
``slurm:JOBS``          workers in so many jobs of Slurm, and likewise of the other queues
======================  ==========================================================================

How a job of a queue looks (processors, memory, partition) is in the configuration of dask-jobqueue.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from condavision.cluster.local import LocalEngine
from condavision.cluster.queues import QUEUES
from condavision.errors import UsageError
from condavision.system.extras import Extra, require_extra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.cluster.dask_connection import StartedCluster
    from condavision.cluster.engine import Engine
    from condavision.cluster.queues import Queue
    from condavision.system.progress import Progress


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What an engine is opened with.

    ``cluster`` is its address, empty for this machine, where ``jobs`` processes run at once. With
    ``ship`` the files of tasks travel with them, ``limit`` bytes at most.
    """

    cluster: str
    jobs: int | None
    ship: bool
    limit: int


def open_engine(options: EngineOptions, progress: Progress) -> Engine:
    """Return the engine of an address.

    Raises:
        UsageError: there is none, or the options do not fit it.
        CondavisionError: its cluster cannot be used.
    """
    if not options.cluster:
        if options.ship:
            raise UsageError("--ship is for other machines", "give --cluster ADDRESS too")
        return LocalEngine(options.jobs)
    if options.jobs is not None:
        raise UsageError(
            "--jobs is for this machine", "omit it: the threads of the workers are the limit"
        )
    name, colon, rest = options.cluster.partition(":")
    if not colon and name in {it.name for it in QUEUES}:
        colon, rest = ":", "1"
    if name not in ENGINES or not colon:
        raise UsageError(
            f"`{options.cluster}` is not the address of a cluster",
            "give tcp://HOST:8786, slurm:JOBS or ssh:HOST,HOST",
            f"known are {', '.join(ENGINES)}",
        )
    return ENGINES[name](rest, options, progress)


def _dask(
    start: Callable[[str, Progress], str | StartedCluster],
    rest: str,
    options: EngineOptions,
    progress: Progress,
) -> Engine:
    require_extra(Extra.CLUSTER)
    from condavision.cluster.dask_engine import DaskEngine  # noqa: PLC0415 - an extra
    from condavision.cluster.dask_workers import DaskWorkers  # noqa: PLC0415

    workers = DaskWorkers(options.cluster, partial(start, rest, progress), progress)
    return DaskEngine(workers, ship=options.ship, limit=options.limit)


def _scheduler(scheme: str) -> Callable[[str, Progress], str]:
    return lambda rest, _: f"{scheme}:{rest}"


def _queue(queue: Queue) -> Callable[[str, Progress], StartedCluster]:
    def start(jobs: str, progress: Progress) -> StartedCluster:
        if not jobs.isascii() or not jobs.isdecimal() or not int(jobs):
            name = queue.name
            raise UsageError("the number of jobs is missing", f"give it, as in --cluster {name}:4")
        from condavision.cluster.queue_jobs import QueueJobs  # noqa: PLC0415 - an extra

        return QueueJobs(queue, int(jobs), progress)

    return start


def _ssh(hosts: str, _: Progress) -> StartedCluster:
    named = [it for it in hosts.split(",") if it]
    if not named:
        raise UsageError("no host is given", "give one, as in --cluster ssh:node1,node2")
    from distributed import SSHCluster  # noqa: PLC0415 - an extra

    from condavision.cluster.dask_connection import StartedCluster  # noqa: PLC0415

    return StartedCluster(SSHCluster([named[0], *named]))


ENGINES: Mapping[str, Callable[[str, EngineOptions, Progress], Engine]] = {
    "tcp": partial(_dask, _scheduler("tcp")),
    "tls": partial(_dask, _scheduler("tls")),
    "ssh": partial(_dask, _ssh),
    **{it.name: partial(_dask, _queue(it)) for it in QUEUES},
}
"""What opens the engine of an address, from what follows the colon."""
