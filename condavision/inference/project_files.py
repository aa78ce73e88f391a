"""The projects that one command has opened: their settings, indexes and locks, each read once."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.scripts import script_file
from condavision.core.platforms import current_subdir
from condavision.errors import CondavisionError
from condavision.inference.known_locks import KnownLocks
from condavision.locks.accepted import read_accepted
from condavision.locks.index import FILE_NAME, read_index
from condavision.locks.modules import FILE_NAME as MODULES
from condavision.locks.modules import read_modules
from condavision.mapping.import_map import normalized
from condavision.project.config import LOCAL, Flags
from condavision.project.project import Project
from condavision.project.settings_files import SettingsFiles
from condavision.project.targets import (
    Module,
    Together,
    key_of,
    near,
    require_target,
    scripts_together,
    typed,
)
from condavision.system.cache_dir import home
from condavision.system.ownership import require_trusted
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from condavision.analysis.source.script_search import ScriptSearch
    from condavision.core.model import Lock
    from condavision.locks.accepted import AcceptedNames
    from condavision.locks.index import ScriptIndex
    from condavision.mapping.learned import LearnedModules, Lesson
    from condavision.project.config import Config
    from condavision.project.targets import Target


class ProjectFiles:
    """The files that a command finds in projects, under the flags it was given.

    ``index`` and ``lock`` stay as first read; a writer reads them again, under the folder's lock.
    They raise UntrustedError where another user can change the file, or could make it.
    """

    def __init__(self, flags: Flags | None = None) -> None:
        """Open nothing yet."""
        self.opened = time.time_ns()  # nothing was read before
        self.flags = flags or Flags()
        self.platform = current_subdir()
        self.settings = SettingsFiles()
        self.index: Callable[[Path], ScriptIndex] = cache(_read_index)
        self._known_locks = KnownLocks()
        self.prefetch_locks = self._known_locks.preload
        self.lock: Callable[[Path], Lock] = cache(self._known_locks.read)
        self.accepted: Callable[[Path], AcceptedNames] = cache(_read_accepted)
        self._modules: Callable[[Path], LearnedModules] = cache(_read_modules)
        self._newly_learned: dict[Path, dict[str, Lesson]] = {}
        self.has_interpreter: Callable[[str, str], bool] = cache(_has_interpreter)
        self.together: Callable[[Together], ScriptSearch] = cache(self._together)
        self.real: Callable[[Path], Path] = cache(self._real)
        self._real_folder: Callable[[str], Path] = cache(lambda it: Path(it).resolve())
        self.real_files: Callable[[Together], frozenset[Path]] = cache(self._real_files)
        self._configs: dict[tuple[Path, tuple[str, ...]], Config] = {}
        self._projects: dict[tuple[Target, tuple[str, ...]], Project] = {}
        self._apart: set[Path] = set()
        self._require = cache(require_target)
        self.file: Callable[[Path], Path] = cache(script_file)
        self.real_of: Callable[[Target], Path] = cache(self._real_of)
        self.place_of: Callable[[Target], Path] = cache(self._place_of)
        self.key: Callable[[Target, Path], str] = cache(
            lambda target, root: key_of(target, root, self.real_of)
        )

    def config(self, start: Path | None = None, channels: tuple[str, ...] = ()) -> Config:
        """Return the configuration of the project of a path; of the current folder's if None.

        ``channels`` are recorded ones, used if the flags have none.

        Raises:
            ConfigError: the configuration or a flag is wrong.
        """
        root = self.settings.root_of(start or Path.cwd())
        known = self._configs.get((root, channels))
        if known is None:
            known = self.settings.config(root).with_flags(self.flags, channels)
            self._configs[root, channels] = known
        return known

    def indexes(self, root: Path) -> tuple[ScriptIndex, ScriptIndex]:
        """Return the committed index of a project, and that of this machine.

        Raises:
            ConfigError: the configuration is wrong.
            LockfileError: a ``scripts.yml`` is damaged.
        """
        locks = self.config(root).locks
        return self.index(locks), self.index(locks / LOCAL)

    def project(self, target: Target, channels: tuple[str, ...] = ()) -> Project:
        """Return a target with its project.

        Raises:
            AnalysisError: the script or folder does not exist.
            UsageError: the name is not a valid module name.
            ConfigError: the configuration or a flag is wrong.
        """
        key = (target, channels)
        known = self._projects.get(key)
        if known is None:
            self._require(target)
            config = self.config(self.place_of(target), channels)
            known = self._projects[key] = Project(target, self.key(target, config.root), config)
        return known

    def valid_project(self, target: Target) -> Project | None:
        """Return a target with its project, None where that has errors."""
        with suppress(CondavisionError):
            return self.project(target)
        return None

    def save(self) -> None:
        """Keep what was found out, for later commands."""
        self._known_locks.save()

    def learned(self, folder: Path) -> LearnedModules:
        """Return what the ``modules.yml`` of a locks folder has, and what was learned for it since.

        Raises:
            LockfileError: it is damaged.
        """
        modules, new = self._modules(folder), self.newly_learned(folder)
        return {**modules, **new} if new else modules

    def newly_learned(self, folder: Path) -> LearnedModules:
        """Return what this command has learned for a locks folder."""
        return self._newly_learned.get(folder, {})

    def learn(self, folder: Path, modules: LearnedModules) -> None:
        """Add to what was learned for a locks folder."""
        self._newly_learned.setdefault(folder, {}).update(modules)

    @property
    def accepted_now(self) -> frozenset[str]:
        """The distributions that the flags accept."""
        return frozenset(map(normalized, self.flags.accept))

    def accepted_names(self, project: Project) -> frozenset[str]:
        """Return the distributions that a project or the flags accept.

        Raises:
            LockfileError: the project's ``accepted.yml`` is damaged.
        """
        return self.accepted_now.union(self.accepted(project.locks(local=False)))

    def _together(self, folder: Together) -> ScriptSearch:
        """Return the scripts that are locked together with a folder; see ``scripts_together``."""
        place = folder.folder.resolve()
        root = self.settings.root_of(place)
        own = self._own_keys(folder, root)

        def is_apart(script: Path) -> bool:
            return self.real(script) in self._apart or self.key(script, root) in own

        return scripts_together(
            folder, lambda it: self.settings.root_within(it, place), self.excludes, is_apart
        )

    def part(self, scripts: Iterable[Path]) -> None:
        """Take scripts out of what their folders lock together, as this command locks them alone.

        What was read of folders is read again.
        """
        self._apart.update(map(self.real, scripts))
        self.together = cache(self._together)
        self.real_files = cache(self._real_files)

    def _own_keys(self, folder: Together, root: Path) -> Container[str]:
        """Return what is recorded beside a folder that is locked together.

        It is nothing for a folder that is not yet, which takes over the scripts that it has.

        Raises:
            LockfileError: a ``scripts.yml`` is damaged.
        """
        key = self.key(folder, root)
        return next((it.entries for it in self.indexes(root) if it.of(key)), ())

    def excludes(self, folder: Path) -> tuple[str, ...]:
        """Return the patterns of what the configuration of a folder leaves out of searches.

        A wrong configuration is reported with the scripts that it is for.
        """
        real = self.real(folder)
        with suppress(CondavisionError):
            if self.settings.root_of(real) == real:
                return self.settings.config(real).exclude
        return ()

    def _real(self, path: Path) -> Path:
        """Return a path without links: those of a folder are the same for all that is in it."""
        if not path.name or path.name == ".." or os.path.islink(path):  # noqa: PTH114 - of many
            return path.resolve()
        return self._real_folder(os.path.dirname(path)) / path.name  # noqa: PTH120 - of many

    def _real_of(self, target: Target) -> Path:
        """Return the real path of the file of a script, or of the folder of another target."""
        return self.real(self.file(target) if isinstance(target, Path) else target.folder)

    def _place_of(self, target: Target) -> Path:
        """Return the real folder where the search for a target's project root starts.

        It is one object for all scripts of a folder, so that it is hashed once.
        """
        real = self.real_of(target)
        return self._real_folder(os.path.dirname(real)) if isinstance(target, Path) else real  # noqa: PTH120 - of many

    def _real_files(self, folder: Together) -> frozenset[Path]:
        found = self.together(folder)
        return frozenset(map(self.real, (*found.scripts, *found.modules)))

    def lock_command(self, target: Target | None = None, channels: tuple[str, ...] = ()) -> str:
        """Return the command that locks a target, from the current folder and with these flags.

        ``channels`` are those it was locked with, used if the flags have none. Without a target
        the command has SCRIPT in its place.
        """
        flags = self.flags
        elsewhere = isinstance(target, Module) and target.folder != Path.cwd()
        options = [word for name in flags.channels or channels for word in ("-c", name)]
        options += [word for name in flags.platforms for word in ("--platform", name)]
        if flags.locks is not None and not self._is_default(flags.locks, target):
            options += ["--locks", str(flags.locks.absolute() if elsewhere else flags.locks)]
        words = [*map(shell_word, options), "SCRIPT" if target is None else typed(target)]
        command = f"condavision lock {' '.join(words)}"
        if isinstance(target, Module) and elsewhere:
            return f"cd {shell_word(near(target.folder))} && {command}"
        return command

    def _is_default(self, locks: Path, target: Target | None) -> bool:
        place = Path.cwd() if target is None else self.place_of(target)
        root = self.settings.root_of(place)
        return self.settings.config(root).locks == locks.absolute()


def _read_index(folder: Path) -> ScriptIndex:
    require_trusted(folder / FILE_NAME, f"the locks folder {folder}")
    return read_index(folder)


def _read_accepted(folder: Path) -> AcceptedNames:
    require_trusted(folder, f"the locks folder {folder}")
    return read_accepted(folder)


def _read_modules(folder: Path) -> LearnedModules:
    if (folder / MODULES).exists():
        require_trusted(folder / MODULES, f"the locks folder {folder}")
    return read_modules(folder)


def _has_interpreter(url: str, sha256: str) -> bool:
    """Return whether a locked package of the embedded channel can be had on this machine."""
    from condavision.interpreters.channel import restore  # noqa: PLC0415 - rarely needed

    try:
        restore(home() / "interpreters", url, sha256)
    except CondavisionError:
        return False
    return True
