"""Decide, for every import of an analysis, which package supplies it, and record why.

The order is fixed and the first match wins: an override in the script, an override in the
configuration, a dependency that the script declares, what was learned from packages
(``modules.yml``), the bundled map. Everything else is *unknown*:
it may be looked up under its own name on a trusted channel, but not on PyPI, where anyone can
register any name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from condavision.core.model import ImportKind, Manager, Requirement
from condavision.core.modules import longest_prefix
from condavision.core.origin import Origin, OriginRule
from condavision.mapping.decisions import (
    Choice,
    DeclaredAt,
    Learned,
    Mapped,
    NamedIn,
    Overridden,
    Resolution,
)
from condavision.mapping.declared import conda_name, declared_requirements
from condavision.mapping.flask_extensions import spelt_today
from condavision.mapping.import_map import Provider, normalized
from condavision.mapping.imported_modules import ImportedModules
from condavision.mapping.learned import Lessons
from condavision.mapping.project_names import namesake, project_names

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from pathlib import Path

    from condavision.core.model import Analysis, Import
    from condavision.mapping.decisions import Decision
    from condavision.mapping.declared import Override
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import LearnedModule

_NOT_INSTALLED = frozenset(
    {ImportKind.OPTIONAL, ImportKind.FALLBACK, ImportKind.TYPING, ImportKind.VERSION}
)


def resolve(
    analysis: Analysis,
    import_map: ImportMap,
    overrides: Mapping[str, Override],
    *,
    optional_imports: bool = False,
    root: Path,
    learned: Lessons | None = None,
) -> tuple[Resolution, ...]:
    """Resolve every import of ``analysis``, in its order.

    The requirements of the project at ``root`` settle what is unknown or ambiguous otherwise.

    Raises:
        ConfigError: an override or a declared dependency is not a requirement.
    """
    resolver = _Resolver(
        import_map,
        overrides,
        declared_requirements(analysis, import_map, root),
        analysis.imports,
        learned or Lessons(),
        root,
        optional_imports,
    )
    return tuple(
        resolution for imported in analysis.imports for resolution in resolver.resolve(imported)
    )


@dataclass(frozen=True)
class _Resolver:
    """Resolves the imports of one analysis; ``declared`` are its declared requirements."""

    import_map: ImportMap
    overrides: Mapping[str, Override]
    declared: tuple[Requirement, ...]
    imports: tuple[Import, ...]
    lessons: Lessons
    root: Path
    optional_imports: bool

    @cached_property
    def declared_modules(self) -> Mapping[str, Requirement]:
        """The declared requirements, by the modules that they are known to supply."""
        return {
            module: requirement
            for requirement in self.declared
            for module in self.import_map.modules(_pypi_name(requirement, self.import_map))
        }

    @cached_property
    def modules(self) -> ImportedModules:
        """What decides which modules an import stands for."""
        return ImportedModules(self.import_map, self.overrides, self.lessons)

    @cached_property
    def certain(self) -> frozenset[str]:
        """The distributions that some import identifies unambiguously.

        ``from haystack.indexes import SearchIndex`` decides what ``import haystack`` means.
        """
        providers = (
            self.import_map.provider(module)
            for imported in self.imports
            if imported.origin is Origin.PACKAGE and self._is_installed(imported.kind)
            for module in self.modules.of(imported)
        )
        return frozenset(it.pypi for it in providers if it is not None and not it.others)

    def resolve(self, imported: Import) -> Iterator[Resolution]:
        if imported.origin is not Origin.PACKAGE:
            yield Resolution(imported, imported.name, installed=False)
            return
        found = [self._resolve_module(imported, it) for it in self.modules.of(imported)]
        if all(it.unknown for it in found) and not self.import_map.namespace(imported.name):
            found = [self._resolve_module(imported, imported.name)]
        seen = set()
        for resolution in found:
            required = resolution.requirement
            key = required and (required.manager, required.name, required.constraint)
            if key not in seen:
                seen.add(key)
                yield resolution

    def _provider(self, module: str) -> tuple[Provider | None, Choice]:
        """Return the provider of a module; of several, one that is required anyway."""
        provider = self.import_map.provider(spelt_today(module))
        if provider is None or not provider.others:
            return provider, Choice.USUAL
        if provider.pypi in self.named:
            return provider, Choice.LISTED
        needed: Container[str] = self.named
        if provider.pypi not in self.certain and normalized(provider.module) != provider.pypi:
            needed = {*self.named, *self.certain}
        other = next((name for name in provider.others if name in needed), None)
        if other is None:
            is_needed = provider.pypi in self.certain
            return provider, Choice.NEEDED if is_needed else Choice.USUAL
        conda = self.import_map.conda_name(other)
        others = tuple(it for it in (provider.pypi, *provider.others) if it and it != other)
        chosen = replace(
            provider, pypi=other, conda=conda, others=others, conda_constraint="", constraint=""
        )
        return chosen, Choice.LISTED if other in self.named else Choice.NEEDED

    def _resolve_module(self, imported: Import, module: str) -> Resolution:
        requirement, decision = self._find(imported, module)
        if imported.kind is ImportKind.IMPLIED:
            left = requirement not in self.declared and self._declares(imported.implied_by)
            installed = requirement is not None and not left
            return Resolution(imported, module, requirement, decision, installed, left)
        installed = self._is_installed(imported.kind)
        return Resolution(imported, module, requirement, decision, installed)

    def _declares(self, caller: str) -> bool:
        """Return whether the script declares the package of a call: ``pandas.read_excel``."""
        provider = self.import_map.provider(caller)
        return provider is not None and self._declared(caller, provider) is not None

    def _is_installed(self, kind: ImportKind) -> bool:
        if kind is ImportKind.OPTIONAL:
            return self.optional_imports
        return kind not in _NOT_INSTALLED

    def _find(self, imported: Import, module: str) -> tuple[Requirement | None, Decision | None]:
        override = longest_prefix(module, self.overrides)
        if override is not None:
            prefix, written = override
            needed = self._from_override(imported, written) if written.text else None
            return needed, Overridden(prefix)
        provider, choice = self._provider(module)
        if provider is not None and _would_hide(provider, imported):
            provider = None
        declared = self._declared(module, provider)
        lesson = longest_prefix(module, self.lessons.modules)
        if declared is not None:
            return _narrowed(declared, *lesson) if lesson else (declared, _declared_at(declared))
        if lesson is not None:
            return self._from_lesson(imported, provider, *lesson)
        if provider is None or provider.candidate:
            name = namesake(module, self.named)
            if name is not None:
                named = self._required(imported, Provider(module, name, None))
                return named, NamedIn(self.named[name])
        if provider is None:
            return None, None
        return self._required(imported, provider), _mapped(provider, choice, self.import_map.date)

    def _from_lesson(
        self, imported: Import, provider: Provider | None, module: str, lesson: LearnedModule
    ) -> tuple[Requirement, Decision]:
        """Return the requirement; a distribution that the map does not know has to be accepted."""
        known = {provider.pypi, *provider.others} if provider and not provider.candidate else set()
        known |= self.named.keys()
        candidate = lesson.manager is Manager.PYPI and lesson.name not in known
        required = replace(
            lesson.requirement(self.import_map),
            sources=(imported.location,),
            platforms=imported.platforms,
        )
        if provider is not None and provider.pypi == lesson.name:
            required = replace(required, conda_constraint=provider.conda_constraint)
        return required, _learned(module, lesson, candidate=candidate)

    def _required(self, imported: Import, provider: Provider) -> Requirement:
        pypi = provider.pypi
        return Requirement(
            Manager.PYPI if pypi else Manager.CONDA,
            pypi or provider.conda or "",
            provider.constraint,
            platforms=imported.platforms,
            conda=conda_name(pypi, self.import_map) if pypi else provider.conda,
            conda_constraint=provider.conda_constraint,
            sources=(imported.location,),
        )

    @cached_property
    def named(self) -> Mapping[str, str]:
        """The distributions that the project's own files list, and the files."""
        return project_names(self.root)

    def _from_override(self, imported: Import, override: Override) -> Requirement:
        return replace(
            override.requirement(self.import_map),
            sources=(imported.location,),
            platforms=imported.platforms,
        )

    def _declared(self, module: str, provider: Provider | None) -> Requirement | None:
        if not self.declared:
            return None
        names = {provider.pypi, *provider.others} if provider else set()
        for requirement in self.declared:
            if provider and requirement.manager is Manager.PYPI and requirement.name in names:
                return requirement
            if provider and requirement.conda and requirement.conda == provider.conda:
                return requirement
            if requirement.name.replace("-", "_") == module.partition(".")[0].lower():
                return requirement
        supplied = longest_prefix(module, self.declared_modules)
        return supplied[1] if supplied else None


