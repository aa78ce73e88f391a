"""Measure what `condavision lock` adds to the bare solve, and how long conda-lock takes.

Each round runs, in turn and each in its own process: the bare ``rattler.solve`` calls, the complete
``condavision lock``, and conda-lock with each of micromamba, mamba and conda that is on PATH. Index
caches are warm. Prints the minimum of each and the ratios.

    python -m benchmarks.lock [--channel https://conda.anaconda.org/conda-forge] [--rounds 5]

The default channel is that of the tests, whose index is small: it shows what condavision adds, but
not how the engines differ.
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

from benchmarks.channel import test_channel

PLATFORMS = ("linux-64", "osx-arm64", "win-64")
IMPORTS = {"numpy": "numpy", "pandas": "pandas", "sklearn": "scikit-learn", "requests": "requests"}
IN_TESTS = {"numpy": "numpy", "requests": "requests", "yaml": "pyyaml"}
BARE = """
import asyncio, os, sys
import rattler
sys.path.insert(0, {root!r})
from condavision.core.platforms import PLATFORMS

async def solve(gateway, platform):
    virtual = [
        rattler.GenericVirtualPackage(
            rattler.PackageName(name), rattler.Version(version), rattler.BuildString(build or "0")
        )
        for name, version, build in PLATFORMS[platform].virtual_packages
    ]
    await rattler.solve(
        [rattler.Channel({channel!r})],
        {specs!r},
        gateway=gateway,
        platforms=[platform, "noarch"],
        virtual_packages=virtual,
    )

async def main():
    gateway = rattler.Gateway(cache_dir={cache!r})
    await asyncio.gather(*(solve(gateway, platform) for platform in {platforms!r}))

asyncio.run(main())
os._exit(0)
"""


def contenders(folder: Path, channel: str, imports: dict[str, str]) -> dict[str, list[str]]:
    root = Path(__file__).resolve().parents[1]
    (folder / "project").mkdir()
    (folder / "project" / "script.py").write_text(f"import {', '.join(imports)}\n")
    specs = ["python >=3.10", *imports.values()]
    bare = BARE.format(
        root=str(root),
        channel=channel,
        specs=specs,
        cache=str(folder / "home" / "repodata"),
        platforms=PLATFORMS,
    )
    environment = folder / "environment.yml"
    lines = [f"channels: [{channel}]", f"platforms: [{', '.join(PLATFORMS)}]", "dependencies:"]
    environment.write_text("\n".join([*lines, *(f"  - {name}" for name in specs)]) + "\n")
    asked = [option for platform in PLATFORMS for option in ("--platform", platform)]
    found = {
        "rattler.solve": [sys.executable, "-c", bare],
        "condavision lock": [
            *(sys.executable, "-m", "condavision", "lock", "-c", channel, *asked),
            str(folder / "project" / "script.py"),
        ],
    }
    for name in ("micromamba", "mamba", "conda"):
        if shutil.which(name):
            found[f"conda-lock, {name}"] = [
                *(sys.executable, "-m", "conda_lock", "lock", "-f", str(environment)),
                *("--conda", name, "--lockfile", str(folder / "conda-lock.yml")),
            ]
    return found


def timed(command: list[str], folder: Path) -> float:
    shutil.rmtree(folder / "project" / "locks", ignore_errors=True)
    (folder / "conda-lock.yml").unlink(missing_ok=True)
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environ["CONDAVISION_HOME"] = str(folder / "home")
    start = time.perf_counter()
    subprocess.run(command, env=environ, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--channel")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if options.channel:
            commands = contenders(folder, options.channel, IMPORTS)
        else:
            commands = contenders(folder, test_channel(), IN_TESTS)
        times: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():
            timed(command, folder)  # warms the caches
        for _ in range(options.rounds):
            for name, command in commands.items():
                times[name].append(timed(command, folder))
    least = {name: min(found) for name, found in times.items()}
    ours, bare = least["condavision lock"], least["rattler.solve"]
    for name, seconds in least.items():
        print(f"{name:24} {seconds:6.2f} s   condavision / this = {ours / seconds:.2f}")
    print(f"condavision adds {ours - bare:.2f} s to the bare solve")


if __name__ == "__main__":
    main()
