"""Whether the folder of packages and environments is fit for use, and the environments whole."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.environments.environment import Environment
from condavision.environments.inventory import list_environments
from condavision.environments.wheel_records import altered_files, files_of_distributions
from condavision.inspection.doctor.finding import Finding, State
from condavision.system.file_lock import try_exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.environments.inventory import InstalledEnvironment

__all__ = ["look_at_environments", "look_at_home"]

_AREA = "cache"
_ELSEWHERE = "choose another folder: export CONDAVISION_HOME=FOLDER"
_MAKE_ROOM = "condavision clean --unused-for 30, or condavision clean --caches"
_OLD = 3600.0  # seconds; no build takes as long between two steps
_KILLED = "left unfinished by a build that was killed"
_FULL, _NEARLY_FULL = 100e6, 2e9  # bytes; an environment with numpy takes 200 MB


def look_at_home(home: Path) -> Iterator[Finding]:
    """Yield whether the folder can be written, runs programs, links files and has room."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _scratch(home) as folder:
            writable = Finding(_AREA, "folder", State.OK, str(home))
            program, linked = _runs_programs(folder), _links_files(home)
    except OSError as error:
        found = f"{home} cannot be written: {error.strerror}; what is installed still runs"
        writable = Finding(_AREA, "folder", State.BROKEN, found, _ELSEWHERE)
        program = linked = None
    yield writable
    yield from (finding for finding in (program, linked, _fast_start(home)) if finding)
    if home.exists():
        yield _room(shutil.disk_usage(home).free)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=folder) as name:
        yield Path(name)


def _runs_programs(folder: Path) -> Finding | None:
    if os.name == "nt":
        return None
    program = folder / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    try:
        subprocess.run([program], check=True)
    except OSError:
        found = f"no program can be started from {folder.parent}: it is mounted noexec"
        return Finding(_AREA, "programs", State.BROKEN, found, _ELSEWHERE)
    return None


def _links_files(home: Path) -> Finding:
    """Say whether packages are linked into environments or copied."""
    sources, targets = (
        folder if folder.is_dir() else home for folder in (home / "pkgs", home / "envs")
    )
    with _scratch(sources) as source, _scratch(targets) as target:
        file = source / "file"
        file.touch()
        try:
            os.link(file, target / "link")
        except OSError as error:
            found = f"environments are copies of packages: no hard links ({error.strerror})"
            mend = f"put {sources} and {targets} on one file system that has them"
            return Finding(_AREA, "links", State.WARNING, found, mend)
    return Finding(_AREA, "links", State.OK, "environments share their files with the packages")


def _fast_start(home: Path) -> Finding | None:
    warm = home / "warm"
    if os.name == "nt" or not warm.is_dir():
        return None
    status = warm.stat()
    if status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o022:
        return None
    found = f"others can write {warm}, so it is not trusted and every run takes the long way"
    mend = f"rm -r {shlex.quote(str(warm))} && chmod go-w {shlex.quote(str(home))}"
    return Finding(_AREA, "fast start", State.WARNING, found, mend)


def _room(free: float) -> Finding:
    found = f"{free / 1e9:.1f} GB free"
    if free < _NEARLY_FULL:
        state = State.BROKEN if free < _FULL else State.WARNING
        return Finding(_AREA, "room", state, found, _MAKE_ROOM)
    return Finding(_AREA, "room", State.OK, found)


def look_at_environments(home: Path) -> Iterator[Finding]:
    """Yield each environment that something is wrong with, and how many there are."""
    try:
        environments = list_environments(home)
    except OSError:  # the look at the folder itself has told
        return
    for item in environments:
        found = _damage(item) if item.ready else _unfinished(item)
        if found:
            state = State.BROKEN if item.ready else State.WARNING
            mend = f"condavision clean {item.key}; the next run builds it again"
            yield Finding(_AREA, item.key, state, found, mend)
    size = sum(item.freed for item in environments) / 1e6
    ready = sum(item.ready for item in environments)
    yield Finding(_AREA, "environments", State.OK, f"{ready}, with {size:.0f} MB of their own")
    left = [folder for folder in _temporary(home) if folder.stat().st_mtime < time.time() - _OLD]
    if left:
        found = f"killed builds left {len(left)} temporary folders, such as {left[0]}"
        yield Finding(_AREA, "leftovers", State.WARNING, found, "condavision clean --caches")


def _temporary(home: Path) -> Iterator[Path]:
    """Yield what uv and the keeper of bytecode make and remove."""
    for pattern in ("uv/.tmp*", "pyc/*/tmp*"):
        yield from home.glob(pattern)


def _unfinished(item: InstalledEnvironment) -> str:
    try:
        with try_exclusive(item.prefix.with_name(f"{item.key}.lock")) as free:
            return "" if free is None else _KILLED
    except OSError:  # read-only, so nobody builds there
        return _KILLED


def _damage(item: InstalledEnvironment) -> str:
    """Say which files of packages are gone or altered; empty where none is."""
    if not Environment(item.prefix, item.key, item.subdir).python.exists():
        return "its interpreter is gone"
    recorded = dict(_recorded(item.prefix))
    # Where both bring tests/__init__.py, a distribution's is put over a conda package's.
    recorded.update(dict.fromkeys(recorded.keys() & {*files_of_distributions(item.prefix)}))
    wrong = [name for name, size in recorded.items() if not _is(item.prefix / name, size)]
    wrong += [name for _, name in altered_files(item.prefix)]
    if not wrong:
        return ""
    others = f" and {len(wrong) - 1} others" if len(wrong) > 1 else ""
    return f"{wrong[0]}{others} missing or altered"


def _recorded(prefix: Path) -> Iterator[tuple[str, int | None]]:
    """Yield the files of conda packages and their sizes; None where installing changes them."""
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
