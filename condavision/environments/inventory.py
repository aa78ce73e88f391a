"""The environments in a cache: their size, last use and scripts; and how they are removed."""

from __future__ import annotations

import os
import re
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.artefacts.store import FOLDER as EVIDENCE
from condavision.environments.disk_usage import sizes_of, statuses_below
from condavision.environments.environment import Environment
from condavision.environments.last_use import LAUNCHED, USED
from condavision.environments.package_cache import CACHES, RECORDS
from condavision.python2.tools import FOLDER as PYTHON2
from condavision.system.file_lock import try_exclusive
from condavision.system.files import read_file, read_text_file, remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_KEY = re.compile(r"[0-9a-f]{16}")


class State(StrEnum):
    """Whether scripts can run in what is found in place of an environment."""

    READY = "ready"
    INCOMPLETE = "incomplete"
    """It has no marker: it is being built, or its build was interrupted."""
    DAMAGED = "damaged"
    """Its marker is not one of ours; or it is a link or a file, not a folder."""


@dataclass(frozen=True, slots=True)
class InstalledEnvironment:
    """An environment on disk.

    ``size`` is in bytes on disk, each inode counted once; ``freed`` is the part that is not shared
    with package caches or other environments, which removing it frees. Times are seconds since the
    epoch. ``added`` is what ``--with`` had added to the lock of the scripts.
    """

    prefix: Path
    key: str
    subdir: str
    hash: str
    python: str
    size: int
    freed: int
    created: float
    used: float
    scripts: tuple[str, ...]
    state: State
    added: str = ""

    @property
    def ready(self) -> bool:
        """Whether it is complete and its marker intact."""
        return self.state is State.READY


def list_environments(home: Path) -> tuple[InstalledEnvironment, ...]:
    """Return every environment in the cache, complete or not, least recently used first.

    Raises:
        OSError: the cache cannot be read; a missing one is empty.
    """
    found = (item for item, _ in walk_environments(home))
    return tuple(sorted(found, key=lambda item: (item.used, item.key)))


def walk_environments(
    home: Path,
) -> Iterator[tuple[InstalledEnvironment, Mapping[str, os.stat_result]]]:
    """Yield every environment in the cache, each with the statuses of its files by path.

    Raises:
        OSError: the cache cannot be read; a missing one is empty.
    """
    with suppress(FileNotFoundError):
        linked: dict[int, os.stat_result] = {}
        for prefix in (home / "envs").iterdir():
            if _KEY.fullmatch(prefix.name) or (prefix.is_dir() and not prefix.is_symlink()):
                with suppress(FileNotFoundError):  # another process is removing it
                    yield _inspect(prefix, linked)


def older_than(
    environments: Iterable[InstalledEnvironment], days: float
) -> tuple[InstalledEnvironment, ...]:
    """Return those not used for ``days``, and incomplete ones."""
    limit = time.time() - days * 86400
    return tuple(item for item in environments if item.used < limit or not item.ready)


def over_budget(
    environments: Iterable[InstalledEnvironment], size: int
) -> tuple[InstalledEnvironment, ...]:
    """Return the least recently used ones whose removal brings the total to ``size`` bytes."""
    ordered = sorted(environments, key=lambda item: item.used)
    excess = sum(item.freed for item in ordered) - size
    chosen = []
    for item in ordered:
        if excess <= 0:
            break
        chosen.append(item)
        excess -= item.freed
    return tuple(chosen)


def unreferenced(environments: Iterable[InstalledEnvironment]) -> tuple[InstalledEnvironment, ...]:
    """Return those without an existing script: all were deleted, or there never was one."""
    return tuple(
        item for item in environments if not any(Path(script).exists() for script in item.scripts)
    )


def cache_size(home: Path) -> int:
    """Return the bytes on disk that :func:`remove_caches` would free."""
    return sum(sizes_of(statuses_below(folder).values())[1] for folder in _caches(home))


