"""Build the test channel, once for each set of inputs."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from rattler.index import index_fs

from condavision.interpreters import conda_package
from tests.channels.elsewhere import elsewhere
from tests.channels.pythons import abi_package, python_package
from tests.channels.samples import SAMPLES
from tests.channels.wheels import COMPILED, PURE, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

__all__ = ["build_channel", "wanted"]

MINORS: tuple[Minor, ...] = ((2, 7), (3, 8), (3, 12))
"""Pythons of the channel, where this machine has them, besides the one that runs the tests."""

_USERS = {"engine.py", "modules.py", "server.py"}  # modules that take the channel as it is

_KEPT_SECONDS = 24 * 3600.0


def wanted(interpreters: Iterable[Interpreter]) -> list[Interpreter]:
    """Choose the interpreters to copy: one for each minor version."""
    chosen: dict[Minor, Interpreter] = {}
    running = Path(os.path.realpath(sys.executable))
    for interpreter in interpreters:
        if interpreter.executable == running:
            chosen[interpreter.minor] = interpreter
        elif interpreter.minor in (*MINORS, sys.version_info[:2]):
            chosen.setdefault(interpreter.minor, interpreter)
    return list(chosen.values())


def build_channel(root: Path, interpreters: Iterable[Interpreter]) -> Path:
    """Return the folder of the channel below ``root``, built if it is not there yet."""
    copied = wanted(interpreters)
    folder = root / _key(copied)
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / "lock"):
        if not folder.exists():
            for old in root.iterdir():
                if old.is_dir() and old.stat().st_mtime < time.time() - _KEPT_SECONDS:
                    shutil.rmtree(old, ignore_errors=True)
            building = root / f"{folder.name}.building"
            shutil.rmtree(building, ignore_errors=True)
            _build(building, copied)
            building.rename(folder)
    os.utime(folder)
    return folder / "channel"


def _key(interpreters: Iterable[Interpreter]) -> str:
    digest = hashlib.sha256(sys.platform.encode())
    for source in [*sorted(Path(__file__).parent.glob("*.py")), Path(conda_package.__file__)]:
        if source.name not in _USERS:
            digest.update(source.read_bytes())
    for interpreter in interpreters:
        digest.update(interpreter.digest.encode())
    return digest.hexdigest()[:16]


def _build(folder: Path, interpreters: list[Interpreter]) -> None:
    channel = folder / "channel"
    (channel / "noarch").mkdir(parents=True)
    patchelf = unpack("patchelf", (3, 8), folder / "patchelf") / "bin" / "patchelf"
    minors = [(found.minor, found.subdir) for found in interpreters]
    makers = [
        *(lambda found=found: python_package(found, patchelf) for found in interpreters),
        *(
            lambda wheel=wheel, minor=minor, subdir=subdir: wheel.package(minor, subdir)
            for wheel in COMPILED
            for minor, subdir in minors
            if minor >= (3, 8)
        ),
        *(lambda wheel=wheel: wheel.package() for wheel in PURE),
        *(lambda minor=minor: abi_package(minor) for minor, _ in minors),
        *(lambda made=made: made for made in (*SAMPLES, *elsewhere(interpreters))),
    ]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(lambda make: make().write(channel), makers))
    asyncio.run(index_fs(channel))
