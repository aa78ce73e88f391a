"""Measure what each dependency adds to an installation of condavision: megabytes and seconds.

    python -m benchmarks.dependencies [--runs 3] [--cold]

A dependency adds what no other one requires as well. Sizes are of files, as uv installs them:
without bytecode. Seconds are of `uv pip install --no-deps` into a new environment with all wheels
cached, and with --cold of downloads too; runs alternate, and the minimum counts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from uv import find_uv_bin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REPOSITORY = Path(__file__).resolve().parents[1]
OWN = "condavision"
LEAST = 1_000_000
"""Bytes below which an installation without a dependency is not timed."""


@dataclass(frozen=True)
class Installed:
    """A distribution: its version, its bytes, and the distributions that it requires."""

    version: str
    size: int
    requires: frozenset[str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = install_and_read(folder / "all")
        report_sizes(found)
        report_times(found, folder, arguments.runs, cold=arguments.cold)


def install_and_read(environment: Path) -> Mapping[str, Installed]:
    """Install the checkout and return all distributions by name."""
    make(environment)
    uv("pip", "install", "--python", environment, REPOSITORY)
    (packages,) = environment.glob("lib/*/site-packages")
    return {canonicalize_name(it.name): read(it) for it in distributions(path=[str(packages)])}


def read(distribution: Distribution) -> Installed:
    files = [Path(str(it.locate())) for it in distribution.files or ()]
    size = sum(path.stat().st_size for path in files if path.is_file())
    extras = ("", "filecache")  # the one extra that is asked for: CacheControl's
    required = frozenset(
        canonicalize_name(it.name)
        for it in map(Requirement, distribution.requires or ())
        if it.marker is None or any(it.marker.evaluate({"extra": extra}) for extra in extras)
    )
    return Installed(distribution.version, size, required)


def reached(found: Mapping[str, Installed], names: Iterable[str]) -> set[str]:
    waiting, known = [*names], set[str]()
    while waiting:
        name = waiting.pop()
        if name in found and name not in known:
            known.add(name)
            waiting += found[name].requires
    return known


def added_by(found: Mapping[str, Installed], name: str) -> set[str]:
    """Return the distributions that only one dependency brings."""
    return found.keys() - reached(found, found[OWN].requires - {name}) - {OWN}


def size_of(found: Mapping[str, Installed], names: Iterable[str]) -> int:
    return sum(found[name].size for name in names)


def report_sizes(found: Mapping[str, Installed]) -> None:
    print(f"{len(found)} distributions, {size_of(found, found) / 1e6:.1f} MB\n")
    print(f"{'dependency':20}{'itself':>10}{'added':>10}  brings alone")
    adds = {name: added_by(found, name) for name in found[OWN].requires if name in found}
    for name, added in sorted(adds.items(), key=lambda it: -size_of(found, it[1])):
        largest = sorted(added - {name}, key=lambda it: -found[it].size)
        sizes = (found[name].size / 1e6, size_of(found, added) / 1e6)
        brought = ", ".join(f"{it} {found[it].size / 1e6:.1f}" for it in largest[:6])
        more = f", {len(largest) - 6} more" if len(largest) > 6 else ""
        print(f"{name:20}{sizes[0]:7.1f} MB{sizes[1]:7.1f} MB  {brought}{more}")


def report_times(found: Mapping[str, Installed], folder: Path, runs: int, *, cold: bool) -> None:
    without = {name: added_by(found, name) for name in found[OWN].requires if name in found}
    sets = {"all": set[str]()}
    sets |= {f"without {name}": it for name, it in without.items() if size_of(found, it) >= LEAST}
    print(f"\n{'':28}{'cached':>10}" + (f"{'cold':>10}" if cold else ""))
    times: dict[str, list[list[float]]] = {name: [] for name in sets}
    for _ in range(runs):
        for name, dropped in sets.items():
            kept = sorted(found.keys() - dropped - {OWN})
            wanted = [f"{it}=={found[it].version}" for it in kept]
            caches = [None, folder / "empty"] if cold else [None]
            times[name].append([install(folder / "one", wanted, cache) for cache in caches])
    for name, measured in times.items():
        best = [min(column) for column in zip(*measured, strict=True)]
        print(f"{name:28}" + "".join(f"{seconds:8.2f} s" for seconds in best))


def install(environment: Path, wanted: list[str], cache: Path | None) -> float:
    make(environment)
    options = ["--cache-dir", str(cache)] if cache else []
    began = time.perf_counter()
    uv("pip", "install", "--no-deps", "--python", environment, *options, *wanted)
    seconds = time.perf_counter() - began
    if cache:
        uv("cache", "clean", *options)
    return seconds


def make(environment: Path) -> None:
    uv("venv", "--clear", "--python", sys.executable, environment)


def uv(*words: str | Path) -> None:
    subprocess.run([find_uv_bin(), "--quiet", *map(str, words)], check=True)


if __name__ == "__main__":
    main()
