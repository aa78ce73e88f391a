"""Whether the folder of packages and environments can be used."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.inspection.doctor.finding import Finding, State
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.inspection.doctor.finding import Subject

_AREA = "cache"
_ELSEWHERE = "choose another folder: export CONDAVISION_HOME=FOLDER"
_MAKE_ROOM = "condavision clean --unused-for 30, or condavision clean --caches"
_FULL, _NEARLY_FULL = 100e6, 2e9  # bytes; an environment with numpy takes 200 MB


def check_cache_folder(subject: Subject) -> Iterator[Finding]:
    """Yield whether the folder is writable, allows programs and hard links, and has free space."""
    home = subject.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _scratch(home) as folder:
            writable = Finding(_AREA, "folder", State.OK, str(home))
            program, linked = _runs_programs(folder), _links_files(home)
    except OSError as error:
        found = f"{home} is not writable: {error.strerror}; installed environments still run"
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
    """Return whether packages are linked into environments or copied."""
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
            fix = f"put {sources} and {targets} on one file system with hard links"
            return Finding(_AREA, "links", State.WARNING, found, fix)
    return Finding(_AREA, "links", State.OK, "environments share their files with the packages")


def _fast_start(home: Path) -> Finding | None:
    warm = home / "warm"
    if os.name == "nt" or not warm.is_dir():
        return None
    status = warm.stat()
    if status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o022:
        return None
    found = f"other users can write {warm}, so it is not trusted and every run starts slowly"
    fix = f"rm -r {shell_word(warm)} && chmod go-w {shell_word(home)}"
    return Finding(_AREA, "fast start", State.WARNING, found, fix)


def _room(free: float) -> Finding:
    found = f"{free / 1e9:.1f} GB free"
    if free < _NEARLY_FULL:
        state = State.BROKEN if free < _FULL else State.WARNING
        return Finding(_AREA, "room", state, found, _MAKE_ROOM)
    return Finding(_AREA, "room", State.OK, found)
