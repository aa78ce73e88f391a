"""What one command has opened: each project, index, lock and source is read once."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.analyze import new_reader, prefetch, script_question, search_path
from condavision.analysis.attributes import attributes_taken
from condavision.analysis.facts.syntax_check import require_readable
from condavision.core.platforms import current_subdir
from condavision.errors import CondavisionError
from condavision.inference.conclusions import (
    ConcludedInference,
    Conclusion,
    circumstances,
    conclusion_of,
)
from condavision.inference.infer import analyze_target, infer, python_path
from condavision.inference.known_locks import KnownLocks
from condavision.locks.accepted import read_accepted
from condavision.locks.index import FILE_NAME, read_index
from condavision.locks.modules import FILE_NAME as MODULES
from condavision.locks.modules import read_modules
from condavision.mapping.import_map import ImportMap, normalized
from condavision.mapping.learned import Lessons
from condavision.project.config import Flags
from condavision.project.project import Project
from condavision.project.settings_files import SettingsFiles
from condavision.project.targets import (
    Module,
    Together,
    key_of,
    near,
    place_of,
    real_of,
    require_target,
    scripts_together,
    typed,
)
from condavision.system.cache_dir import home
from condavision.system.ownership import require_trusted
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from condavision.analysis.facts.reader import Reader
    from condavision.analysis.resolve.result_cache import Question
    from condavision.analysis.source.scripts import ScriptSearch
    from condavision.core.model import Analysis, Lock, SourceFile
    from condavision.core.pythons import PythonRange
    from condavision.inference.inference import Inference
    from condavision.locks.accepted import AcceptedNames
    from condavision.locks.index import ScriptIndex
    from condavision.mapping.learned import LearnedModules, Lesson
    from condavision.project.config import Config
    from condavision.project.targets import Target

    _Question = tuple[Target, tuple[Path, ...]]
    """A target, and the PYTHONPATH that it is read under."""

_log = logging.getLogger(__name__)


class Workspace:
    """The files that a command works on, under the flags it was given.

    ``index`` and ``lock`` stay as first read; a writer reads them again, under the folder's lock.
    They raise UntrustedError where another user can change the file, or could make it.
    """

    def __init__(self, flags: Flags | None = None) -> None:
        """Open nothing yet."""
        self.opened = time.time_ns()  # nothing was read before
        self.flags = flags or Flags()
        self.import_map = ImportMap.bundled()
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
        self.real_scripts: Callable[[Together], frozenset[Path]] = cache(self._real_scripts)
        self._configs: dict[tuple[Path, tuple[str, ...]], Config] = {}
        self._projects: dict[tuple[Target, tuple[str, ...]], Project] = {}
        self._require = cache(require_target)
        self.real_of: Callable[[Target], Path] = cache(lambda it: real_of(it, self.real))
        self.place_of: Callable[[Target], Path] = cache(lambda it: place_of(it, self.real_of))
        self.key: Callable[[Target, Path], str] = cache(
            lambda target, root: key_of(target, root, self.real_of)
        )
        self._pythonpath = python_path()
        self._search_path = cache(lambda root, paths: search_path(root, paths, self._pythonpath))
        self._readers: dict[Path, Reader] = {}
        self._analyses: dict[_Question, Analysis] = {}
        self._conclusions: dict[Path, Conclusion | None] = {}
        self._known_circumstances: dict[tuple[Path, tuple[str, ...]], str] = {}
        self._inferences: dict[tuple[_Question, tuple[str, ...]], Inference] = {}

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

    def prefetch(self, projects: Iterable[Project]) -> None:
        """Read the scripts among these targets in parallel, unless all is known of them."""
        by_root: dict[Path, dict[Path, Project]] = {}
        for it in projects:
            if isinstance(it.target, Path) and it.target not in self._conclusions:
                by_root.setdefault(it.config.root, {})[it.target] = it
        for root, found in by_root.items():
            reader = self._reader(root)
            questions = {it: self._source_question(it, one.config) for it, one in found.items()}
            reader.preload([it.conclusion_key for it in questions.values()])
            for script, asked in questions.items():
                self._conclusions[script] = asked.conclusion(Conclusion, reader)
            wanted = {it: questions[it] for it, one in found.items() if not self._is_known(one)}
            known = prefetch(wanted, reader)
            self._analyses.update({(it, self._pythonpath): one for it, one in known.items()})

    def content(self, path: Path) -> bytes | None:
        """Return the bytes of a source file, None where it is not a readable one."""
        return self._reader(self.settings.root_of(path)).content(path.absolute().as_posix())

    def require_readable(
        self, root: Path, file: SourceFile, pythons: PythonRange, name: str, *, empty: bool = False
    ) -> None:
        """Refuse a script of a project as ``syntax_check`` does, unless an earlier one did not.

        Raises:
            AnalysisError: names the first line of the script that is not Python.
        """
        reader = self._reader(root)
        if reader.is_accepted(file.sha256):
            return
        content = reader.content(file.path.as_posix())
        if require_readable(content, pythons, name, empty=empty):
            reader.accept(file.sha256)

    def save(self) -> None:
        """Keep what was found out, for later commands."""
        for reader in self._readers.values():
            reader.save_new()
        self._known_locks.save()

    def _reader(self, root: Path) -> Reader:
        if root not in self._readers:
            self._readers[root] = new_reader(root)
        return self._readers[root]

    def analysis(self, project: Project, extra_paths: Iterable[str] = ()) -> Analysis:
        """Return what a target imports and which Pythons run it.

        ``extra_paths`` are local search paths that ``scripts.yml`` recorded for it.

        Raises:
            AnalysisError: it cannot be read as Python, or declares something malformed.
        """
        return self._analysis(project, self._question(project, extra_paths))

    def _source_question(self, script: Path, config: Config) -> Question:
        return script_question(script, self._search_path(config.root, config.paths))

    def _question(self, project: Project, extra_paths: Iterable[str] = ()) -> _Question:
        recorded = [project.config.root / path for path in extra_paths]
        if not recorded:
            return project.target, self._pythonpath
        return project.target, tuple(dict.fromkeys((*self._pythonpath, *recorded)))

    def _analysis(self, project: Project, question: _Question) -> Analysis:
        found = self._analyses.get(question)
        if found is None:
            target, pythonpath = question
            reader = self._reader(project.config.root)
            together = self.together(target) if isinstance(target, Together) else None
            found = analyze_target(target, project.config, pythonpath, reader, together)
            self._analyses[question] = found
            _log.info("%s: %d files, %d imports", target, len(found.files), len(found.imports))
        return found

    def infer(self, project: Project, extra_paths: Iterable[str] = ()) -> Inference:
        """Return what a target requires; nothing is solved and no network is used.

        Raises:
            AnalysisError: it cannot be read.
            ConfigError: an override or a declared dependency is not a requirement.
        """
        question = self._question(project, extra_paths)
        key = (question, project.config.flag_channels)
        found = self._inferences.get(key)
        if found is None:
            learned = self.learned(project.locks(local=False))
            derive = partial(self._infer, project, question, learned)
            known = self._valid_conclusion(project, question)
            if known is not None:
                found = ConcludedInference(
                    project, known.hash, lambda: derive().derive(), conclusion=known
                )
            else:
                found = derive()
            self._inferences[key] = found
            _log.info("%s: hash %s", project.key, found.hash)
        return found

    def _infer(self, project: Project, question: _Question, learned: LearnedModules) -> Inference:
        analysis, target = self._analysis(project, question), project.target
        together = self.together(target) if isinstance(target, Together) else None
        lessons = self._lessons(project, analysis, learned)
        return infer(project, analysis, self.import_map, together, lessons)

    def infer_as(self, inference: Inference, analysis: Analysis) -> Inference:
        """Return what a target would require if it were read as ``analysis``."""
        project = inference.project
        learned = self.learned(project.locks(local=False))
        lessons = self._lessons(project, analysis, learned)
        return infer(project, analysis, self.import_map, inference.together, lessons)

    def _lessons(self, project: Project, analysis: Analysis, learned: LearnedModules) -> Lessons:
        reader = self._reader(project.config.root)
        return Lessons.of(learned, lambda module: attributes_taken(analysis, module, reader))

    def conclude(self, inference: Inference) -> None:
        """Keep what a target requires for later commands, if it can run and has no mistakes."""
        project, target = inference.project, inference.project.target
        if (
            isinstance(target, Path)
            and not isinstance(inference, ConcludedInference)
            and self._analyses.get(self._question(project)) is inference.analysis
        ):
            found = conclusion_of(inference, self._circumstances(project))
            if found is not None:
                asked = self._source_question(target, project.config)
                asked.conclude(self._reader(project.config.root), found)

    def _circumstances(self, project: Project) -> str:
        """Return what decides about a target beside its sources, as a digest."""
        config = project.config
        key = config.root, config.flag_channels
        if key not in self._known_circumstances:
            learned = self.learned(config.locks)
            self._known_circumstances[key] = circumstances(config, learned)
        return self._known_circumstances[key]

    def _conclusion(self, project: Project, question: _Question) -> Conclusion | None:
        """Return what an earlier command has concluded, whatever the circumstances were."""
        target, pythonpath = question
        if not isinstance(target, Path) or pythonpath != self._pythonpath:
            return None
        if target not in self._conclusions:
            asked = self._source_question(target, project.config)
            self._conclusions[target] = asked.conclusion(
                Conclusion, self._reader(project.config.root)
            )
        return self._conclusions[target]

    def _valid_conclusion(self, project: Project, question: _Question) -> Conclusion | None:
        """Return what an earlier command has concluded under the circumstances of today.

        Raises:
            LockfileError: the project's ``modules.yml`` is damaged.
        """
        known = self._conclusion(project, question)
        if known is not None and known.circumstances == self._circumstances(project):
            return known
        return None

    def _is_known(self, project: Project) -> bool:
        with suppress(CondavisionError):  # which is reported when it is inferred
            return self._valid_conclusion(project, self._question(project)) is not None
        return False

    def local_modules(self, project: Project) -> tuple[str, ...]:
        """Return the files of the local modules that a target reaches, as POSIX paths.

        Raises:
            AnalysisError: as :meth:`analysis` does.
        """
        known = self._conclusion(project, self._question(project))
        if known is not None:
            return known.modules
        return tuple(it.path.as_posix() for it in self.analysis(project).files[1:])

    def attributes(self, inference: Inference, module: str) -> frozenset[str]:
        """Return the attributes that the files of a target take from a module."""
        reader = self._reader(inference.project.config.root)
        return attributes_taken(inference.analysis, module, reader)

    def learned(self, folder: Path) -> LearnedModules:
        """Return what the ``modules.yml`` of a locks folder has, and what was learned for it since.

        Raises:
            LockfileError: it is damaged.
        """
        return {**self._modules(folder), **self.newly_learned(folder)}

    def newly_learned(self, folder: Path) -> LearnedModules:
        """Return what this command has learned for a locks folder."""
        return self._newly_learned.get(folder, {})

    def learn(self, folder: Path, modules: LearnedModules) -> None:
        """Infer from now on with what was learned for a locks folder."""
        self._newly_learned.setdefault(folder, {}).update(modules)
        self._inferences.clear()
        self._known_circumstances.clear()

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
        return scripts_together(
            folder, lambda it: self.settings.root_within(it, place), self.excludes
        )

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

    def _real_scripts(self, folder: Together) -> frozenset[Path]:
        return frozenset(self.real(script) for script in self.together(folder).scripts)

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
