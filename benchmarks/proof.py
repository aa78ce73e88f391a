"""Measure what proving a lock costs: that packages have the imports, and that these run.

The wheels, of 400 modules each, are served over loopback; each answer comes after a delay, as over
a network with such round trips. A script imports a module and a name of each. After one lock of it,
the proof alone is repeated in this process: with the evidence that was kept, and with none. Prints
the minimum of each.

    python -m benchmarks.proof [--round-trip 30] [--rounds 15]
    python -m benchmarks.proof --imports

With ``--imports``, a script that imports pandas, scikit-learn and requests is locked with what PyPI
has, and following its imports (``lock --prove``) is measured: with what was kept of the files, with
nothing kept and the wheels on this machine, as after the downloads that an install needs anyway,
and with nothing kept and the wheels on their server.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from condavision.artefacts.reader import ArtefactReader
from condavision.compile_stage.proof.imports import ImportProver
from condavision.compile_stage.proof.prove import Proof, Prover
from condavision.compile_stage.proof.supply import Supply
from condavision.compile_stage.rounds import Solver
from condavision.compile_stage.stage import lock
from condavision.core.model import Manager
from condavision.inference.select import Named
from condavision.inference.workspace import Workspace
from tests.channels.server import Channel
from tests.compile_stage.wheels import WheelIndex

if TYPE_CHECKING:
    from condavision.compile_stage.recording import LockedScript
    from condavision.core.model import Lock

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
    """Return how long the proof of a lock takes, in a process that has read nothing yet."""

    async def prove() -> None:
        solver = Solver(workspace.import_map, home, offline=False)
        prover = Prover(ArtefactReader(home), workspace.import_map, Supply(solver))
        proof = await prover.prove(locked.lock, [locked.inference], workspace.attributes)
        assert proof == Proof()

    start = time.perf_counter()
    asyncio.run(prove())
    return time.perf_counter() - start


LIBRARIES = "import pandas\nfrom sklearn.linear_model import LogisticRegression\nimport requests\n"


def seconds_to_follow(locked: LockedScript, home: Path, workspace: Workspace) -> float:
    """Return how long following the imports of a script takes, in processor time too."""

    async def prove() -> None:
        prover = ImportProver(ArtefactReader(home), workspace.import_map)
        proof = await prover.prove(locked.lock, [locked.inference])
        assert proof == Proof(), proof

    start, used = time.perf_counter(), time.process_time()
    asyncio.run(prove())
    taken = time.perf_counter() - start
    print(f"  {taken:5.2f} s, of which {time.process_time() - used:5.2f} s on a processor")
    return taken


def downloaded(lock: Lock, folder: Path) -> Lock:
    """Return a lock whose wheels are files in a folder."""
    packages = []
    for package in lock.packages:
        if package.manager is Manager.PYPI:
            path = folder / package.url.rpartition("/")[2]
            if not path.exists():
                with urlopen(package.url) as answer, path.open("wb") as file:
                    shutil.copyfileobj(answer, file)
            packages.append(replace(package, url=path.as_uri()))
        else:
            packages.append(package)
    return replace(lock, packages=tuple(packages))


def imports(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "condavision.toml").write_text('channels = ["interpreters:"]\n')
        (folder / "s.py").write_text(LIBRARIES)
        os.environ["CONDAVISION_HOME"] = str(folder / "home")
        workspace = Workspace()
        (locked,) = lock(Named([folder / "s.py"]), workspace).locked
        here = replace(locked, lock=downloaded(locked.lock, folder))
        for said, script, home in (
            ("nothing kept, wheels on their server", locked, "remote{}"),
            ("nothing kept, wheels here", here, "local{}"),
            ("files kept", here, "local0"),
        ):
            print(said)
            for number in range(rounds):
                seconds_to_follow(script, folder / home.format(number), workspace)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--round-trip", type=float, default=30, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--imports", action="store_true", help="follow real imports instead")
    options = parser.parse_args()
    if options.imports:
        imports(min(options.rounds, 3))
        return
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
