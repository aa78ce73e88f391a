"""Measure how often the inferred Python range agrees with what real interpreters compile.

Usage: ``python benchmarks/accuracy_pythons.py FOLDER... [--truth FILE] [--show N]``

Every ``.py`` file below the folders (duplicates by content once) is compiled by every CPython found
under ``~/.pyenv/versions`` or on PATH. A file counts as right when the range inferred from syntax
excludes every interpreter that cannot compile it and keeps one that can. Files that no interpreter
compiles are counted separately: no range is right for them. ``--truth`` keeps the compile results
between runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.python_range.versions import syntax_reasons
from condavision.analysis.source.source import parse, read_source
from condavision.core.pythons import PythonRange
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.core.pythons import Minor

# Runs under 2.7 as well: one line in (a path), one line out (1 or 0).
WORKER = """
import codecs, sys, warnings
warnings.simplefilter("ignore")
while True:
    path = sys.stdin.readline()
    if not path:
        break
    try:
        with open(path[:-1], "rb") as stream:
            source = stream.read()
        if sys.version_info[0] == 2:  # compile() of a string skips the check of PEP 263
            start = b"\\n".join(source.replace(b"\\r", b"\\n").split(b"\\n")[:2])
            if b"coding" not in start and not source.startswith(codecs.BOM_UTF8):
                source.decode("ascii")
        compile(source, "x", "exec", 0, 1)
        result = "1"
    except BaseException:
        result = "0"
    sys.stdout.write(result + "\\n")
    sys.stdout.flush()
"""


def interpreters() -> dict[Minor, Path]:
    """Return one executable per minor version found."""
    candidates = sorted(Path.home().glob(".pyenv/versions/*/bin/python"))
    for folder in map(Path, os.environ.get("PATH", "").split(os.pathsep)):
        candidates += sorted(p for p in folder.glob("python[23].*") if p.name[-1].isdigit())
    found: dict[Minor, Path] = {}
    for candidate in candidates:
        answer = subprocess.run(
            [candidate, "-c", "import sys; print('%d %d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if re.fullmatch(r"\d \d+\n", answer.stdout):
            major, minor = map(int, answer.stdout.split())
            found.setdefault((major, minor), candidate)
    return dict(sorted(found.items()))


def compiled_by(executable: Path, paths: list[Path]) -> Iterator[bool]:
    """Yield for each path whether ``executable`` compiles it; false if it crashes."""
    worker = None
    for path in paths:
        if worker is None:
            worker = subprocess.Popen(
                [executable, "-S", "-c", WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(os.fsencode(path) + b"\n")
        worker.stdin.flush()
        answer = worker.stdout.readline()
        if not answer:
            worker.wait()
            worker = None
        yield answer == b"1\n"
    if worker is not None:
        worker.communicate()


def unique_files(folders: Iterable[Path]) -> dict[str, Path]:
    """Return the Python files below ``folders`` by digest of their content."""
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if path.is_file() and "\n" not in str(path):
                files.setdefault(hashlib.sha256(path.read_bytes()).hexdigest()[:24], path)
    return files


def truth(files: dict[str, Path], kept: Path | None) -> dict[str, dict[str, bool]]:
    """Return, by digest, which interpreters (spelt ``3.8``) compile the file."""
    results: dict[str, dict[str, bool]] = {}
    if kept is not None and kept.exists():
        results = json.loads(kept.read_text())
    for (major, minor), executable in interpreters().items():
        spelt = f"{major}.{minor}"
        missing = [digest for digest in files if spelt not in results.get(digest, {})]
        answers = compiled_by(executable, [files[digest] for digest in missing])
        for digest, answer in zip(missing, answers, strict=True):
            results.setdefault(digest, {})[spelt] = answer
        if kept is not None:
            kept.write_text(json.dumps(results))
    return results


def inferred(path: Path) -> tuple[frozenset[Minor], list[str]]:
    """Return the minors the syntax of a file admits, and the rules applied."""
    try:
        source = read_source(path)
        reasons = syntax_reasons(source, parse(source))
    except AnalysisError as error:
        return frozenset(), [error.message]
    pythons = reduce(PythonRange.__and__, (r.pythons for r in reasons), PythonRange())
    return pythons.minors, [f"{r.location.line}: {r.rule}" for r in reasons]


def verdict(minors: frozenset[Minor], compiled: dict[str, bool]) -> str:
    """Compare an inferred range with the interpreters' answers."""
    able = {_minor(spelt) for spelt, answer in compiled.items() if answer}
    unable = {_minor(spelt) for spelt, answer in compiled.items() if not answer}
    if not able:
        return "no interpreter compiles it"
    if minors & unable:
        return "too wide"
    if not minors & able:
        return "keeps none"
    return "exact" if able <= minors else "right, narrower"


def _minor(spelt: str) -> Minor:
    major, minor = map(int, spelt.split("."))
    return major, minor


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folders", nargs="+", type=Path)
    arguments.add_argument("--truth", type=Path)
    arguments.add_argument(
        "--show", type=int, default=0, metavar="N", help="list N files per fault"
    )
    options = arguments.parse_args()
    files = unique_files(options.folders)
    compiled = truth(files, options.truth)
    started = time.perf_counter()
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor() as pool:
        results = pool.map(inferred, files.values(), chunksize=50)
        for (digest, path), (minors, rules) in zip(files.items(), results, strict=True):
            outcome = verdict(minors, compiled[digest])
            counts[outcome] += 1
            if outcome != "exact" and counts[outcome] <= options.show:
                able = " ".join(spelt for spelt, answer in compiled[digest].items() if answer)
                print(f"{outcome}: {path}\n  inferred {PythonRange(minors)} from {rules}")
                print(f"  compiled by {able or 'none'}")
    judged = counts.total() - counts["no interpreter compiles it"]
    right = counts["exact"] + counts["right, narrower"]
    print(f"{counts.total()} files in {time.perf_counter() - started:.1f} s, {judged} judged")
    for outcome, count in counts.most_common():
        print(f"  {count:6} {outcome}")
    print(f"right: {right / max(judged, 1):.4%}")


if __name__ == "__main__":
    main()
