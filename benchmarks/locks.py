"""Measure how often the imports of real code all succeed in the environment locked for it.

    python -m benchmarks.locks RESULTS.jsonl FOLDER... [--most 60] [--seed 1] [--only NAME...]
    python -m benchmarks.locks RESULTS.jsonl

Each entry of a FOLDER is drawn from: a folder is a project, or a script with its modules, and is
locked as one; a file is a script. A copy without tests and without the requirements that it
declares is locked through the commands that a user types: ``condavision lock --prove``, on the
channel ``interpreters:``, with packages from PyPI. If that succeeds, the environment is made as
``condavision install`` does, but without bytecode, and its Python tries each import that the code
cannot do without, each name in it too, in a process of its own; with Django, in an application
that has its settings and a database. With ``--plain``, ``--prove`` is left out, to compare.

Every entry that is drawn is a line of RESULTS, which a later call resumes; ``--only`` repeats
entries, and their last line counts. Without FOLDER the results are printed: the locks that were
made, how many of them have a failing import, and why there is no lock for the others. Left out are
entries that import nothing from packages, and those that need very large ones (:data:`HEAVY`).
Locks of the same requirements, asked for the same imports, are tried and counted once.
None of the code is run, but packages are imported.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.accuracy import prune
from condavision.api import analyze
from condavision.core.platforms import current_subdir
from condavision.environments.install import install
from condavision.errors import CondavisionError
from condavision.inference.needs import is_needed
from condavision.locks.lockfile import read_lock
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.inference.inference import Inference

HEAVY = frozenset(
    {
        "jax",
        "keras",
        "paddlepaddle",
        "pyspark",
        "tensorflow",
        "torch",
        "torchvision",
        "transformers",
    }
)
"""Distributions that alone take more than a minute to download and unpack."""

HERE = Path(__file__).parents[1]
SECONDS = 300  # for each command
TRY = """
import importlib, sys
name, members = sys.argv[1], sys.argv[2:]
try:
    import django
    from django.conf import settings
except ImportError:
    pass
else:
    contrib = "admin auth contenttypes messages sessions sites".split()
    apps = ["django.contrib." + it for it in contrib] + [name.partition(".")[0]]
    settings.configure(
        INSTALLED_APPS=[it for it in apps if it != "django"],
        SECRET_KEY="x",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    getattr(django, "setup", int)()
module = importlib.import_module(name)
for member in members:
    if not hasattr(module, member):
        importlib.import_module(name + "." + member)
"""

Wanted = tuple[str, ...]  # a module, and the names that are taken from it


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for an entry: ``why`` it has no lock, or the ``failures`` of its imports.

    ``version`` is the commit that measured it. ``same`` is the earlier entry with this lock.
    """

    entry: str
    version: str = ""
    seconds: int = 0
    why: str = ""
    hash: str = ""
    imports: tuple[Wanted, ...] = ()
    failures: tuple[str, ...] = ()
    same: str = ""


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
    return run(folder, line, PYTHONPATH=str(HERE), PYTHONSAFEPATH="1")


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """Return the code and the first line of an error."""
    lines = [it for it in done.stderr.splitlines() if it.startswith("error: ")]
    return f"{done.returncode} {lines[0].removeprefix('error: ')[:300] if lines else ''}"


def inferred(tree: Path) -> Inference:
    target = {"together": tree} if tree.is_dir() else {"script": tree}
    return analyze(**target, channels=("interpreters:",))  # type: ignore[arg-type]


def asked(inference: Inference) -> tuple[Wanted, ...]:
    """Return the imports that the code cannot do without, each with the names it takes."""
    found: dict[str, set[str]] = {}
    for it in inference.resolutions:
        if is_needed(it.imported) and it.installed and not it.imported.platforms - {"linux"}:
            found.setdefault(it.imported.name, set()).update(it.imported.members)
    return tuple((name, *sorted(members)) for name, members in sorted(found.items()))


def installed(lock: Path) -> Path:
    """Return the environment of a lock, made as ``condavision install`` does, without bytecode."""
    made = install(
        read_lock(lock),
        current_subdir(),
        home=Path(os.environ["CONDAVISION_HOME"]),
        progress=Progress(),
        compile_bytecode=False,
    )
    return made.prefix


def tried(python: Path, wanted: Wanted) -> str:
    """Return the last line of what importing it prints, empty if that succeeds."""
    line = [str(python), "-E", "-s", "-W", "ignore", "-c", TRY, *wanted]
    with tempfile.TemporaryDirectory() as empty:
        done = run(Path(empty), line, MPLBACKEND="Agg", QT_QPA_PLATFORM="offscreen")
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:300]


