"""Batch queues whose jobs can be workers, a row each, and what their commands say about jobs."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TIMEOUT = 60.0  # seconds of one question to a queue


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job is, in the words of its queue.

    ``is_waiting`` for its start, ``is_over`` if it has ended, ``is_refused`` if it never starts as
    it was submitted.
    """

    job: str
    state: str
    reason: str
    is_waiting: bool
    is_over: bool
    is_refused: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: its section in the configuration of dask-jobqueue, and its class there.

    ``required`` are the settings that have no default. ``lists`` is the command that lists jobs,
    ``describes`` the one that tells more about a job, whose ID follows.
    ``states`` returns the states of jobs; it raises an OSError or a ``subprocess.SubprocessError``
    if the queue does not answer. ``output_of`` returns the file that a job writes its errors into,
    empty if it is not known.
    """

    name: str
    cluster: str
    lists: str
    required: tuple[str, ...] = ("cores", "memory")
    describes: str = ""
    states: Callable[[Sequence[str]], list[JobState]] | None = None
    output_of: Callable[[str], str] = lambda _: ""


# https://slurm.schedmd.com/job_state_codes.html
_OVER = frozenset(
    {
        *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"),
        *("OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
    }
)
# https://slurm.schedmd.com/job_reason_codes.html: those that no other job's end will change
_REFUSED = frozenset(
    {
        *("AccountNotAllowed", "BadConstraints", "InvalidAccount", "InvalidQOS"),
        *("PartitionConfig", "PartitionNodeLimit", "PartitionTimeLimit", "QOSNotAllowed"),
    }
)
_OF_ONE_JOB = ("PerJobLimit", "PerJob")


def _states_of_slurm(jobs: Sequence[str]) -> list[JobState]:
    options = ("--noheader", "--states=all", "--format=%i|%T|%r", f"--jobs={','.join(jobs)}")
    found = []
    for line in _output(["squeue", *options]).splitlines():
        job, state, reason = line.strip().split("|", 2)
        code = re.split(r"\W", reason)[0]
        is_waiting = state == "PENDING"
        is_refused = is_waiting and (code in _REFUSED or code.endswith(_OF_ONE_JOB))
        found.append(JobState(job, state, reason, is_waiting, state in _OVER, is_refused))
    return found


def _output_of_slurm(job: str) -> str:
    said = re.search(r" StdErr=(.*)$", _output(["scontrol", "show", "job", job]), re.MULTILINE)
    return said[1].strip() if said else ""


def _output(command: list[str]) -> str:
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=_TIMEOUT
    ).stdout


QUEUES = (
    Queue(
        "slurm",
        "SLURMCluster",
        "squeue",
        describes="scontrol show job",
        states=_states_of_slurm,
        output_of=_output_of_slurm,
    ),
    Queue("pbs", "PBSCluster", "qstat"),
    Queue("sge", "SGECluster", "qstat"),
    Queue("lsf", "LSFCluster", "bjobs"),
    Queue("htcondor", "HTCondorCluster", "condor_q", ("cores", "memory", "disk")),
    Queue("oar", "OARCluster", "oarstat"),
    Queue("moab", "MoabCluster", "showq"),
)
