"""What one command has read, each source once: what its targets require."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.analyze import new_reader, prefetch, script_question, search_path
from condavision.analysis.attributes import attributes_taken
from condavision.analysis.facts.syntax_check import require_readable
from condavision.errors import CondavisionError
from condavision.inference.conclusions import (
    ConcludedInference,
    Conclusion,
    circumstances,
    conclusion_of,
)
from condavision.inference.infer import analyze_target, infer, python_path
from condavision.inference.project_files import ProjectFiles
from condavision.locks.index import Reading
from condavision.mapping.import_map import ImportMap
from condavision.mapping.learned import Lessons
from condavision.project.targets import Module, Together, file_of, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from condavision.analysis.facts.reader import Reader
    from condavision.analysis.resolve.result_cache import Question
    from condavision.core.model import Analysis, SourceFile
    from condavision.core.pythons import Minor, PythonRange
    from condavision.inference.inference import Inference
    from condavision.mapping.learned import LearnedModules
    from condavision.project.config import Config, Flags
    from condavision.project.project import Project
    from condavision.project.targets import Target

    _Question = tuple[Target, tuple[Path, ...]]
    """A target, and the PYTHONPATH that it is read under."""

    _Circumstance = tuple[Path, tuple[str, ...], Minor | None]
    """A project's root, the channels of the command line, and a lowered ``python-floor``."""

_PLAIN = Reading()

_log = logging.getLogger(__name__)


class Workspace(ProjectFiles):
    """What the targets of a command require, from their sources and the files of their projects."""

    def __init__(self, flags: Flags | None = None) -> None:
        """Read nothing yet."""
        super().__init__(flags)
        self.import_map = ImportMap.bundled()
        self._pythonpath = python_path()
        self._search_path = cache(lambda root, paths: search_path(root, paths, self._pythonpath))
        self._readers: dict[Path, Reader] = {}
        self._analyses: dict[_Question, Analysis] = {}
        self._conclusions: dict[Path, Conclusion | None] = {}
        self._known_circumstances: dict[_Circumstance, str] = {}
        self._lowered: dict[tuple[Path, str], Minor] = {}
        self._locked_users: Callable[[Path], dict[str, Target]] = cache(self._users_in)
        self._inferences: dict[tuple[_Question, tuple[str, ...], Minor | None], Inference] = {}

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

    def prefetch_analyses(self, projects: Iterable[Project]) -> None:
        """Look up at once what was read of several scripts, for those that are derived anew."""
        keys: dict[Path, list[bytes]] = {}
        for it in projects:
            if isinstance(it.target, Path) and (it.target, self._pythonpath) not in self._analyses:
                asked = self._source_question(it.target, it.config)
                keys.setdefault(it.config.root, []).append(asked.key)
        for root, found in keys.items():
            self._reader(root).preload(found)

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
        super().save()

    def _reader(self, root: Path) -> Reader:
        if root not in self._readers:
            self._readers[root] = new_reader(root)
        return self._readers[root]

    def analysis(self, project: Project, extra_paths: Sequence[str] = ()) -> Analysis:
        """Return what a target imports and which Pythons run it.

        ``extra_paths`` are local search paths that ``scripts.yml`` recorded for it.

        Raises:
            AnalysisError: it cannot be read as Python, or declares something malformed.
        """
        return self._analysis(project, self._question(project, extra_paths))

    def _source_question(self, script: Path, config: Config) -> Question:
        return script_question(self.file(script), self._search_path(config.root, config.paths))

    def _question(self, project: Project, extra_paths: Sequence[str] = ()) -> _Question:
        if not extra_paths:
            return project.target, self._pythonpath
        recorded = [project.config.root / path for path in extra_paths]
        return project.target, tuple(dict.fromkeys((*self._pythonpath, *recorded)))

    def _analysis(self, project: Project, question: _Question) -> Analysis:
        found = self._analyses.get(question)
        if found is None:
            target, pythonpath = question
            reader = self._reader(project.config.root)
            together = self.together(target) if isinstance(target, Together) else None
            found = analyze_target(target, project.config, pythonpath, reader, together)
            self._analyses[question] = found
            _log.info("%s: files: %d, imports: %d", target, len(found.files), len(found.imports))
        return found

    def infer(self, project: Project, reading: Reading = _PLAIN) -> Inference:
        """Return what a target requires; nothing is solved and no network is used.

        ``reading`` is what ``scripts.yml`` recorded for it.

        Raises:
            AnalysisError: it cannot be read.
            ConfigError: an override or a declared dependency is not a requirement.
        """
        if reading.floor is not None:
            config = replace(project.config, lowered_floor=reading.floor)
            project = replace(project, config=config)
        question = self._question(project, reading.paths)
        key = (question, project.config.flag_channels, reading.floor)
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

    def lower_floor(self, project: Project, floor: Minor) -> None:
        """Admit Pythons below ``python-floor`` for a target from now on."""
        self._lowered[project.config.root, project.key] = floor

    def lowered_floor(self, project: Project) -> Minor | None:
        """Return what :meth:`lower_floor` was given for a target."""
        return self._lowered.get((project.config.root, project.key))

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
        key = config.root, config.flag_channels, config.lowered_floor
        known = self._known_circumstances.get(key)
        if known is None:
            known = circumstances(config, self.learned(config.locks))
            self._known_circumstances[key] = known
        return known

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

    def locked_user(self, target: Target) -> Target | None:
        """Return the first script or module with a lock that imports a target's file."""
        project = self.project(target)
        file = file_of(target, project.config.paths) if isinstance(target, Module) else target
        if not isinstance(file, Path):
            return None
        return self._locked_users(project.config.root).get(self.real(self.file(file)).as_posix())

    def _users_in(self, root: Path) -> dict[str, Target]:
        """Return the files that what is locked in a project imports, each with the first user."""
        keys = {key for index in self.indexes(root) for key in index.entries}
        users: dict[str, Target] = {}
        for target in (target_of(key, root) for key in sorted(keys)):
            with suppress(CondavisionError):  # it no longer exists, or cannot be read
                for file in self.local_modules(self.project(target)):
                    users.setdefault(file, target)
        return users

    def attributes(self, inference: Inference, module: str) -> frozenset[str]:
        """Return the attributes that the files of a target take from a module."""
        reader = self._reader(inference.project.config.root)
        return attributes_taken(inference.analysis, module, reader)

    def learn(self, folder: Path, modules: LearnedModules) -> None:
        """Infer from now on with what was learned for a locks folder."""
        super().learn(folder, modules)
        self._inferences.clear()
        self._known_circumstances.clear()
