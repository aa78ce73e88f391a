"""The bare engine, as a test uses it: solve on a channel, link into a prefix."""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
import time
from typing import TYPE_CHECKING

import rattler

from condavision.core.model import LockedPackage, Manager
from condavision.core.platforms import current_subdir

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# py-rattler's threads can outlive their work and crash an interpreter that exits at once
atexit.register(time.sleep, 0.05)

__all__ = ["BIN", "PYTHON", "install", "locked", "run", "solve", "solve_and_install"]

PYTHON = "python.exe" if os.name == "nt" else "bin/python"
BIN = "Scripts" if os.name == "nt" else "bin"


def solve(channel: str, specs: Sequence[str]) -> list[rattler.RepoDataRecord]:
    """Solve for this platform, with the virtual packages of this machine."""
    return asyncio.run(
        rattler.solve(
            sources=[rattler.Channel(channel)],
            specs=list(specs),
            platforms=[rattler.Subdir.current(), "noarch"],
            virtual_packages=rattler.VirtualPackage.detect(),
            gateway=rattler.Gateway(),
        )
    )


def locked(record: rattler.RepoDataRecord) -> LockedPackage:
    """What a lock file keeps of a solved record."""
    assert record.sha256 is not None
    assert record.md5 is not None
    names = (spec.partition(" ") for spec in record.depends)
    return LockedPackage(
        manager=Manager.CONDA,
        name=record.name.normalized,
        version=str(record.version),
        platform=current_subdir(),
        url=str(record.url),
        sha256=record.sha256.hex(),
        md5=record.md5.hex(),
        build=str(record.build),
        dependencies={name: spec for name, _, spec in names},
    )


def install(records: Sequence[rattler.RepoDataRecord], prefix: Path, cache: Path) -> Path:
    """Link packages into a prefix and return it; ``cache`` keeps them extracted."""
    asyncio.run(
        rattler.install(list(records), target_prefix=prefix, cache_dir=cache, show_progress=False)
    )
    return prefix


def solve_and_install(channel: str, specs: Sequence[str], prefix: Path, cache: Path) -> Path:
    """Make an environment of what a channel has for ``specs``."""
    return install(solve(channel, specs), prefix, cache)


def run(*command: str | Path, **environment: str) -> str:
    """Run a program with a bare environment and return what it printed."""
    kept = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "LANG")
    bare = {name: os.environ[name] for name in kept if name in os.environ}
    done = subprocess.run(
        command, env=bare | environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