def remove_caches(home: Path) -> None:
    """Remove fetched packages, bytecode, warm records, locks of ``--with``, and sent scripts.

    Environments keep working: they keep the files they share with the caches. An installation
    running at the same time may fail and has to be repeated. A cluster sends scripts again.

    Raises:
        InstallError: a file cannot be removed.
    """
    for folder in _caches(home):
        remove_tree(folder)


def _caches(home: Path) -> list[Path]:
    return [
        home / name
        for name in (*CACHES, "uv", PYTHON2, RECORDS, EVIDENCE, "bundles", "pyc", "warm", "with")
        if (home / name).is_dir()
    ]


def remove(environments: Iterable[InstalledEnvironment]) -> tuple[InstalledEnvironment, ...]:
    """Remove environments; return those removed. One that is being built is skipped.

    The marker is removed first: an interrupted removal leaves an incomplete environment, which the
    next run that needs it builds again.

    Raises:
        InstallError: a file cannot be removed.
        OSError: the cache cannot be written.
    """
    removed = []
    for item in environments:
        lock = item.prefix.with_name(f"{item.key}.lock")
        with try_exclusive(lock) as descriptor:
            if descriptor is None:
                continue
            Environment(item.prefix, item.key, item.subdir).unmark()
            remove_tree(item.prefix)
            with suppress(PermissionError):  # Windows keeps an open file
                lock.unlink(missing_ok=True)
        removed.append(item)
    return tuple(removed)


def _inspect(
    prefix: Path, linked: dict[int, os.stat_result]
) -> tuple[InstalledEnvironment, Mapping[str, os.stat_result]]:
    """Return an environment, and the statuses of its files.

    Raises:
        FileNotFoundError: another process has removed it.
    """
    status = prefix.lstat()
    statuses = statuses_below(prefix, linked) if stat.S_ISDIR(status.st_mode) else {"": status}
    marker = Environment(prefix, prefix.name, "").marker
    state = State.READY if "conda-meta/condavision" in statuses else State.INCOMPLETE
    facts = _facts(marker) if state is State.READY else {}
    if not stat.S_ISDIR(status.st_mode) or (state is State.READY and not facts):
        state = State.DAMAGED
    size, freed = sizes_of(statuses.values())
    created = float(facts.get("created", status.st_mtime))
    used, scripts = _use(prefix, USED, statuses)
    launched, _ = _use(prefix, LAUNCHED, statuses)
    found = InstalledEnvironment(
        prefix=prefix,
        key=prefix.name,
        subdir=facts.get("subdir", ""),
        hash=facts.get("hash", ""),
        python=_python_version(statuses),
        size=size,
        freed=freed,
        created=created,
        used=max(used, launched, created),
        scripts=scripts,
        state=state,
        added=facts.get("added", ""),
    )
    return found, statuses


def _facts(marker: Path) -> dict[str, str]:
    """Return the lines of a marker; nothing if it is not as we wrote it."""
    try:
        lines = read_text_file(marker).splitlines()
        facts = {name: value for name, _, value in (line.partition(" ") for line in lines)}
        datetime.fromtimestamp(float(facts["created"]), UTC)
        return facts if facts["key"] == marker.parent.parent.name else {}
    except (OSError, ValueError, KeyError, OverflowError):
        return {}


def _use(
    prefix: Path, name: str, statuses: Mapping[str, os.stat_result]
) -> tuple[float, tuple[str, ...]]:
    status = statuses.get(f"conda-meta/{name}")
    if status is None or not stat.S_ISREG(status.st_mode):
        return 0.0, ()
    try:
        names = os.fsdecode(read_file(prefix / "conda-meta" / name)).split("\0")
    except OSError:
        names = []
    return status.st_mtime, tuple(sorted(filter(None, names)))


def _python_version(paths: Iterable[str]) -> str:
    names = (it.rpartition("/")[2] for it in paths if it.startswith("conda-meta/python-"))
    found = (it.split("-")[1] for it in names if it.count("-") == 2 and it.endswith(".json"))
    return next((it for it in found if it[:1].isdigit()), "")
