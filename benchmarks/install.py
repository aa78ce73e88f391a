"""Measure what installing an environment costs on top of rattler, with all packages cached.

    python -m benchmarks.install [SPEC...] [--channel URL] [--runs 10]

The channel is that of the tests unless another is given. Prints medians and minima in
milliseconds; runs alternate.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import rattler
from rattler.package_cache import PackageCache

from benchmarks.channel import test_channel
from condavision.core.model import Lock
from condavision.core.platforms import current_subdir
from condavision.environments.environment import environment_of
from condavision.environments.install import install
from condavision.system.files import remove_tree
from condavision.system.progress import Progress
from tests.channels.engine import locked, solve

if TYPE_CHECKING:
    from collections.abc import Callable

SPECS = ("python {}.{}.*".format(*sys.version_info), "numpy", "requests", "pyyaml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("specs", nargs="*", default=SPECS)
    parser.add_argument("--channel")
    parser.add_argument("--runs", type=int, default=10)
    arguments = parser.parse_args()
    channel = arguments.channel or test_channel()
    records = solve(channel, arguments.specs)
    lock = Lock("0" * 16, (channel,), (current_subdir(),), tuple(map(locked, records)))
    with tempfile.TemporaryDirectory() as folder:
        report(len(records), measure(Path(folder), records, lock, arguments.runs))


def measure(
    home: Path, records: list[rattler.RepoDataRecord], lock: Lock, runs: int
) -> dict[str, list[float]]:
    """Return milliseconds of each run, without the first of each kind, which fills caches."""
    prefix = environment_of(lock, current_subdir(), home).prefix

    async def bare() -> None:
        cache = PackageCache(home / "pkgs")
        await rattler.install(records, prefix, package_cache=cache, show_progress=False)

    def ours(*, compiled: bool) -> None:
        options = {"home": home, "progress": Progress(), "compile_bytecode": compiled}
        install(lock, current_subdir(), **options)  # type: ignore[arg-type]

    ways: dict[str, Callable[[], None]] = {
        "rattler.install": lambda: asyncio.run(bare()),
        "condavision, no bytecode": lambda: ours(compiled=False),
        "condavision": lambda: ours(compiled=True),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs + 1):
        for name, way in ways.items():
            remove_tree(prefix)
            began = time.perf_counter()
            way()
            times[name].append((time.perf_counter() - began) * 1000)
    return {name: values[1:] for name, values in times.items()}


def report(packages: int, times: dict[str, list[float]]) -> None:
    first = next(iter(times.values()))
    print(f"{f'{packages} packages, cached':28} {'median':>8} {'min':>8} {'added':>8}")
    for name, values in times.items():
        median = statistics.median(values)
        print(
            f"{name:28} {median:8.1f} {min(values):8.1f} {median - statistics.median(first):8.1f}"
        )


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # py-rattler may crash an interpreter that ends the usual way
