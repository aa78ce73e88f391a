"""What this process may use, in cron and containers: few threads, or a plain error before a hang.

The engines start threads by the number of processors, and hang or panic where that is refused.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from mmap import mmap
from pathlib import Path

from condavision.errors import CondavisionError

_MANY_PROCESSES = 256
_MUCH_MEMORY = 4 << 30  # bytes of address space
_NEEDED = 16  # threads that rattler or uv start, limited to one where they can be
_ADDRESSES = 256 << 20  # bytes that rattler's library and a small solve take besides
_STACK = 2 << 20  # bytes, as theirs
_FEW = {
    "TOKIO_WORKER_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "UV_CONCURRENT_DOWNLOADS": "2",
    "UV_CONCURRENT_BUILDS": "1",
    "UV_CONCURRENT_INSTALLS": "1",
}


def few_threads() -> dict[str, str]:
    """Return variables that keep the engines to few threads; none where limits are high."""
    low = _soft_limit("RLIMIT_NPROC") < _MANY_PROCESSES or _soft_limit("RLIMIT_AS") < _MUCH_MEMORY
    return dict(_FEW) if low or _pids() < _MANY_PROCESSES else {}


def keep_to_few_threads() -> None:
    """Limit the engines in this process; ``os.environ``, which the script gets, stays as it is."""
    for name, value in few_threads().items():
        if name not in os.environ:
            os.putenv(name, value)


def require_resources() -> None:
    """Refuse to start an engine that could not start its threads, or not be loaded beside them.

    Raises:
        CondavisionError: the user or container has too many processes, or too little memory.
    """
    done, started = threading.Event(), []
    usual = threading.stack_size(_STACK)
    try:
        for _ in range(_NEEDED):
            thread = threading.Thread(target=done.wait, daemon=True)
            thread.start()
            started.append(thread)
        mmap(-1, _ADDRESSES).close()
    except OSError as error:
        raise CondavisionError(
            f"less than {_ADDRESSES >> 20} MB of memory is available, and more is needed",
            "allow more: see `ulimit -v`; 1.5 GB is enough",
        ) from error
    except (RuntimeError, MemoryError) as error:
        raise CondavisionError(
            f"no more than {len(started)} threads can be started here, and {_NEEDED} are needed",
            "allow more processes and memory: see `ulimit -u`, `ulimit -v`, the container's limits",
        ) from error
    finally:
        threading.stack_size(usual)
        done.set()
        for thread in started:
            thread.join()


def _soft_limit(name: str) -> float:
    if os.name == "nt":
        return float("inf")
    import resource  # noqa: PLC0415 - POSIX only

    soft, _ = resource.getrlimit(getattr(resource, name))
    return float("inf") if soft == resource.RLIM_INFINITY else soft


def _pids() -> float:
    with suppress(OSError, ValueError):
        return int(Path("/sys/fs/cgroup/pids.max").read_text(encoding="ascii"))
    return float("inf")
