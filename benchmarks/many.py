"""Measure what locks and checks of a thousand scripts with many sets of requirements cost.

Each number of scripts is locked twice and checked, each time in its own process: the first time
every set is solved, afterwards every lock exists. Prints the solves, the time, the load of the
processors (CPU seconds per wall second) and the peak memory of the process, which should depend on
the sets and hardly on the scripts.

    python -m benchmarks.many [--channel URL] [--scripts 100 1000]
    python -m benchmarks.many --pypi [--cold]

The default channel is a temporary one, whose packages have an empty module each. With ``--pypi``
the Pythons are this machine's and all packages come from PyPI; the sets are solved once before,
unless ``--cold``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path

from rattler.index import index_fs

from condavision.interpreters.conda_package import PackageFile
from tests.channels.package import Package

PLATFORMS = ("linux-64", "osx-arm64", "win-64")
MODULES = (
    "numpy",
    "pandas",
    "requests",
    "scipy",
    "click",
    "rich",
    "jinja2",
    "tqdm",
    "httpx",
    "six",
)
PYPI = (*MODULES, "flask", "matplotlib", "sqlalchemy", "pydantic", "aiohttp", "boto3")
SETS = 50
PYPI_SETS = 164
HELPERS = 20
"""Local modules, of which each script imports two."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost; ``memory`` in megabytes."""

    solves: int
    seconds: float
    busy: float
    memory: float

    def __str__(self) -> str:
        return (
            f"{self.solves:3} solves  {self.seconds:6.2f} s  {self.busy:4.2f} processors busy"
            f"  {self.memory:4.0f} MB"
        )


def made_channel(folder: Path) -> str:
    """Return the url of a channel of packages with an empty module each."""
    pythons = [
        Package("python", f"3.{minor}.1", "h0_0_cpython", subdir=platform)
        for platform in PLATFORMS
        for minor in (11, 12, 13)
    ]
    modules = [
        Package(
            *(name, f"{major}.0", "py_0"),
            noarch="python",
            depends=("python",),
            entries=(PackageFile(f"site-packages/{name}/__init__.py", b""),),
        )
        for name in (*MODULES, "pip")
        for major in (1, 2)
    ]
    for package in (*pythons, *modules):
        package.write(folder)
    asyncio.run(index_fs(folder, write_zst=False, write_shards=False))
    return folder.as_uri()


def requirement_sets(*, pypi: bool) -> list[tuple[str, ...]]:
    """Return the modules of each set."""
    modules, count = (PYPI, PYPI_SETS) if pypi else (MODULES, SETS)
    return list(islice((it for n in (1, 2, 3) for it in combinations(modules, n)), count))


def make_scripts(folder: Path, count: int, sets: list[tuple[str, ...]]) -> None:
    """Write this many scripts, and the local modules that they share."""
    (folder / "helpers").mkdir(parents=True)
    (folder / "condavision.toml").touch()
    for number in range(HELPERS):
        text = f"def helper_{number}(it):\n    return {{'it': it, 'number': {number}}}\n\n\n"
        (folder / "helpers" / f"h{number}.py").write_text(text * 20)
    for number in range(count):
        imports = "".join(f"import {name}\n" for name in sets[number % len(sets)])
        for helper in {number % HELPERS, number // len(sets) % HELPERS}:
            imports += f"from helpers.h{helper} import helper_{helper}\n"
        body = "".join(f"\n\ndef part_{at}(it):\n    return [it, {at}]\n" for at in range(20))
        (folder / f"s{number}.py").write_text(f"{imports}{body}\n\nprint(part_0({number}))\n")


def measured(command: list[str], folder: Path, home: Path) -> Cost:
    """Run a command; it must succeed."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environ["CONDAVISION_HOME"] = str(home)
    with (folder.parent / "said").open("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        sys.exit(text)
    busy = (usage.ru_utime + usage.ru_stime) / seconds
    return Cost(text.count("solving "), seconds, busy, usage.ru_maxrss / 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--channel")
    parser.add_argument("--scripts", type=int, nargs="*", default=[100, 300, 1000])
    parser.add_argument("--pypi", action="store_true")
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    sets = requirement_sets(pypi=options.pypi)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        if options.pypi:
            asked = ["-c", "interpreters:"]
        else:
            asked = ["-c", options.channel or made_channel(Path(scratch) / "channel")]
            asked += [option for platform in PLATFORMS for option in ("--platform", platform)]
        condavision = [sys.executable, "-m", "condavision"]
        lock = [*condavision, "lock", *asked, "."]
        if options.pypi and not options.cold:
            folder = Path(scratch) / "warm" / "project"
            make_scripts(folder, len(sets), sets)
            print(f"{'caches filled':20}{measured(lock, folder, home)}", flush=True)
        for count in options.scripts:
            folder = Path(scratch) / str(count) / "project"
            make_scripts(folder, count, sets)
            commands = {"": lock, ", again": lock, ", check": [*condavision, "check", "."]}
            for again, command in commands.items():
                cost = measured(command, folder, home)
                print(f"{f'{count} scripts{again}':20}{cost}", flush=True)


if __name__ == "__main__":
    main()
