"""Measure how often the imports of a real project all succeed in the environment locked for it.

    python -m benchmarks.locks FOLDER [--most 60] [--seed 1] [--plain] [--show]

FOLDER has the projects of ``accuracy.py``, downloaded by that. For each project drawn, a copy
without its tests and without the requirements that it declares is locked as one, by the command
that a user types, ``condavision lock --prove --together .``, on the channel ``interpreters:``, with
packages from PyPI. If that succeeds, ``condavision install`` makes the environment, and its Python
tries each import that the code cannot do without, each name in it too, in a process of its own.
With ``--plain``, ``--prove`` is left out, to compare.

It prints the locks that were made, how many of them have a failing import, each such import with
its error, and why there is no lock for the others. Projects with very large packages are left out
(:data:`HEAVY`). No code of a project is run, but packages are imported.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy import prune, read_labels
from condavision.api import analyze
from condavision.inference.needs import is_needed

HEAVY = frozenset(
    {
        "torch",
        "tensorflow",
        "keras",
        "transformers",
        "jax",
        "pyspark",
        "paddlepaddle",
        "torchvision",
    }
)
"""Distributions that alone take more than a minute to download and unpack."""

SECONDS = 300  # for each command
TRY = """
import importlib, sys
name, members = sys.argv[1], sys.argv[2:]
module = importlib.import_module(name)
for member in members:
    if not hasattr(module, member):
        importlib.import_module(name + "." + member)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for a project: ``why`` there is no lock, or the ``failures`` of its imports."""

    project: str
    imports: int = 0
    why: str = ""
    failures: tuple[str, ...] = ()


def run(folder: Path, line: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            line,
            cwd=folder,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(line, 124, "", f"error: over {SECONDS} seconds")


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "condavision", *words]
    return run(folder, line, PYTHONPATH=str(Path(__file__).parents[1]), PYTHONSAFEPATH="1")


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """Return the code and the first line of an error."""
    lines = [it for it in done.stderr.splitlines() if it.startswith("error: ")]
    return f"{done.returncode} {lines[0].removeprefix('error: ')[:160] if lines else ''}"


def asked(folder: Path) -> list[tuple[str, ...]]:
    """Return the imports that a project cannot do without, each with the names it takes."""
    found: dict[str, set[str]] = {}
    for it in analyze(together=folder, channels=("interpreters:",)).resolutions:
        if is_needed(it.imported) and it.installed and not it.imported.platforms - {"linux"}:
            found.setdefault(it.imported.name, set()).update(it.imported.members)
    return [(name, *sorted(members)) for name, members in sorted(found.items())]


def tried(python: Path, wanted: tuple[str, ...], folder: Path) -> str:
    """Return the last line of what importing it prints, empty if that succeeds."""
    line = [str(python), "-E", "-s", "-W", "ignore", "-c", TRY, *wanted]
    done = run(folder, line, MPLBACKEND="Agg", QT_QPA_PLATFORM="offscreen")
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]


def measured(tree: Path, scratch: Path, *, plain: bool) -> Outcome:
    """Lock, install and try a project."""
    name = tree.name
    (tree / "condavision.toml").write_text('channels = ["interpreters:"]\n')
    proof = () if plain else ("--prove",)
    locked = command(tree, "lock", *proof, "--together", ".", "--json", "-q")
    if locked.returncode:
        return Outcome(name, why=error_of(locked))
    if not plain and "proof" not in Path(json.loads(locked.stdout)[0]["lock"]).read_text():
        return Outcome(name, why="not proved")
    wanted = asked(tree)
    installed = command(tree, "install", "--json", "-q", json.loads(locked.stdout)[0]["hash"])
    if installed.returncode:
        return Outcome(name, why=f"install: {error_of(installed)}")
    prefix = Path(json.loads(installed.stdout)[0]["prefix"])
    failures = [
        f"{':'.join(it[:1])}: {found}"
        for it in wanted
        if (found := tried(prefix / "bin" / "python", it, scratch))
    ]
    shutil.rmtree(prefix, ignore_errors=True)
    return Outcome(name, len(wanted), failures=tuple(failures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where accuracy.py keeps the projects")
    parser.add_argument("--most", type=int, default=60, help="projects that are drawn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="lock without --prove")
    parser.add_argument("--only", nargs="*", default=(), help="the folders of these projects")
    options = parser.parse_args()
    projects = [
        it
        for it in read_labels()
        if (options.folder / "whole" / it.folder).is_dir()
        and it.wanted
        and not any(label & HEAVY for label in it.wanted)
    ]
    random.Random(options.seed).shuffle(projects)
    chosen = [it for it in projects if not options.only or it.folder in options.only]
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("CONDAVISION_HOME", f"{scratch}/home")
        for project in chosen[: options.most]:
            tree = Path(scratch, "projects", project.folder)
            prune(options.folder / "whole" / project.folder, tree, declared=False)
            outcome = measured(tree, Path(scratch), plain=options.plain)
            outcomes.append(outcome)
            said = outcome.why or f"{outcome.imports} imports, {len(outcome.failures)} fail"
            print(f"{project.folder}: {said}", *outcome.failures, sep="\n    ", flush=True)
    accepted = [it for it in outcomes if not it.why]
    good = [it for it in accepted if not it.failures]
    print(f"{len(accepted)} locks of {len(outcomes)} projects; all imports succeed in {len(good)}")
    print(f"{sum(it.imports for it in accepted)} imports", end=", ")
    print(f"{sum(len(it.failures) for it in accepted)} fail")
    print("not locked:", dict(Counter(it.why.split()[0] for it in outcomes if it.why)))


if __name__ == "__main__":
    main()
