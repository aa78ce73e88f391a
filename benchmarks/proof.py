"""Measure what proving a lock costs: five direct packages, evidence cached and not.

The wheels, of 400 modules each, are served over loopback; each answer comes after a delay, as over
a network with such round trips. A script imports a module and a name of each. After one lock of it,
the proof alone is repeated in this process: with the evidence that was kept, and with none. Prints
the minimum of each.

    python -m benchmarks.proof [--round-trip 30] [--rounds 15]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.artefacts.reader import ArtefactReader
from condavision.compile_stage.proof.prove import Proof, Prover
from condavision.compile_stage.proof.supply import Supply
from condavision.compile_stage.rounds import Solver
from condavision.compile_stage.stage import lock
from condavision.inference.select import Named
from condavision.inference.workspace import Workspace
from tests.channels.server import Channel
from tests.compile_stage.wheels import WheelIndex

if TYPE_CHECKING:
    from condavision.compile_stage.recording import LockedScript

NAMES = ("click", "flask", "requests", "rich", "tqdm")
MODULES = 400
SCRIPT = "".join(f"import {it}.part7\nfrom {it}.part8 import value\n" for it in NAMES)


class Distant(Channel):
    """A server whose answers take ``seconds`` to arrive."""

    seconds = 0.0

    def fault_of(self, path: str) -> None:
        """Delay the answer to a request."""
        del path
        time.sleep(self.seconds)


def served(folder: Path) -> Distant:
    server = Distant(folder)
    server.index = ("index.json", "application/vnd.pypi.simple.v1+json")
    server.ranges = True
    index = WheelIndex(folder)
    for name in NAMES:
        files = {f"{name}/part{at}.py": "value = 1\n" * 50 for at in range(MODULES)}
        index.add(name, "1.0", files={f"{name}/__init__.py": "", **files})
    return server


def seconds(locked: LockedScript, home: Path, workspace: Workspace) -> float:
    """Return how long the proof of a lock takes, in a process that has asked nothing yet."""

    async def prove() -> None:
        solver = Solver(workspace.import_map, home, offline=False)
        prover = Prover(ArtefactReader(home), workspace.import_map, Supply(solver))
        proof = await prover.prove(locked.lock, [locked.inference], workspace.attributes)
        assert proof == Proof()

    start = time.perf_counter()
    asyncio.run(prove())
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--round-trip", type=float, default=30, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, home = Path(scratch), Path(scratch, "home")
        (folder / "index").mkdir()
        (folder / "condavision.toml").write_text('channels = ["interpreters:"]\n')
        (folder / "s.py").write_text(SCRIPT)
        server = served(folder / "index")
        os.environ |= {"CONDAVISION_HOME": str(home), "UV_NO_CONFIG": "1"}
        os.environ["UV_DEFAULT_INDEX"] = f"{server.http_url}/simple"
        workspace = Workspace()
        (locked,) = lock(Named([folder / "s.py"]), workspace).locked
        server.seconds = options.round_trip / 1000
        cached, fresh = [], []
        for number in range(options.rounds):
            cached.append(seconds(locked, home, workspace))
            fresh.append(seconds(locked, folder / f"home{number}", workspace))
        server.close()
    print(f"cached      {min(cached) * 1000:6.1f} ms")
    print(f"not cached  {min(fresh) * 1000:6.1f} ms, with {options.round_trip:.0f} ms round trips")


if __name__ == "__main__":
    main()
