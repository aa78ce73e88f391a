"""Scan a tree beside pipreqs, deptry and fawltydeps in one run; prints ratios.

    pip install deptry pipreqs fawltydeps
    python benchmarks/scan.py TREE [--repeat 3] [--peers FOLDER_OF_THEIR_COMMANDS]

Each tool runs as its command, in its own process, with its output thrown away; the best of the
repeats counts. The tree is copied first, so that no tool's configuration or cache is in the way.
Only the reading of files is compared: nothing is mapped, solved or fetched.
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

OURS = """
import sys, pathlib
from condavision.analysis import analyze_together, find_scripts
root = pathlib.Path(sys.argv[1])
found = analyze_together(find_scripts([root], modules=True), root=root)
print(len(found.files), len(found.imports), found.python)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="the folder their commands are in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(options.tree, tree, ignore=shutil.ignore_patterns("*.so", "*.pyc", ".git"))
        (tree / "requirements.txt").touch()
        files = sum(1 for _ in tree.rglob("*.py"))
        size = sum(path.stat().st_size for path in tree.rglob("*.py"))
        print(f"{files} files, {size / 1e6:.1f} MB, {os.cpu_count()} processors")
        compare(tree, Path(folder), files, options)


def compare(tree: Path, folder: Path, files: int, options: argparse.Namespace) -> None:
    ours = [sys.executable, "-c", OURS, str(tree)]
    home = folder / "home"
    results: dict[str, float] = {}
    for _ in range(options.repeat):  # interleaved: the machine's mood is shared
        shutil.rmtree(home, ignore_errors=True)
        record(results, "condavision, first", ours, tree, home)
        time.sleep(2.1)  # what was written within two seconds of being read is read again
        subprocess.run(ours, cwd=tree, env=environment(home), check=True, capture_output=True)
        record(results, "condavision, again", ours, tree, home)
        for name, command in peers(options.peers):
            record(results, name, command, tree, home)
    deptry = results.get("deptry")
    for name, seconds in sorted(results.items(), key=lambda it: it[1]):
        ratio = f"{seconds / deptry:6.2f} x deptry" if deptry else ""
        print(f"{name:22} {seconds:8.2f} s {files / seconds:8.0f} files/s {ratio}")


def peers(folder: Path | None) -> list[tuple[str, list[str]]]:
    commands = {
        "deptry": ["deptry", ".", "-rf", "requirements.txt"],
        "pipreqs": ["pipreqs", "--mode", "no-pin", "--print", "."],
        "fawltydeps": ["fawltydeps", "--list-imports", "--code", "."],
    }
    found = []
    for name, (program, *arguments) in commands.items():
        path = shutil.which(program, path=str(folder) if folder else None)
        if path is None:
            print(f"{name}: not installed, left out")
        else:
            found.append((name, [path, *arguments]))
    return found


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "CONDAVISION_HOME": str(home)}


def record(
    results: dict[str, float], name: str, command: list[str], tree: Path, home: Path
) -> None:
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=tree, env=environment(home), capture_output=True, check=False
    )
    seconds = time.perf_counter() - started
    if done.returncode not in {0, 1}:  # deptry and fawltydeps report findings with 1
        print(f"{name}: ended with {done.returncode}: {done.stderr[-300:].decode()}")
    results[name] = min(seconds, results.get(name, seconds))


if __name__ == "__main__":
    main()
