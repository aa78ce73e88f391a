"""Scripts with equal requirements, and the locks they have before anything is solved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis import new_reader, prefetched
from condavision.core.model import Manager
from condavision.core.platforms import current_subdir
from condavision.errors import CondavisionError, LockfileError
from condavision.inference.infer import open_project, read
from condavision.locks.lockfile import lock_path, read_lock
from condavision.project.config import terms_of
from condavision.project.targets import folder_keys
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from condavision.analysis import Reader
    from condavision.core.model import Lock
    from condavision.inference.infer import Flags, Project, Reading
    from condavision.locks.index import ScriptIndex
    from condavision.mapping.import_map import ImportMap
    from condavision.project.solve_options import Terms
    from condavision.project.targets import Target

__all__ = ["Group", "Sources"]


@dataclass(frozen=True, slots=True)
class Group:
    """Scripts with equal requirements, which share one lock, by name.

    ``present`` is the valid lock that is there, ``former`` the one to start from if it differs,
    ``shared`` that of a folder they were locked together with, to start from if there is no other,
    and ``platforms`` every one that a script asks for or the lock has.
    """

    folder: Path
    readings: tuple[Reading, ...]
    present: Lock | None
    former: Lock | None
    shared: Lock | None
    platforms: tuple[str, ...]
    terms: Terms

    @property
    def path(self) -> Path:
        """Where the lock of the group is, or will be."""
        return lock_path(self.folder, self.readings[0].hash)


@dataclass(frozen=True, slots=True)
class Sources:
    """Scripts and the locks they have, as they are when a command starts; nothing is read twice."""

    flags: Flags
    import_map: ImportMap
    index_of: Callable[[Path], ScriptIndex]
    now: datetime

    def groups(
        self, targets: Iterable[Target], failed: list[tuple[Target, CondavisionError]]
    ) -> list[Group]:
        """Read every target, join those with equal requirements; add the others to ``failed``."""
        readings: dict[tuple[Path, str], list[Reading]] = {}
        projects = []
        for target in targets:
            try:
                projects.append(open_project(target, self.flags))
            except CondavisionError as error:
                failed.append((target, error))
        scripts = ((it.config.root, it.target) for it in projects if isinstance(it.target, Path))
        readers = prefetched(scripts)
        for project in projects:
            try:
                reading = self._read(project, readers)
            except CondavisionError as error:
                failed.append((project.target, error))
                continue
            folder = reading.project.locks(local=reading.local)
            readings.setdefault((folder, reading.hash), []).append(reading)
        groups = []
        for (folder, _), found in readings.items():
            try:
                groups.append(self._group(folder, found))
            except CondavisionError as error:
                failed += [(reading.project.target, error) for reading in found]
        return groups

    def _read(self, project: Project, readers: dict[Path, Reader]) -> Reading:
        root = project.config.root
        if root not in readers:
            readers[root] = new_reader(root)
        recorded = tuple(
            path
            for local in (False, True)
            for key in (project.key, *folder_keys(project.key))
            for entry in self.index_of(project.locks(local=local)).of(key)
            for path in entry.paths
        )
        reading = read(project, self.import_map, extra_paths=recorded, reader=readers[root])
        reading.require_runnable()
        reading.require_known(self.import_map)
        return reading

    def _group(self, folder: Path, readings: list[Reading]) -> Group:
        """Look at the locks there are; the order in which scripts were named must not matter."""
        readings = sorted(readings, key=lambda reading: reading.project.key)
        first = readings[0]
        present = _valid_lock(lock_path(folder, first.hash))
        former = self._former(folder, (key for it in readings for key in it.keys))
        shared = (key for it in readings for key in folder_keys(it.project.key))
        return Group(
            folder=folder,
            readings=tuple(readings),
            present=present,
            former=present or former,
            shared=self._former(folder, shared),
            platforms=_platforms(readings, present),
            terms=terms_of(first.project.config, self.now),
        )

    def _former(self, folder: Path, keys: Iterable[str]) -> Lock | None:
        """Return the first valid lock that one of these keys of ``scripts.yml`` has."""
        entries = (entry for key in keys for entry in self.index_of(folder).of(key))
        found = (_valid_lock(lock_path(folder, entry.lock)) for entry in entries)
        return next(filter(None, found), None)


def _platforms(readings: list[Reading], lock: Lock | None) -> tuple[str, ...]:
    """Return every platform some script asks for, and those the lock has already."""
    wanted = dict.fromkeys(
        platform for reading in readings for platform in reading.platforms(current_subdir())
    )
    kept = lock.platforms if lock else ()
    return tuple(dict.fromkeys((*kept, *wanted))) if kept else tuple(wanted)


def _valid_lock(path: Path) -> Lock | None:
    """Return the lock at ``path``, or None where there is none or it has to be made again."""
    if not path.exists():
        return None
    try:
        lock = read_lock(path)
    except LockfileError:
        return None
    if lock.is_local:
        from condavision.interpreters import restore  # noqa: PLC0415 - rarely needed

        try:
            for package in lock.packages:
                if package.manager is Manager.CONDA:
                    restore(home() / "interpreters", package.url, package.sha256)
        except CondavisionError:
            return None
    return lock
