"""Prove that imports run: follow them into the packages of a lock, and learn what it takes.

A module that nothing locked has becomes an import like those of the script, for the same map and
policy to decide on; a file that the locked Python cannot run narrows the Python.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from condavision.artefacts.artefact import Artefact, UnreadError
from condavision.artefacts.sources import Sources
from condavision.compile_stage.proof.numpy_abi import built_for_numpy_1
from condavision.compile_stage.proof.prove import Proof, has_modules
from condavision.compile_stage.proof.questions import OLD_FLASK
from condavision.core.evidence import Unproved
from condavision.core.model import SourceLocation
from condavision.core.platforms import family_of
from condavision.core.pythons import KNOWN, PythonRange, minor_of
from condavision.errors import RefutedImportError
from condavision.import_time.follow import Follower
from condavision.import_time.kept import keep, load_kept
from condavision.import_time.modules import Modules, Package
from condavision.import_time.outcome import Outcome
from condavision.inference.needs import modules_of, names_taken, needed_on
from condavision.mapping.decisions import Overridden
from condavision.mapping.learned import LearnedNeed, joined_needs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from condavision.artefacts.files import Files
    from condavision.artefacts.reader import ArtefactReader
    from condavision.core.model import Import, Lock, LockedPackage
    from condavision.import_time.follow import Lack
    from condavision.import_time.kept import Kept
    from condavision.import_time.outcome import Demand
    from condavision.inference.inference import Inference
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import Lesson

_BUILT_FOR = re.compile(r"(?:-cp|py)(\d)(\d+)(?:-|h|_|\Z)")


@dataclass(slots=True)
class _Findings:
    """What following imports on all platforms of a lock has shown."""

    families: frozenset[str]
    unproved: dict[str, Unproved] = field(default_factory=dict)
    needs: dict[str, LearnedNeed] = field(default_factory=dict)
    failures: dict[str, None] = field(default_factory=dict)

    def need(self, need: LearnedNeed) -> None:
        """Add a need, joined with that of other platforms."""
        known = self.needs.get(need.key)
        joined = need if known is None else joined_needs(known, need)
        everywhere = joined.families >= self.families
        self.needs[need.key] = replace(joined, families=frozenset()) if everywhere else joined


@dataclass(frozen=True, slots=True)
class ImportProver:
    """Follows imports into the artefacts of locks."""

    reader: ArtefactReader
    import_map: ImportMap

    async def prove(self, lock: Lock, inferences: Sequence[Inference]) -> Proof:
        """Prove that what some targets import can be imported.

        Raises:
            RefutedImportError: it cannot, and nothing that may be locked changes that.
        """
        findings = _Findings(frozenset(map(family_of, lock.platforms)))
        for platform in lock.platforms:
            await self._on_platform(lock, platform, inferences, findings)
        if findings.failures:
            raise RefutedImportError(
                "\n".join(findings.failures),
                "lock an older or newer release: declare its version in the dependencies of the"
                " script",
                "or name the package of a module in condavision.toml: [imports] MODULE ="
                ' "pypi:DISTRIBUTION" (or "", if it is not needed)',
            )
        learned: dict[str, Lesson] = {**findings.needs}
        unproved = () if learned else tuple(sorted(findings.unproved.items()))
        return Proof(unproved, learned)

    async def _on_platform(
        self, lock: Lock, platform: str, inferences: Sequence[Inference], findings: _Findings
    ) -> None:
        packages = lock.on(platform)
        python = next((it.version for it in packages if it.name == "python"), "")
        if not python:
            return
        modules = await self._modules([it for it in packages if has_modules(it)])
        follower = Follower(modules, minor_of(python), family_of(platform))
        starts = [
            (inference, it)
            for inference in inferences
            for it in needed_on(inference.analysis, follower.minor, follower.family)
        ]
        trail = await follower.follow(
            dict.fromkeys(module for _, it in starts for module in modules_of(it)),
            taken=names_taken(it for _, it in starts),
        )
        keep(self.reader.store, follower.modules.packages)
        outcome = Outcome(trail, follower.minor)
        for inference, imported in starts:
            _Start(self, inference, imported, outcome, follower, findings).judge()

    async def _modules(self, packages: Sequence[LockedPackage]) -> Modules:
        artefacts = [Artefact.of(it) for it in packages]
        self.reader.preload(artefacts)
        found = await asyncio.gather(*map(self.reader.files, artefacts), return_exceptions=True)
        known = load_kept(self.reader.store, (it.sha256 for it in artefacts))
        modules = Modules([])
        read, for_numpy_1 = [], await built_for_numpy_1(packages, self.reader)
        for package, artefact, files in zip(packages, artefacts, found, strict=True):
            if isinstance(files, UnreadError):
                modules.unlisted[_label(package)] = files.reason
            elif isinstance(files, BaseException):
                raise files
            else:
                kept = known.get(artefact.sha256, {})
                made = self._package(package, artefact, files, kept)
                made.for_numpy_1 = artefact.sha256 in for_numpy_1
                read.append(made)
        modules.packages = read
        return modules

    def _package(
        self, package: LockedPackage, artefact: Artefact, files: Files, kept: Kept
    ) -> Package:
        text = artefact.name if artefact.is_wheel else package.build or ""
        built = _BUILT_FOR.search(text) if "abi3" not in text else None
        return Package(
            _label(package),
            files,
            Sources(self.reader, artefact, files),
            artefact.sha256,
            f"{built[1]}.{built[2]}" if built else "",
            kept,
        )

    def may_supply(self, lack: Lack) -> bool:
        """Return whether the map has a package for a module that nobody has to accept."""
        provider = self.import_map.provider(lack.module)
        return provider is not None and not provider.candidate


@dataclass(frozen=True, slots=True)
class _Start:
    """An import of a target, and what following it has shown on one platform."""

    prover: ImportProver
    inference: Inference
    imported: Import
    outcome: Outcome
    follower: Follower
    findings: _Findings

    def judge(self) -> None:
        """Add to the findings what it takes to import it, or why that is not known."""
        modules = self.follower.modules
        seen: set[Demand] = set()
        for importer in modules_of(self.imported):
            demands = [it for it in self.outcome.demands(importer) if it not in seen]
            seen.update(demands)
            for demand in demands:
                if demand.lacks and modules.unlisted and not demand.rule:
                    self._unproved(next(iter(modules.unlisted.values())))
                else:
                    self._demand(importer, demand)
        unread = modules.unread.keys() & self._reached()
        if unread:
            self._unproved(modules.unread[min(unread)])
        elif self.outcome.trail.is_cut:
            self._unproved(Unproved.TOO_LARGE)
        elif modules.find(self.imported.name) is None:
            if modules.unlisted:
                self._unproved(next(iter(modules.unlisted.values())))
            elif self.imported.name.startswith(OLD_FLASK):
                self._unproved(Unproved.ABSENT)

    def _reached(self) -> set[str]:
        return {label for it in modules_of(self.imported) for label in self.outcome.reached(it)}

    def _unproved(self, reason: Unproved) -> None:
        self.findings.unproved.setdefault(self.imported.name, reason)

    def _demand(self, importer: str, demand: Demand) -> None:
        needs = [*self._needs(importer, demand)]
        if needs and all(self._overridden(it) for it in needs):
            return
        known = {it.key: it for it in self.inference.needs}
        for need in needs:
            if known.get(need.key) != need and not self._is_met(known.get(need.key), need):
                self.findings.need(need)
                return
        self.findings.failures[self._failure(importer, demand)] = None

    def _is_met(self, known: LearnedNeed | None, need: LearnedNeed) -> bool:
        """Return whether a need was known when the lock was made that does not meet it."""
        return known is not None and joined_needs(known, need) == known

    def _needs(self, importer: str, demand: Demand) -> Iterator[LearnedNeed]:
        """Yield what may meet a demand, the preferred first."""
        family = frozenset({self.follower.family})
        place = SourceLocation(demand.place.file, demand.place.line)
        read = {demand.place.package: demand.place.sha256}
        if demand.pythons is not None and self.inference.analysis.python & demand.pythons:
            pythons = demand.pythons
            yield LearnedNeed(importer, "", "", pythons, frozenset(), place, demand.rule, read)
        for lack in sorted(demand.lacks, key=lambda it: not self.prover.may_supply(it)):
            if demand.pythons is not None and not self.prover.may_supply(lack):
                continue  # a module of the standard library: nobody's name to guess
            lacking = frozenset(KNOWN) - (lack.pythons.minors if lack.pythons else frozenset())
            pythons = PythonRange(lacking)
            yield LearnedNeed(importer, lack.module, lack.name, pythons, family, place, "", read)

    def _overridden(self, need: LearnedNeed) -> bool:
        return any(
            isinstance(it.decision, Overridden)
            for it in self.inference.resolutions
            if it.imported.implied_by == need.importer and it.imported.name == need.module
        )

    def _failure(self, importer: str, demand: Demand) -> str:
        place = f"{demand.place} ({demand.place.package})"
        where = f"{self.imported.location}: `import {importer}` fails at {place}"
        if demand.rule:
            asked = self.inference.analysis.python
            return f"{where}: {demand.rule}: Python {demand.pythons}, not {asked}"
        lacking = " or ".join(f"`{it.module}.{it.name}".rstrip(".") + "`" for it in demand.lacks)
        return f"{where}: no package that is locked has {lacking}"


def _label(package: LockedPackage) -> str:
    return f"{package.name} {package.version}"
