"""Measure what starting a script costs on top of its own Python, with alternating runs.

    python -m benchmarks.warm_run [--runs 60]

Prints medians and minima in milliseconds, and the share of what uv adds. condavision is built, and
installed by uv, by the newest pip and by an old one, whose wrappers are slow. This needs a CPython
on this machine, and PyPI for the pips. On a busy machine the minima and the ratios are reliable.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from uv import find_uv_bin

from condavision.core.platforms import current_subdir
from condavision.environments.activation import load
from condavision.environments.environment import Environment
from condavision.exec_stage.prepared import Prepared, WarmInputs
from condavision.exec_stage.shell_launchers import make_folder, write_launcher

REPOSITORY = Path(__file__).resolve().parents[1]
UV_BLOCK = '# /// script\n# requires-python = ">=3.8"\n# dependencies = []\n# ///\n'
INSTALLERS = {"pip 24.0": "pip==24.0", "newest pip": "pip", "uv": ""}  # 3.12 brings the first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=60)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        environ = make_environ(root)
        ways = make_ways(root, environ)
        for command in ways.values():  # fills page caches and compiles bytecode
            subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
        report(measure(ways, environ, runs))


def make_environ(root: Path) -> dict[str, str]:
    """Return the variables of every run, without those that affect Python."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "CONDA", "UV_", "VIRTUAL_ENV"))
    }
    return {**kept, "CONDAVISION_HOME": str(root / "home")}


def make_ways(root: Path, environ: dict[str, str]) -> dict[str, list[str]]:
    """Return the commands to compare; all start one interpreter with one script."""
    project = root / "project"
    project.mkdir()
    script, uv_script = project / "script.py", root / "uv_script.py"
    script.write_text("pass\n")
    uv_script.write_text(f"{UV_BLOCK}pass\n")
    condavision(environ, "lock", "-c", "interpreters:", str(script))
    prefix = condavision(environ, "path", str(script)).strip()
    time.sleep(0.2)  # no record is written for files that are too new
    condavision(environ, "run", str(script))
    python = str(Path(prefix, "bin", "python"))
    base = os.path.realpath(python)
    uv = [find_uv_bin(), "run", "--quiet", "--offline", "--python", base, "--script"]
    subprocess.run(
        [uv[0], "lock", "-q", "--offline", "-p", base, "--script", uv_script], check=True
    )
    return {
        "its python": [python, str(script)],
        "sh and exec": ["/bin/sh", "-c", f"exec {shlex.join([python, str(script)])}"],
        **launchers(root, Path(prefix), script),
        **{
            f"condavision, by {installer}": [command, "run", str(script)]
            for installer, command in installed(root).items()
        },
        "uv run, locked": [*uv, str(uv_script)],
    }


def condavision(environ: dict[str, str], *arguments: str) -> str:
    """Run the command line from this checkout, without the warm path."""
    command = [sys.executable, "-m", "condavision", *arguments]
    ran = subprocess.run(command, env=environ, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    return ran.stdout.decode()


def launchers(root: Path, prefix: Path, script: Path) -> dict[str, list[str]]:
    """Return the sh launcher under each installed shell."""
    variables = {"PYTHONPATH": None, "CONDAVISION_HOME": str(root / "home")}
    inputs = WarmInputs((script,), (script.parent,), variables)
    environment = Environment(prefix, prefix.name, current_subdir())
    prepared = Prepared(script, environment, load(prefix), (), inputs)
    folder = root / "launchers"
    make_folder(folder)
    path = write_launcher(folder, prepared)
    found = [shell for shell in ("dash", "bash") if shutil.which(shell)]
    return {f"launcher, {shell}": [shell, str(path)] for shell in found}


def installed(root: Path) -> dict[str, str]:
    """Return the command as each installer installs it; a warm run needs no dependencies."""
    uv, base = find_uv_bin(), os.path.realpath(sys.executable)
    subprocess.run([uv, "build", "-q", "--wheel", "-o", str(root), str(REPOSITORY)], check=True)
    [wheel] = map(str, root.glob("*.whl"))
    commands = {}
    for number, (installer, pip) in enumerate(INSTALLERS.items()):
        venv = root / f"venv-{number}"
        python = str(venv / "bin" / "python")
        subprocess.run([uv, "venv", "-q", "-p", base, str(venv)], check=True)
        by_uv = [uv, "pip", "install", "-q", "-p", python]
        install = by_uv
        if pip:
            subprocess.run([*by_uv, pip], check=True)
            install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, "--no-deps", wheel], check=True)
        commands[installer] = str(venv / "bin" / "condavision")
    return commands


def measure(
    ways: dict[str, list[str]], environ: dict[str, str], runs: int
) -> dict[str, list[float]]:
    """Return milliseconds for each run; they alternate, so that noise affects all alike."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):
        for name, command in ways.items():
            began = time.perf_counter()
            subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
            times[name].append((time.perf_counter() - began) * 1000)
    return times


def report(times: dict[str, list[float]]) -> None:
    first, last = next(iter(times)), next(reversed(times))
    uv = statistics.median(times[last]) - statistics.median(times[first])
    print(f"{'':30} {'median':>8} {'min':>8} {'added':>8} {'added to min':>13} {'of uv':>7}")
    for name, values in times.items():
        median, least = statistics.median(values), min(values)
        added = median - statistics.median(times[first])
        print(
            f"{name:30} {median:8.1f} {least:8.1f} {added:8.1f} "
            f"{least - min(times[first]):13.1f} {added / uv:7.0%}"
        )


if __name__ == "__main__":
    main()
