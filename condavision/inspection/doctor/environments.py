"""Whether the installed environments are complete and unchanged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from condavision.environments.damage import damaged_files
from condavision.environments.environment import Environment
from condavision.environments.inventory import State as EnvironmentState
from condavision.environments.inventory import walk_environments
from condavision.inspection.doctor.finding import Finding, State
from condavision.system.file_lock import try_exclusive

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from condavision.environments.inventory import InstalledEnvironment
    from condavision.inspection.doctor.finding import Subject

_AREA = "cache"
_OLD = 3600.0  # seconds; no build takes as long between two steps
_KILLED = "incomplete: the build was interrupted"


def check_environments(subject: Subject) -> Iterator[Finding]:
    """Yield each damaged or incomplete environment, and how many are ready."""
    home, size, ready = subject.home, 0, 0
    findings = []
    try:
        for item, known in walk_environments(home):
            size, ready = size + item.freed, ready + item.ready
            incomplete = item.state is EnvironmentState.INCOMPLETE
            found = _unfinished(item) if incomplete else _damage(item, known, deep=subject.deep)
            if found:
                state = State.WARNING if incomplete else State.BROKEN
                fix = f"condavision clean {item.key}; the next run installs it again"
                findings.append(Finding(_AREA, item.key, state, found, fix))
    except OSError:  # reported by the check of the folder itself
        return
    yield from sorted(findings, key=lambda it: it.what)
    yield Finding(
        _AREA, "environments", State.OK, f"{ready}, {size / 1e6:.0f} MB besides shared files"
    )
    left = [folder for folder in _temporary(home) if folder.stat().st_mtime < time.time() - _OLD]
    if left:
        found = f"interrupted builds left {len(left)} temporary folders, such as {left[0]}"
        yield Finding(_AREA, "leftovers", State.WARNING, found, "condavision clean --caches")


def _temporary(home: Path) -> Iterator[Path]:
    """Yield the temporary folders of uv and of the bytecode cache."""
    for pattern in ("uv/.tmp*", "pyc/*/tmp*"):
        yield from home.glob(pattern)


def _unfinished(item: InstalledEnvironment) -> str:
    try:
        with try_exclusive(item.prefix.with_name(f"{item.key}.lock")) as free:
            return "" if free is None else _KILLED
    except OSError:  # read-only, so no build is running
        return _KILLED


def _damage(item: InstalledEnvironment, known: Mapping[str, os.stat_result], *, deep: bool) -> str:
    """Return which files of packages are missing or altered; empty if none are."""
    if item.state is EnvironmentState.DAMAGED:
        is_folder = item.prefix.is_dir() and not item.prefix.is_symlink()
        return "its marker is damaged" if is_folder else "a link or a file, not a folder"
    environment = Environment(item.prefix, item.key, item.subdir)
    if not environment.python.exists():
        return "its interpreter is missing"
    wrong = damaged_files(environment, known, deep=deep)
    if not wrong:
        return ""
    others = f" and {len(wrong) - 1} others" if len(wrong) > 1 else ""
    return f"{wrong[0]}{others} missing or altered"
