"""Compare the scan of a tree with pipreqs, deptry and fawltydeps; prints ratios.

    pip install deptry pipreqs fawltydeps
    python benchmarks/scan.py TREE [--repeat 3] [--copies 4] [--peers FOLDER_OF_THEIR_COMMANDS]

Each tool runs as its command, in its own process, with its output discarded; the best of the
repeats counts, and a tool that fails has no time. The tree is copied first, so that no tool's
configuration or cache interferes. Only the reading of files is compared: nothing is mapped, solved
or fetched. pipreqs fails at the first file that its Python does not parse; if so, it and
condavision are compared again without such files, according to the Python that runs this, which
should be the same version. With ``--copies`` each tool is run once more on the tree and once on
this many copies of it, and its memory is reported: the largest sum over its processes, shared pages
counted once (Linux).
"""

from __future__ import annotations

import argparse
import ast
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from pathlib import Path

OURS = """
import sys, pathlib
from condavision.analysis.analyze import analyze_together
from condavision.analysis.source.script_search import search_scripts
root = pathlib.Path(sys.argv[1]).resolve()
found = analyze_together(search_scripts([root], modules=True).scripts, root=root)
print(len(found.files), len(found.imports), found.python)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--copies", type=int, default=0, help="measure memory on so many, too")
    parser.add_argument("--peers", type=Path, help="the folder their commands are in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        left_out = shutil.ignore_patterns("*.so", "*.pyc", ".git", "site-packages")
        shutil.copytree(options.tree, tree, ignore=left_out)
        (tree / "requirements.txt").touch()
        files = sum(1 for _ in tree.rglob("*.py"))
        size = sum(path.stat().st_size for path in tree.rglob("*.py"))
        print(f"{files} files, {size / 1e6:.1f} MB, {os.cpu_count()} processors")
        if options.repeat:
            compare(tree, Path(folder), files, options)
        if options.copies:
            weigh(tree, Path(folder), options)


def compare(tree: Path, folder: Path, files: int, options: argparse.Namespace) -> None:
    others = peers(options.peers)
    results = measured(tree, folder, others, options.repeat)
    table(results, files, "deptry")
    if math.isinf(results.get("pipreqs", 0.0)):
        removed = remove_unparsed(tree)
        print(f"without {removed} files that {sys.version.split()[0]} does not parse:")
        only = {"pipreqs": others["pipreqs"]}
        table(measured(tree, folder, only, options.repeat), files - removed, "pipreqs")


def measured(
    tree: Path, folder: Path, others: dict[str, list[str]], repeat: int
) -> dict[str, float]:
    """Return the best time of each tool in seconds; infinite if it fails."""
    ours = [sys.executable, "-c", OURS, str(tree)]
    home = folder / "home"
    results: dict[str, float] = {}
    for _ in range(repeat):  # interleaved, so that noise affects all alike
        shutil.rmtree(home, ignore_errors=True)
        record(results, "condavision, first", ours, tree, home)
        time.sleep(2.1)  # what was written within two seconds of being read is read again
        subprocess.run(ours, cwd=tree, env=environment(home), check=True, capture_output=True)
        record(results, "condavision, again", ours, tree, home)
        for name, command in others.items():
            record(results, name, command, tree, home)
    return results


def table(results: dict[str, float], files: int, unit: str) -> None:
    one = results.get(unit, math.inf)
    for name, seconds in sorted(results.items(), key=lambda it: it[1]):
        if math.isinf(seconds):
            print(f"{name:22} failed")
            continue
        ratio = "" if math.isinf(one) else f"{seconds / one:6.2f} x {unit}"
        print(f"{name:22} {seconds:8.2f} s {files / seconds:8.0f} files/s {ratio}")


def remove_unparsed(tree: Path) -> int:
    """Remove the files at which pipreqs fails; return how many there were."""
    removed = 0
    for path in tree.rglob("*.py"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(path.read_text("utf-8"))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            path.unlink()
            removed += 1
    return removed


def peers(folder: Path | None) -> dict[str, list[str]]:
    commands = {
        "deptry": ["deptry", ".", "-rf", "requirements.txt"],
        "pipreqs": ["pipreqs", "--use-local", "--print", "."],
        "fawltydeps": ["fawltydeps", "--list-imports", "--code", "."],
    }
    found = {}
    for name, (program, *arguments) in commands.items():
        path = shutil.which(program, path=str(folder) if folder else None)
        if path is None:
            print(f"{name}: not installed, skipped")
        else:
            found[name] = [path, *arguments]
    return found


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "CONDAVISION_HOME": str(home)}


def weigh(tree: Path, folder: Path, options: argparse.Namespace) -> None:
    """Print the memory of each tool on the tree and on copies of it."""
    many = folder / "many"
    for copy in range(options.copies):
        shutil.copytree(tree, many / f"copy{copy}")
    (many / "requirements.txt").touch()
    for name, command in [
        ("condavision, first", [sys.executable, "-c", OURS, "."]),
        ("condavision, again", [sys.executable, "-c", OURS, "."]),
        *peers(options.peers).items(),
    ]:
        small, large = (peak(command, at, folder / f"home of {at.name}") for at in (tree, many))
        on_many = f"{large:6.0f} MB on {options.copies} copies"
        print(f"{name:22} {small:6.0f} MB, {on_many}: {large / small:.1f} x")


def peak(command: list[str], tree: Path, home: Path) -> float:
    """Run a command; return the peak memory of it and its children, in MB."""
    highest = 0
    with subprocess.Popen(
        command,
        cwd=tree,
        env=environment(home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None:
            highest = max(highest, sum(map(proportional, family(process.pid))))
            time.sleep(0.05)
    if process.returncode not in {0, 1}:  # deptry and fawltydeps report findings with 1
        print(f"{command[0]} ended with {process.returncode}: its memory is not meaningful")
    return highest / 1024


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for parent in found:
        for path in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, path.read_text().split())
    return found


def proportional(pid: int) -> int:
    """Return the memory of a process in kB; a page shared by n processes counts as 1/n."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def record(
    results: dict[str, float], name: str, command: list[str], tree: Path, home: Path
) -> None:
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=tree, env=environment(home), capture_output=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode not in {0, 1} or b"Traceback" in done.stderr:  # 1 means findings
        print(f"{name}: ended with {done.returncode}: {done.stderr[-300:].decode()}")
        seconds = math.inf
    results[name] = min(seconds, results.get(name, seconds))


if __name__ == "__main__":
    main()
