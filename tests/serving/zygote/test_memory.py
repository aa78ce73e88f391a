"""Zygotes end where memory runs low, and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.serving.zygote import starter as module
from condavision.serving.zygote.starter import ZygoteStarter
from condavision.serving.zygote.status import ColdReason
from tests.serving.zygote.programs import Program

if TYPE_CHECKING:
    import pytest

    from tests.serving.zygote.conftest import Bench

PLAIN = Program("", "")


def test_a_zygote_ends_where_memory_runs_low(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK", 0)
    low = False
    starter = bench.warm["low"] = ZygoteStarter(bench.cold, memory_low=lambda: low)
    bench.write("import os\nprint(os.getppid() == 0)\n")
    prepared = bench.prepared()
    first = bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
    zygote = starter.zygote(prepared)
    assert zygote is not None
    low = True
    assert bench.runner.run(bench.run(starter, prepared, PLAIN)) == first  # cold
    bench.runner.run(zygote.exit_code())
    assert starter.zygote(prepared) is None
    assert starter.status(prepared).cold is ColdReason.MEMORY
    low = False
    bench.runner.run(bench.run(starter, prepared, PLAIN, warm=True))
