"""Measure what proving a lock costs: five direct packages, evidence cached and not.

The wheels are served over loopback, each answer after a delay, as over a network with such round trips. Each
round runs ``condavision lock`` on the same script, in turn: without proof (nothing is asked of
packages that overrides name), with evidence that was kept, and with none. Prints the minimum of each
and what proof adds.

    python -m benchmarks.proof [--round-trip 30] [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.channels.server import Channel
from tests.compile_stage.wheels import WheelIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("click", "flask", "requests", "rich", "tqdm")
MODULES = 400  # of each package: as many as pandas' tenth
SCRIPT = "".join(f"import {it}.part7\nfrom {it}.part8 import value\n" for it in NAMES)
OVERRIDES = "".join(f'{it} = "pypi:{it}"\n' for it in NAMES)


class Distant(Channel):
    """A server as far away as ``seconds`` for an answer to arrive."""

    seconds = 0.0

    def fault_of(self, path: str) -> None:
        """Delay the answer to a request for a wheel."""
        if path.endswith(".whl"):
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


def timed(project: Path, environ: Mapping[str, str]) -> float:
    shutil.rmtree(project / "locks", ignore_errors=True)
    command = [sys.executable, "-m", "condavision", "lock", "-q", "s.py"]
    start = time.perf_counter()
    subprocess.run(command, env=environ, cwd=project, capture_output=True, check=True)
    return time.perf_counter() - start


def project(folder: Path, name: str, overrides: str) -> Path:
    made = folder / name
    made.mkdir()
    (made / "condavision.toml").write_text(f'channels = ["interpreters:"]\n{overrides}')
    (made / "s.py").write_text(SCRIPT)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--round-trip", type=float, default=30, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "index").mkdir()
        server = served(folder / "index")
        server.seconds = options.round_trip / 1000
        home = folder / "home"
        environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environ |= {"CONDAVISION_HOME": str(home), "UV_NO_CONFIG": "1"}
        environ |= {"UV_DEFAULT_INDEX": f"{server.http_url}/simple"}
        plain = project(folder, "plain", f"[imports]\n{OVERRIDES}")
        proved = project(folder, "proved", "")
        times: dict[str, list[float]] = {"without proof": [], "cached": [], "not cached": []}
        for it in (plain, proved):
            timed(it, environ)
        for _ in range(options.rounds):
            times["without proof"].append(timed(plain, environ))
            times["cached"].append(timed(proved, environ))
            shutil.rmtree(home / "evidence")
            times["not cached"].append(timed(proved, environ))
        server.close()
    least = {name: min(found) for name, found in times.items()}
    for name, seconds in least.items():
        added = (seconds - least["without proof"]) * 1000
        print(f"{name:14} {seconds * 1000:6.0f} ms   proof adds {added:+.0f} ms")


if __name__ == "__main__":
    main()
