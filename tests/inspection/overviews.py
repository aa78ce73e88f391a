"""Overviews made by hand: scripts with their requirements, locks with their packages."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.core.model import (
    Analysis,
    Lock,
    LockedPackage,
    Manager,
    PythonReason,
    Requirement,
    Requirements,
    ScriptMetadata,
    SourceLocation,
)
from condavision.core.pythons import PythonRange
from condavision.errors import AnalysisError, MissingLockError
from condavision.inference.inference import Derivation, Inference
from condavision.inference.lock_lookup import Located
from condavision.inspection.check import Checked, LockState
from condavision.inspection.dependency_graph import Dependencies, Edge, key_of
from condavision.inspection.overview import Overview, RequirementSet, Script
from condavision.locks.index import Entry
from condavision.locks.lockfile import direct_packages
from condavision.project.config import Config
from condavision.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path("/project")
LINUX = "linux-64"


def package(name: str, version: str = "1.0", *needs: str, **fields: str) -> LockedPackage:
    """A distribution, which requires others, or Python itself."""
    manager = Manager.CONDA if name == "python" or fields else Manager.PYPI
    made = LockedPackage(
        manager,
        name,
        version,
        LINUX,
        f"https://x.invalid/{name}-{version}",
        hashlib.sha256(f"{name} {version}".encode()).hexdigest(),
        dependencies=dict.fromkeys(needs, ""),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def script(
    name: str,
    *imports: str,
    pythons: str = ">=3.10",
    reasons: Iterable[PythonReason] = (),
    lock: Lock | None = None,
    state: LockState = LockState.OK,
) -> Script:
    """A script with an import on each line, from the first on, and a lock if it has one."""
    target, project = Path(name), Project(Path(name), name, Config(ROOT, locks=ROOT / "locks"))
    python = PythonRange.from_specifier(pythons)
    needed = tuple(
        Requirement(Manager.PYPI, it, sources=(SourceLocation(name, line),))
        for line, it in enumerate(imports, start=1)
    )
    analysis = Analysis(target, (), python, tuple(reasons), ScriptMetadata(), ())
    hashed = hashlib.sha256(f"{imports} {python}".encode()).hexdigest()[:16]
    hashed = lock.hash if lock else hashed
    derived = Derivation(analysis, Requirements(python, needed, ("conda-forge",)))
    inference = Inference(project, hashed, lambda: derived)
    errors = {
        LockState.MISSING: MissingLockError(
            f"{name} has no lock", f"run `condavision lock {name}`"
        ),
        LockState.UNREADABLE: AnalysisError(f"{name}:1: not Python", "correct the line"),
    }
    checked = Checked(name, hashed, state, error=errors.get(state))
    if state is LockState.UNREADABLE:
        return Script(target, checked, project)
    located = None
    if lock is not None:
        path = ROOT / "locks" / f"{lock.hash}.conda-lock.yml"
        located = Located(project, inference, Entry(lock.hash, ""), lock, path)
    return Script(target, checked, project, inference, located)


def lock_of(*packages: LockedPackage) -> Lock:
    """A lock of packages, with a hash made of those."""
    names = " ".join(it.sha256 for it in packages)
    return Lock(hashlib.sha256(names.encode()).hexdigest()[:16], (), (LINUX,), packages)


def overview_of(*scripts: Script, sizes: Mapping[str, int] | None = None) -> Overview:
    """The overview of scripts; ``sizes`` are by the names of packages."""
    members: dict[str, list[Script]] = {}
    for one in scripts:
        if one.inference is not None:
            members.setdefault(one.inference.hash, []).append(one)
    sets = tuple(_set(hashed, tuple(found)) for hashed, found in members.items())
    packages = [it for one in sets for it in one.packages]
    known = {it.sha256: (sizes or {})[it.name] for it in packages if it.name in (sizes or {})}
    return Overview(scripts, sets, known)


def _set(hashed: str, scripts: tuple[Script, ...]) -> RequirementSet:
    located = next((it.located for it in scripts if it.located), None)
    if located is None:
        return RequirementSet(hashed, scripts)
    packages = {key_of(it): it for it in located.lock.packages}
    by_name = {it.name: key for key, it in packages.items()}
    edges = {
        key: tuple(Edge(by_name[name], "") for name in it.dependencies if name in by_name)
        for key, it in packages.items()
    }
    direct = direct_packages(located.inference.requirements, packages.values())
    return RequirementSet(hashed, scripts, Dependencies(LINUX, packages, direct, edges))
