"""Runs that succeed end without the interpreter taking everything apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.serving.zygote.conftest import HEAD
from tests.serving.zygote.programs import Program

if TYPE_CHECKING:
    from tests.serving.zygote.conftest import Bench

_CHILDREN_FAULTS = 8  # the field of /proc/PID/stat, counted behind the name


def test_a_run_to_the_end_copies_less_memory(bench: Bench) -> None:
    """Each page of the zygote's that a run writes to is a page fault."""

    def faults(code: str) -> int:
        bench.write(HEAD + code)
        prepared, starter = bench.prepared(), bench.starter()

        def so_far() -> int:
            zygote = starter.zygote(prepared)
            assert zygote is not None
            stat = Path(f"/proc/{zygote.pid}/stat").read_text()
            return int(stat.rpartition(")")[2].split()[_CHILDREN_FAULTS])

        bench.runner.run(bench.run(starter, prepared, Program("", ""), warm=True))
        before = so_far()
        bench.runner.run(bench.run(starter, prepared, Program("", ""), warm=True))
        return so_far() - before

    assert faults("pass") < faults("raise SystemExit") - 100
