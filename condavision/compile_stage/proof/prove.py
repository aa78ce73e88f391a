"""Prove a lock, and learn from its artefacts what the map has wrong.

Evidence refutes, and chooses among packages that may supply a module anyway: other releases of the
same distribution first, then what else the map has for the module, then the package that a trusted
channel has under the module's name. It never brings in a name that nobody vouches for.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from condavision.artefacts.artefact import Artefact, UnreadError
from condavision.compile_stage.proof.library import Library, Names
from condavision.compile_stage.proof.questions import Installed, Question, Refuted, questions_of
from condavision.core.channels import is_trusted
from condavision.core.evidence import ProofLevel, Unproved
from condavision.core.model import Manager
from condavision.errors import RefutedImportError
from condavision.inference.requirements import override_hint, own_folder_hint
from condavision.locks.lockfile import direct_packages
from condavision.mapping.decisions import DeclaredAt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from condavision.artefacts.reader import ArtefactReader
    from condavision.compile_stage.proof.remedies import Remedies
    from condavision.compile_stage.proof.supply import Supply
    from condavision.core.model import Lock, LockedPackage
    from condavision.core.settings_file import SettingsFile
    from condavision.inference.inference import Inference
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import LearnedModule, LearnedModules


_SHOWN = 6  # releases that an error lists


@dataclass(frozen=True, slots=True)
class Proof:
    """What the artefacts of a lock have shown.

    ``unproved`` are imports of which it is not known whether a package has them, and why not.
    ``learned`` is what has to be locked instead: if there is any, this lock is not one to keep.
    ``level`` is how far everything else is proved.
    """

    unproved: tuple[tuple[str, Unproved], ...] = ()
    learned: LearnedModules = field(default_factory=dict)
    level: ProofLevel = ProofLevel.FILES


@dataclass(frozen=True, slots=True)
class Prover:
    """Checks locks against their artefacts; ``supply`` has those that no lock names."""

    reader: ArtefactReader
    import_map: ImportMap
    supply: Supply

    async def prove(
        self,
        lock: Lock,
        inferences: Sequence[Inference],
        attributes: Callable[[Inference, str], frozenset[str]],
    ) -> Proof:
        """Prove a lock for the targets that it is solved for.

        ``attributes`` returns those that a target takes from a module.

        Raises:
            RefutedImportError: no package that may supply an import has it.
        """
        asked = _distinct(
            question
            for it in inferences
            for question in questions_of(it, self.import_map, partial(attributes, it))
        )
        if not asked:
            return Proof()
        work = [
            self._on_platform(lock, inferences[0], platform, asked) for platform in lock.platforms
        ]
        outcomes = [outcome for found in await asyncio.gather(*work) for outcome in found]
        unproved = {thing: why for thing, why in outcomes if isinstance(why, Unproved)}
        refuted = {thing: it for thing, it in reversed(outcomes) if isinstance(it, Refuted)}
        learned: dict[str, LearnedModule] = {}
        failures = []
        for thing, it in sorted(refuted.items()):
            looked: list[str] = []
            remedy = await self._remedies().find(it, looked)
            if remedy is not None:
                learned[thing] = remedy
            elif isinstance(it.question.decision, DeclaredAt):
                unproved[thing] = Unproved.ABSENT
            else:
                failures.append((it, looked))
        if failures:
            raise _refuted_error(failures, inferences[0].project.config.file)
        return Proof(tuple(sorted(unproved.items())), learned)

    def _remedies(self) -> Remedies:
        from condavision.compile_stage.proof.remedies import Remedies  # noqa: PLC0415 - 30 ms, rarely needed

        return Remedies(self.reader, self.import_map, self.supply)

    async def _on_platform(
        self, lock: Lock, inference: Inference, platform: str, asked: Sequence[Question]
    ) -> list[tuple[str, Unproved | Refuted | None]]:
        packages = lock.on(platform)
        direct = {
            (needed.manager, needed.name): package
            for needed, package in direct_packages(inference.requirements, packages)
            if needed is not None
        }
        python = next((it.version for it in packages if it.name == "python"), "")
        options = inference.project.config.solve
        trusted = tuple(it for it in lock.channels if is_trusted(it, options.trusted_channels))
        place = Installed(platform, python, lock.channels, trusted, options.exclude_newer)
        wanted = [
            (question, direct[question.needed.manager, question.needed.name])
            for question in asked
            if (question.needed.manager, question.needed.name) in direct
            and python
            and question.is_asked_on(platform, python)
        ]
        self.reader.preload(Artefact.of(package) for _, package in wanted)
        python_packages = [it for it in packages if has_modules(it)]
        return await asyncio.gather(
            *(self._ask(question, it, python_packages, place) for question, it in wanted)
        )

    async def _ask(
        self,
        question: Question,
        package: LockedPackage,
        packages: Iterable[LockedPackage],
        place: Installed,
    ) -> tuple[str, Unproved | Refuted | None]:
        others = (Artefact.of(it) for it in packages if it is not package)
        library = Library(Names(self.reader), (Artefact.of(package), *others))
        try:
            lacking = await library.lacks(question.module, question.names)
        except UnreadError as error:
            return question.module, error.reason
        if lacking is None:
            return question.module, None
        return lacking, Refuted(question, lacking, package, place)


def _distinct(questions: Iterable[Question]) -> list[Question]:
    """Return questions that differ in more than their places."""
    found: dict[object, Question] = {}
    for it in questions:
        key = (it.module, it.names, it.needed.manager, it.needed.name, it.platforms, it.pythons)
        found.setdefault(key, it)
    return [*found.values()]


def has_modules(package: LockedPackage) -> bool:
    """Return whether a package may have Python modules; the standard library's are not checked."""
    if package.manager is Manager.PYPI:
        return True
    return bool({"python", "python_abi", "pypy"} & package.dependencies.keys())


def _refuted_error(
    failures: Sequence[tuple[Refuted, Sequence[str]]], settings: SettingsFile
) -> RefutedImportError:
    lines = [
        f"{it.question.location}: no package that may supply `{it.lacking}` has it; looked at"
        f" {_shortened(looked)}"
        for it, looked in failures
    ]
    return RefutedImportError(
        "\n".join(lines),
        override_hint(settings, *dict.fromkeys(it.question.module for it, _ in failures)),
        own_folder_hint(settings),
    )


def _shortened(looked: Sequence[str]) -> str:
    found = [*dict.fromkeys(looked)]
    shown = ", ".join(found[:_SHOWN])
    return shown if len(found) <= _SHOWN else f"{shown} and {len(found) - _SHOWN} more releases"
