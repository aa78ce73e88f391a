"""Where few threads can be started, the engines keep to few, or are not started at all."""

from __future__ import annotations

import os
import threading

import pytest

from condavision.errors import CondavisionError
from condavision.system import limits
from condavision.system.limits import few_threads, keep_to_few_threads, require_threads


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
    require_threads()
    before = threading.active_count()
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if threading.active_count() >= before + 3:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(CondavisionError, match="no more than 3 threads"):
        require_threads()
    assert threading.active_count() == before