def _would_hide(provider: Provider, imported: Import) -> bool:
    """Return whether a package would hide the local parts of a namespace that lacks an import."""
    reason = imported.reason
    is_absent = reason.rule is OriginRule.ABSENT_PART
    return is_absent and f"{reason.subject}.".startswith(f"{provider.module}.")


@lru_cache(1024)  # many scripts import the same
def _mapped(provider: Provider, choice: Choice, date: str) -> Mapped:
    return Mapped(provider.module, date, provider.candidate, provider.others, choice)


def _declared_at(declared: Requirement) -> DeclaredAt:
    return DeclaredAt(declared.sources[0])


def _narrowed(
    declared: Requirement, module: str, lesson: LearnedModule
) -> tuple[Requirement, Decision]:
    """Return a declared requirement, with the versions that are known to have a module."""
    if (lesson.manager, lesson.name) != (declared.manager, declared.name):
        return declared, _declared_at(declared)
    clauses = {*declared.constraint.split(","), *lesson.constraint.split(",")} - {""}
    return replace(declared, constraint=",".join(sorted(clauses))), _learned(module, lesson)


def _learned(module: str, lesson: LearnedModule, *, candidate: bool = False) -> Learned:
    return Learned(module, tuple(lesson.absent), tuple(lesson.present), candidate)


def _pypi_name(requirement: Requirement, import_map: ImportMap) -> str:
    if requirement.manager is Manager.PYPI:
        return requirement.name
    return import_map.pypi_name(requirement.name) or requirement.name
