"""Measure the first run of a script, whose environment is not there yet, beside uv's.

    python -m benchmarks.first_run [REQUIREMENT...] [--runs 5]

The script imports one module of each requirement, by default numpy and pandas. It is locked for
both tools, and all wheels are cached: what is measured is making the environment and importing from
it. Prints medians and minima in seconds and ratios to uv's minimum, of first and later runs, which
alternate. This needs a CPython on this machine, and PyPI once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from benchmarks.warm_run import REPOSITORY, condavision, make_environ
from condavision.system.files import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMMAND = [sys.executable, "-m", "condavision"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requirements", nargs="*", default=["numpy", "pandas"])
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        environ = {**make_environ(root), "UV_CACHE_DIR": str(root / "uv")}
        report(measure(make_ways(root, environ, arguments.requirements), environ, arguments.runs))


def make_ways(
    root: Path, environ: dict[str, str], requirements: Iterable[str]
) -> dict[str, tuple[Path, list[list[str]]]]:
    """Return the folder of each way's environments, and its commands, of which the last runs."""
    project = root / "project"
    project.mkdir()
    script, uv_script = project / "script.py", root / "uv_script.py"
    imports = "".join(f"import {name}\n" for name in requirements)
    script.write_text(imports)
    listed = ", ".join(f'"{name}"' for name in requirements)
    uv_script.write_text(f"# /// script\n# dependencies = [{listed}]\n# ///\n{imports}")
    condavision(environ, "lock", "-c", "interpreters:", str(script))
    python = condavision(environ, "path", "--python", str(script)).strip()
    uv = [find_uv_bin(), "run", "--quiet", "--python", os.path.realpath(python), "--script"]
    subprocess.run(
        [uv[0], "lock", "-q", "-p", uv[4], "--script", uv_script], env=environ, check=True
    )
    run, install = [*_COMMAND, "run", str(script)], [*_COMMAND, "install", str(script)]
    return {
        "uv run, locked": (root / "uv" / "environments-v2", [[*uv, str(uv_script)]]),
        "condavision run": (root / "home" / "envs", [run]),
        "condavision install, run": (root / "home" / "envs", [install, run]),
    }


def measure(
    ways: dict[str, tuple[Path, list[list[str]]]], environ: dict[str, str], runs: int
) -> dict[str, list[float]]:
    """Return seconds of each first and later run, without the first round, which fills caches."""
    times: dict[str, list[float]] = {}
    for number in range(runs + 1):
        for name, (folder, commands) in ways.items():
            remove_tree(folder)
            for kind, started in ((f"{name}: first", commands), (f"{name}: later", commands[-1:])):
                began = time.perf_counter()
                for command in started:
                    subprocess.run(
                        command, env=environ, cwd=REPOSITORY, check=True, capture_output=True
                    )
                if number:
                    times.setdefault(kind, []).append(time.perf_counter() - began)
                assert folder.is_dir(), f"{name} makes its environments elsewhere"
                time.sleep(0.2)  # no record is written for files that are too new
    return times


def report(times: dict[str, list[float]]) -> None:
    print(f"{'':32} {'median':>8} {'min':>8} {'ratio':>8}")
    for name, values in times.items():
        base = min(times[f"uv run, locked: {name.rpartition(' ')[2]}"])
        ratio = min(values) / base
        print(f"{name:32} {statistics.median(values):8.2f} {min(values):8.2f} {ratio:8.2f}")


if __name__ == "__main__":
    main()
