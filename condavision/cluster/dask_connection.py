"""The connection to a Dask cluster, which is started if need be."""

from __future__ import annotations

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


def connected(address: str, start: Callable[[], Any]) -> tuple[Any, Client]:
    """Return the cluster that ``start`` returns, None for the address of a scheduler, and a client.

    Raises:
        UsageError: ``address`` is not valid.
        ClusterError: it cannot be reached or started.
    """
    try:
        found = start()
        # By default a client keeps the last 1000 messages that it sent, each of up to 1 MB.
        dask.config.set({_LOG: 0})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions of Python differ, and may
            client = Client(found, timeout=_CONNECT, set_as_default=False)
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
    return None if isinstance(found, str) else found, client
