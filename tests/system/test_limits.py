"""Where few threads can be started, the engines keep to few, or are not started at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from condavision.errors import CondavisionError
from condavision.system import limits
from condavision.system.limits import few_threads, keep_to_few_threads, require_resources


@pytest.mark.parametrize(
    ("low", "few"), [({}, False), ({"RLIMIT_NPROC": 64}, True), ({"RLIMIT_AS": 1 << 29}, True)]
)
def test_low_limits_mean_few_threads(
    low: dict[str, int], few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_soft_limit", lambda name: low.get(name, float("inf")))
    monkeypatch.setattr(limits, "_pids", lambda: float("inf"))
    assert (few_threads().get("RAYON_NUM_THREADS") == "1") is few
    before = dict(os.environ)
    keep_to_few_threads()
    assert dict(os.environ) == before, "which the script gets"
    for name in few_threads():
        os.unsetenv(name)


def test_too_few_threads_are_a_plain_error(monkeypatch: pytest.MonkeyPatch) -> None:
    require_resources()
    before = threading.active_count()
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if threading.active_count() >= before + 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(CondavisionError, match="no more than 3 threads"):
        require_resources()
    assert threading.active_count() == before


_LITTLE_MEMORY = """
import resource
from pathlib import Path
from condavision.errors import CondavisionError
from condavision.system.limits import require_resources
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (240 << 20),) * 2)
try:
    require_resources()
except CondavisionError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere RLIMIT_AS limits nothing")
def test_too_little_memory_is_a_plain_error() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LITTLE_MEMORY], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(("less than 256 MB of memory is available", "no more than "))
