"""Large pages for zygotes, and their end where memory runs low."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.serving.zygote import starter as module
from condavision.serving.zygote.process import PROGRAM
from condavision.serving.zygote.starter import ZygoteStarter
from condavision.serving.zygote.status import ColdReason
from tests.serving.zygote.programs import Program

if TYPE_CHECKING:
    from tests.serving.zygote.conftest import Bench

PLAIN = Program("", "")
LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage")
RELEASE = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) if os.name == "posix" else ()
COLLAPSED = f"""
import re, sys
sys.path.append({str(PROGRAM)!r})
import condavision_memory
kept = [bytearray(b"x") * (1 << 23) for _ in range(8)]
condavision_memory.collapse()
assert all(it == b"x" * (1 << 23) for it in kept)
with open("/proc/self/smaps") as file:
    print(sum(map(int, re.findall("AnonHugePages: *([0-9]+)", file.read()))))
"""


@pytest.mark.skipif(RELEASE < (6, 1) or not LARGE_PAGES.is_dir(), reason="this kernel cannot")
def test_memory_is_put_into_large_pages() -> None:
    done = subprocess.run([sys.executable, "-c", COLLAPSED], capture_output=True, check=True)
    assert int(done.stdout) > 0


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
