"""The connection to a Dask cluster, which is started if need be."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

import dask
from distributed import Client

from condavision.errors import CondavisionError

if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECT = 20.0  # seconds
_LOG = "distributed.admin.low-level-log-length"


class ClusterError(CondavisionError):
    """A cluster cannot be reached or started, or none of its workers can run tasks."""


class SchedulerLostError(CondavisionError):
    """The scheduler has ended, or cannot be reached any more, or no job for its workers is left."""


class StartedCluster:
    """A cluster that was started for this process, and ends with it."""

    def __init__(self, cluster: Any) -> None:
        """Take a cluster of Dask over, which is closed with this."""
        self.cluster = cluster

    @property
    def ended(self) -> tuple[str, str] | None:
        """Why no worker is left or will come, and what to do; None as far as is known."""
        return None

    @property
    def is_incomplete(self) -> bool:
        """Whether more workers are to come."""
        return False

    def watch(self, give_up: Callable[[], object]) -> None:
        """Call ``give_up``, from another thread, once the cluster has ``ended``."""

    def close(self) -> None:
        """End it."""
        self.cluster.close()


def connected(
    address: str, start: Callable[[], str | StartedCluster]
) -> tuple[StartedCluster | None, Client]:
    """Return the cluster that ``start`` returns, None for the address of a scheduler, and a client.

    Raises:
        UsageError: ``address`` is not valid.
        ClusterError: it cannot be reached or started.
    """
    for name in ("distributed", "distributed.client"):  # what fails is reported here
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        found = start()
        started = found if isinstance(found, StartedCluster) else None
        # By default a client keeps the last 1000 messages that it sent, each of up to 1 MB.
        dask.config.set({_LOG: 0})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions of Python differ, and may
            target = started.cluster if started else found
            client = Client(target, timeout=_CONNECT, set_as_default=False)
    except CondavisionError:
        raise
    except ImportError as error:
        raise ClusterError(
            f"{address} needs a package that is not installed: {error.name}",
            f"install it: run `pip install {error.name}`",
        ) from error
    except Exception as error:  # of the queue's commands, its settings, the network
        raise ClusterError(
            f"{address} cannot be used: {error}",
            "check that `dask scheduler` runs there, or the settings of the queue",
        ) from error
    return started, client