def measured(tree: Path, outcome: Outcome, before: Iterable[Outcome], *, plain: bool) -> Outcome:
    """Lock, install and try an entry."""
    folder = tree if tree.is_dir() else tree.parent
    (folder / "condavision.toml").write_text('channels = ["interpreters:"]\n')
    try:
        inference = inferred(tree)
    except CondavisionError:  # the command reports it
        inference = None
    if inference is not None:
        if {it.name for it in inference.requirements.requirements} & HEAVY:
            return replace(outcome, why="heavy")
        if not inference.requirements.requirements:
            return replace(outcome, why="nothing")
    proof = () if plain else ("--prove",)
    what = ("--together", ".") if tree.is_dir() else (tree.name,)
    locked = command(folder, "lock", *proof, *what, "--json", "-q")
    if locked.returncode:
        return replace(outcome, why=error_of(locked))
    answer = json.loads(locked.stdout)[0]
    text = Path(answer["lock"]).read_text()
    if not plain and "proof" not in text:
        return replace(outcome, why="not proved")
    if HEAVY & set(re.findall(r"- name: (\S+)", text)):
        return replace(outcome, why="heavy")
    outcome = replace(outcome, hash=answer["hash"], imports=asked(inferred(tree)))
    for it in before:
        alike = (it.hash, it.imports) == (outcome.hash, outcome.imports)
        if alike and not it.same and it.entry != outcome.entry:
            return replace(outcome, same=it.entry, failures=it.failures)
    try:
        prefix = installed(Path(answer["lock"]))
    except CondavisionError as error:
        return replace(outcome, failures=(f"install: {error}"[:300],))
    failures = [
        f"{it[0]}: {found}"
        for it in outcome.imports
        if (found := tried(prefix / "bin" / "python", it))
    ]
    shutil.rmtree(prefix, ignore_errors=True)
    return replace(outcome, failures=tuple(failures))


# ---------------------------------------------------------------------------- the results


def read_results(path: Path) -> dict[str, Outcome]:
    """Return the outcomes of a file of results; an entry's last line counts."""
    found = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        values = json.loads(line)
        values["imports"] = tuple(map(tuple, values["imports"]))
        values["failures"] = tuple(values["failures"])
        found[values["entry"]] = Outcome(**values)
    return found


def interval(good: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval (Clopper and Pearson, 1934) of a share."""

    def at_least(count: int, share: float) -> float:
        return sum(
            math.comb(total, it) * share**it * (1 - share) ** (total - it)
            for it in range(count, total + 1)
        )

    def share_where(count: int, level: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if at_least(count, middle) < level else (low, middle)
        return low

    half = (1 - confidence) / 2
    return (
        share_where(good, half) if good else 0.0,
        share_where(good + 1, 1 - half) if good < total else 1.0,
    )


def report(outcomes: Iterable[Outcome]) -> None:
    drawn = [it for it in outcomes if it.why not in {"heavy", "nothing"}]
    accepted = [it for it in drawn if not it.why]
    locks = [it for it in accepted if not it.same]
    good = [it for it in locks if not it.failures]
    for it in drawn:
        if it.why:
            print(f"{it.entry}: {it.why}")
    for it in locks:
        if it.failures:
            print(f"{it.entry}:", *it.failures, sep="\n    ")
    print("not locked:", dict(Counter(it.why.split()[0] for it in drawn if it.why)))
    print(
        f"{len(drawn)} drawn, {len(accepted)} locked, {len(locks)} different locks; all imports",
        end=" ",
    )
    print(f"succeed in {len(good)}", end="")
    if locks:
        low, high = interval(len(good), len(locks))
        print(f" ({len(good) / len(locks):.3f}, 95 % interval {low:.3f} to {high:.3f})", end="")
    print(f"\n{sum(len(it.imports) for it in locks)} imports", end=", ")
    print(f"{sum(len(it.failures) for it in locks)} fail")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", type=Path, help="one line for each entry that was drawn")
    parser.add_argument("folders", type=Path, nargs="*", help="folders of projects and scripts")
    parser.add_argument("--most", type=int, default=60, help="entries that are drawn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="lock without --prove")
    parser.add_argument("--only", nargs="*", default=(), help="repeat the entries of these names")
    options = parser.parse_args()
    results = read_results(options.results)
    entries = {
        f"{folder.name}/{it.name}": it
        for folder in options.folders
        for it in folder.iterdir()
        if it.is_dir() or it.suffix == ".py"
    }
    drawn = sorted(entries)
    random.Random(options.seed).shuffle(drawn)
    chosen = options.only or [it for it in drawn[: options.most] if it not in results]
    version = subprocess.check_output(
        ["git", "-C", str(HERE), "describe", "--always", "--dirty"], text=True
    ).strip()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("CONDAVISION_HOME", f"{scratch}/home")
        for name in chosen:
            start = time.monotonic()
            whole = entries[name]
            tree = Path(scratch, "code", name)
            if whole.is_dir():
                prune(whole, tree, declared=False)
            else:
                tree = tree / whole.name
                tree.parent.mkdir(parents=True)
                shutil.copy(whole, tree)
            outcome = measured(tree, Outcome(name, version), results.values(), plain=options.plain)
            outcome = replace(outcome, seconds=round(time.monotonic() - start))
            results[name] = outcome
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(outcome)) + "\n")
            shutil.rmtree(Path(scratch, "code"))
    report(results.values())


if __name__ == "__main__":
    main()
