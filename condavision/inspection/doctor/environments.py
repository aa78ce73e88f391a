"""Whether the installed environments are complete and unchanged."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from condavision.environments.environment import Environment
from condavision.environments.inventory import list_environments
from condavision.environments.wheel_records import altered_files, files_of_distributions
from condavision.inspection.doctor.finding import Finding, State
from condavision.system.file_lock import try_exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from condavision.environments.inventory import InstalledEnvironment
    from condavision.inspection.doctor.finding import Subject

_AREA = "cache"
_OLD = 3600.0  # seconds; no build takes as long between two steps
_KILLED = "incomplete: the build was interrupted"


def check_environments(subject: Subject) -> Iterator[Finding]:
    """Yield each damaged or incomplete environment, and how many are ready."""
    home = subject.home
    try:
        environments = list_environments(home)
    except OSError:  # reported by the check of the folder itself
        return
    for item in environments:
        found = _damage(item) if item.ready else _unfinished(item)
        if found:
            state = State.BROKEN if item.ready else State.WARNING
            fix = f"condavision clean {item.key}; the next run installs it again"
            yield Finding(_AREA, item.key, state, found, fix)
    size = sum(item.freed for item in environments) / 1e6
    ready = sum(item.ready for item in environments)
    yield Finding(_AREA, "environments", State.OK, f"{ready}, {size:.0f} MB besides shared files")
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


def _damage(item: InstalledEnvironment) -> str:
    """Return which files of packages are missing or altered; empty if none are."""
    if not Environment(item.prefix, item.key, item.subdir).python.exists():
        return "its interpreter is missing"
    recorded = dict(_recorded(item.prefix))
    # If both have tests/__init__.py, a distribution's replaces a conda package's.
    recorded.update(dict.fromkeys(recorded.keys() & {*files_of_distributions(item.prefix)}))
    wrong = [name for name, size in recorded.items() if not _is(item.prefix / name, size)]
    wrong += [name for _, name in altered_files(item.prefix)]
    if not wrong:
        return ""
    others = f" and {len(wrong) - 1} others" if len(wrong) > 1 else ""
    return f"{wrong[0]}{others} missing or altered"


def _recorded(prefix: Path) -> Iterator[tuple[str, int | None]]:
    """Yield the files of conda packages and their sizes; None if installing changes them."""
    for record in prefix.glob("conda-meta/*.json"):
        try:
            paths = json.loads(record.read_bytes())["paths_data"]["paths"]
            for item in paths:
                plain = item.get("path_type") == "hardlink" and not item.get("prefix_placeholder")
                yield item["_path"], item.get("size_in_bytes") if plain else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            yield record.relative_to(prefix).as_posix(), -1


def _is(path: Path, size: int | None) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return size is None or status.st_size == size
