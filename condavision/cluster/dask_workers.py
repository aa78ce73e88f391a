"""The workers of a Dask cluster: which of them can run tasks, and what all of them are given."""

from __future__ import annotations

import secrets
import socket
import time
from contextlib import suppress
from operator import methodcaller
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from distributed import CancelledError
from distributed.comm import CommClosedError
from toolz import pipe

from condavision import __version__
from condavision.cluster import remote
from condavision.cluster.bundle import unpack
from condavision.cluster.dask_connection import ClusterError, SchedulerLostError, connected
from condavision.cluster.engine import LostWorker
from condavision.cluster.remote import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from distributed import Client
    from distributed import Future as DaskFuture

    from condavision.cluster.bundle import Bundle
    from condavision.cluster.dask_connection import StartedCluster
    from condavision.cluster.remote import Call
    from condavision.system.progress import Progress

_RUN = "condavision.cluster.remote:run"
_PATIENCE = 600.0  # seconds that a task whose result was lost may take once more
_CLOSE = 2.0  # seconds
_PAUSE = 0.2  # seconds
_FRESH = 2.0  # seconds that the list of workers is recent


class DaskWorkers:
    """The workers that a client can use.

    ``refused`` are sentences on those that cannot run tasks; ``lost`` are those that have ended.
    """

    def __init__(
        self, address: str, start: Callable[[], str | StartedCluster], progress: Progress
    ) -> None:
        """Connect to a cluster; ``start`` returns it, or the address of a scheduler.

        Raises:
            UsageError: the address is not valid.
            ClusterError: it cannot be reached, or none of its workers can run tasks.
        """
        self.address = address
        self._progress = progress
        self._cluster, self.client = connected(address, start)
        self._refused: dict[str, str] = {}
        self._unfit: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        self._threads: dict[str, int] = {}
        self._asked = 0.0
        self.lost: list[LostWorker] = []
        self._key = f"condavision-{secrets.token_hex(4)}-"
        self.client.subscribe_topic("all", self._hear)
        self.survey()
        if self._cluster is not None:
            self._cluster.watch(self.client.close)
        if not self._threads:
            progress.message(f"{address} has no worker yet")
        elif self.allowed == []:
            self.close()
            raise ClusterError(
                f"no worker of {address} can run tasks:\n{self.refused}",
                f"install the same version there: run `pip install condavision=={__version__}`",
            )

    def _hear(self, event: tuple[float, Any]) -> None:
        """Note that a worker has ended, and how many of these tasks it had."""
        message = event[1]
        if isinstance(message, dict) and message.get("action") == "remove-worker":
            keys = {*message["processing-tasks"], *message["lost-computed-tasks"]}
            tasks = sum(str(it).startswith(self._key) for it in keys)
            if tasks or not message["expected"]:
                worker = str(message["worker"])
                self.lost.append(LostWorker(self._host_of(worker), tasks))

    def _host_of(self, worker: str) -> str:
        """Return the name of a worker's machine; its address if no worker of it has said it."""
        machine = worker.rpartition(":")[0]
        known = (name for it, name in self._names.items() if it.rpartition(":")[0] == machine)
        return self._names.get(worker) or next(known, machine.rpartition("/")[2])

    @property
    def is_lost(self) -> bool:
        """Whether the scheduler does not answer any more."""
        return bool(self.client.status != "running")

    def lost_error(self) -> SchedulerLostError:
        """Return the error that says so."""
        if self._cluster is not None and self._cluster.ended is not None:
            return SchedulerLostError(*self._cluster.ended)
        return SchedulerLostError(
            f"the scheduler {self.address} has ended, or cannot be reached",
            "start it again; the same command then runs what is left",
        )

    def submit(self, call: Call, number: int) -> DaskFuture:
        """Have a worker run a task; ``number`` is new for each that is submitted."""
        # Not a function of ours: the scheduler reads it too, and need not have condavision.
        function = methodcaller("__call__", call.to_plain())
        chosen = self._fit(call.bundle)
        where = {} if chosen is None else {"workers": chosen, "allow_other_workers": True}
        first = -call.task.number  # as rows are written in the order of the inputs
        return self.client.submit(
            pipe,
            _RUN,
            resolve_name,
            function,
            key=f"{self._key}{number}",
            priority=first,
            pure=False,
            **where,
        )

    def answers(self, futures: Sequence[DaskFuture]) -> Iterator[Answer | Exception]:
        """Yield what became of tasks that are done; results are fetched together."""
        finished = {it.key: it for it in futures if it.status == "finished"}
        found: dict[str, Any] = {}
        if finished and not self.is_lost:  # else it waits for the scheduler to come back
            with suppress(Exception):  # a worker has died with its results: each is waited for
                found = self.client.gather(finished)
        for it in futures:
            try:
                if it.key in found:
                    yield Answer.of_plain(found[it.key])
                elif it.status == "cancelled" or self.is_lost:
                    yield CancelledError(it.key)  # a client that is closed never answers
                else:
                    yield Answer.of_plain(it.result(_PATIENCE))
            except Exception as error:  # noqa: BLE001 - whatever happened on a worker
                yield error
            finally:
                it.release()

    def cancel(self, futures: Sequence[DaskFuture]) -> None:
        """End tasks; those of a scheduler that is lost are ended by their workers."""
        if not self.is_lost:
            with suppress(OSError):
                self.client.cancel(futures, force=True)

    def end(self, key: str) -> bool:
        """End a task that a worker runs; return whether one does."""
        if self.is_lost:
            return False
        found: dict[str, Any] = {}
        with suppress(OSError):
            found = self.client.run(remote.end, key, on_error="ignore")
        return any(it is True for it in found.values())

    def forget(self, claims: Iterable[str]) -> None:
        """Remove from the scheduler what claims of tasks have left there."""
        if not self.is_lost:
            for name in claims:
                with suppress(OSError):
                    self.client.sync(self.client.scheduler.event_clear, name=name)

    @property
    def allowed(self) -> list[str] | None:
        """The addresses of those that can run tasks; None for all."""
        if not self._refused:
            return None
        return [it for it in self._threads if it not in self._refused]

    def _fit(self, bundle: str) -> list[str] | None:
        """Return the addresses of those that can run what is in a bundle; None for all."""
        unfit = self._unfit.get(bundle)
        allowed = self.allowed
        if not unfit:
            return allowed
        return [it for it in (self._threads if allowed is None else allowed) if it not in unfit]

    def exclude(self, bundle: str, worker: str, why: str) -> bool:
        """Leave a worker out for one bundle; return whether others are left."""
        unfit = self._unfit.setdefault(bundle, set())
        if worker not in unfit:
            self._progress.warning(f"the worker {worker} is not used: {why}")
            unfit.add(worker)
        return bool(self._fit(bundle))

    @property
    def refused(self) -> str:
        """Why others cannot, a line each."""
        return "\n".join(f"{worker}: {why}" for worker, why in sorted(self._refused.items()))

    @property
    def threads(self) -> int:
        """How many tasks run at once."""
        self._look()
        return sum(self._threads[it] for it in self.allowed or self._threads)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names of their machines, sorted."""
        self._look()
        return tuple(sorted({self._names.get(it, it) for it in self.allowed or self._threads}))

    @property
    def dashboard(self) -> str | None:
        """The address of Dask's dashboard, if it has one."""
        services = self.client.scheduler_info().get("services", {})
        return str(self.client.dashboard_link) if "dashboard" in services else None

    def _look(self) -> None:
        """Update the list of workers, unless it is recent."""
        if time.monotonic() - self._asked > _FRESH and self.client.status == "running":
            self._asked = time.monotonic()
            with suppress(OSError):  # it is lost, as tasks will report
                self._threads = self.client.nthreads()
                if self._threads.keys() - self._names:
                    self.survey()

    def survey(self) -> None:
        """Ask every worker for its version, and the name of its machine."""
        self._threads = self.client.nthreads()
        found = _run(self.client, socket.gethostname)
        self._names |= {worker: it for worker, it in found.items() if isinstance(it, str)}
        for worker, version in _run(self.client, resolve_name, "condavision:__version__").items():
            if version != __version__:
                self.refuse(worker, version)
        self._asked = time.monotonic()

    def refuse(self, worker: str, found: str | Exception) -> None:
        """Leave out a worker that has another version of condavision, or failed."""
        if isinstance(found, CommClosedError):
            return  # it has ended; tasks for the others alone would wait forever if those end too
        if isinstance(found, ImportError):
            why = "condavision is not installed there"
        elif isinstance(found, Exception):
            why = str(found)
        else:
            why = f"it has condavision {found}, and this is {__version__}"
        if worker not in self._refused:
            self._progress.warning(f"the worker {worker} is not used: {why}")
        self._refused[worker] = why

    def store(self, bundle: Bundle, workers: Iterable[str]) -> None:
        """Send a bundle to workers; those that cannot keep it are left out."""
        sent = (bundle.digest, bundle.content)
        for worker, found in _run(self.client, unpack, *sent, workers=list(workers)).items():
            if isinstance(found, Exception):
                self.refuse(worker, found)

    def install(self, bundle: Bundle, vendored: str) -> dict[str, Exception | None]:
        """Install the environment of a bundle on all; return what failed on which host.

        Raises:
            ClusterError: there is no worker.
            SchedulerLostError: there will be none.
        """
        self._wait()
        self.store(bundle, self.allowed or [*self._threads])
        chosen = self.allowed or [*self._threads]
        found = _run(self.client, remote.install, bundle.digest, vendored, workers=chosen)
        errors = {worker: it if isinstance(it, Exception) else None for worker, it in found.items()}
        errors |= {worker: ClusterError(why) for worker, why in self._refused.items()}
        hosts: dict[str, Exception | None] = {}
        for worker, error in sorted(errors.items()):
            host = self._names.get(worker, worker)
            hosts[host] = hosts.get(host) or error
        return hosts

    def _wait(self) -> None:
        """Wait for workers that were started for this."""
        while self._cluster is not None and self._cluster.is_incomplete and not self.is_lost:
            time.sleep(_PAUSE)
        if self.is_lost:
            raise self.lost_error()
        self.survey()
        if not self._threads:
            address = self.address
            raise ClusterError(
                f"{address} has no worker", f"start one: run `dask worker {address}`"
            )

    def close(self) -> None:
        """Leave the cluster; one that was started for this ends."""
        with suppress(TimeoutError):  # it would wait for a lost scheduler to come back
            self.client.close(_CLOSE)
        if self._cluster is not None:
            self._cluster.close()


def _run(
    client: Client, function: Callable[..., Any], *args: Any, **options: Any
) -> dict[str, Any]:
    return dict(client.run(function, *args, on_error="return", **options))
