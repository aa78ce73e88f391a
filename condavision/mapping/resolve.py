"""Decide, for every import of an analysis, which package supplies it, and record why.

The order is fixed and the first match wins: an override in the script, an override in the
configuration, a dependency that the script declares, the bundled map. Everything else is *unknown*:
it may be looked up under its own name on a trusted channel, but not on PyPI, where anyone can
register any name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from condavision.core.model import ImportKind, Manager, Requirement
from condavision.core.origin import Origin
from condavision.mapping.declared import conda_name, declared_requirements
from condavision.mapping.import_map import Provider, normalized, prefixes
from condavision.mapping.project_names import namesake, project_names

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from condavision.core.model import Analysis, Import, SourceLocation
    from condavision.mapping.declared import Override
    from condavision.mapping.import_map import ImportMap

_FLASK_EXTENSION = re.compile(r"flask(?:\.ext|ext)\.(?=\w)")

_NOT_INSTALLED = frozenset(
    {ImportKind.OPTIONAL, ImportKind.FALLBACK, ImportKind.TYPING, ImportKind.VERSION}
)


@dataclass(frozen=True, slots=True)
class Overridden:
    """An override of ``module`` exists, which is the import or a parent package."""

    module: str


@dataclass(frozen=True, slots=True)
class DeclaredAt:
    """The script declares a dependency that has the module."""

    location: SourceLocation


@dataclass(frozen=True, slots=True)
class NamedIn:
    """A requirements ``file``, relative to the project root, lists a package of that name."""

    file: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """The bundled map of ``date`` (ISO 8601) has ``module``, the import or a parent package.

    ``sole``: the only evidence is that a single PyPI distribution has such a module.
    ``candidate``: nobody has vouched for that one, so a person has to accept it.
    """

    module: str
    date: str
    sole: bool
    candidate: bool = False


Decision = Overridden | DeclaredAt | NamedIn | Mapped
"""What decided which package supplies a module."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one imported module needs.

    ``module`` is the dotted name that decided. ``requirement`` and ``decision`` are None if no
    package is needed or known; an override with "no package" is a decision without a requirement.
    ``installed`` is whether it enters the requirement set, which an optional import does not.
    ``left_to_declared``: the module is implied by a package that the script declares, and so is
    left to that declaration.
    """

    imported: Import
    module: str
    requirement: Requirement | None = None
    decision: Decision | None = None
    installed: bool = True
    left_to_declared: bool = False

    @property
    def unknown(self) -> bool:
        """Whether no package is known for an import; what nothing imports is never unknown."""
        imported = self.imported
        is_imported = imported.origin is Origin.PACKAGE and imported.kind is not ImportKind.IMPLIED
        return is_imported and self.decision is None


def resolve(
    analysis: Analysis,
    import_map: ImportMap,
    overrides: Mapping[str, Override],
    *,
    optional_imports: bool = False,
    root: Path,
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
        optional_imports=optional_imports,
        root=root,
    )
    resolver.learn(analysis.imports)
    return tuple(
        resolution for imported in analysis.imports for resolution in resolver.resolve(imported)
    )


class _Resolver:
    def __init__(
        self,
        import_map: ImportMap,
        overrides: Mapping[str, Override],
        declared: tuple[Requirement, ...],
        *,
        optional_imports: bool,
        root: Path,
    ) -> None:
        self.import_map = import_map
        self.overrides = overrides
        self.declared = declared
        self.optional_imports = optional_imports
        self.certain: set[str] = set()
        self.root = root
        self.declared_modules = {
            module: requirement
            for requirement in declared
            for module in import_map.modules(_pypi_name(requirement, import_map))
        }

    def learn(self, imports: Iterable[Import]) -> None:
        """Collect the distributions that some import identifies unambiguously.

        ``from haystack.indexes import SearchIndex`` decides what ``import haystack`` means.
        """
        for imported in imports:
            if imported.origin is Origin.PACKAGE and self._is_installed(imported.kind):
                for module in self._candidates(imported):
                    provider = self.import_map.provider(module)
                    if provider is not None and not provider.others:
                        self.certain.add(provider.pypi)

    def resolve(self, imported: Import) -> Iterator[Resolution]:
        if imported.origin is not Origin.PACKAGE:
            yield Resolution(imported, imported.name, installed=False)
            return
        found = [self._resolve_module(imported, it) for it in self._candidates(imported)]
        if all(it.unknown for it in found) and not self.import_map.namespace(imported.name):
            found = [self._resolve_module(imported, imported.name)]
        seen = set()
        for resolution in found:
            key = resolution.requirement and (
                resolution.requirement.manager,
                resolution.requirement.name,
            )
            if key not in seen:
                seen.add(key)
                yield resolution

    def _candidates(self, imported: Import) -> tuple[str, ...]:
        """Return the module, or its members if they may come from several distributions."""
        if imported.name.startswith("flask.ext."):
            return (imported.name, "flask")
        if not imported.members or self._override(imported.name) is not None:
            return (imported.name,)
        names = tuple(f"{imported.name}.{member}" for member in imported.members)
        if self._provider(imported.name) is None or any(map(self._is_listed, names)):
            return names
        return (imported.name,)

    def _is_listed(self, module: str) -> bool:
        spelt = _spelt_today(module)
        provider = self.import_map.provider(spelt)
        return provider is not None and provider.module == spelt

    def _provider(self, module: str) -> Provider | None:
        """Return the provider of a module; of several, one that is required anyway."""
        provider = self.import_map.provider(_spelt_today(module))
        if provider is None or not provider.others or provider.pypi in self.named:
            return provider
        needed: Container[str] = self.named
        if provider.pypi not in self.certain and normalized(provider.module) != provider.pypi:
            needed = {*self.named, *self.certain}
        other = next((name for name in provider.others if name in needed), None)
        if other is None:
            return provider
        conda = self.import_map.conda_name(other)
        return replace(provider, pypi=other, conda=conda, conda_constraint="", constraint="")

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
        override = self._override(module)
        if override is not None:
            prefix, written = override
            needed = self._from_override(imported, written) if written.text else None
            return needed, Overridden(prefix)
        provider = self._provider(module)
        declared = self._declared(module, provider)
        if declared is not None:
            return declared, DeclaredAt(declared.sources[0])
        if provider is None or provider.sole:
            name = namesake(module, self.named)
            if name is not None:
                named = self._required(imported, Provider(module, name, None))
                return named, NamedIn(self.named[name])
        if provider is None:
            return None, None
        evidence = provider.sole, provider.candidate
        mapped = Mapped(provider.module, self.import_map.date, *evidence)
        return self._required(imported, provider), mapped

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

    def _override(self, module: str) -> tuple[str, Override] | None:
        found = (it for it in prefixes(module) if it in self.overrides)
        return next(((prefix, self.overrides[prefix]) for prefix in found), None)

    def _from_override(self, imported: Import, override: Override) -> Requirement:
        return replace(
            override.requirement(self.import_map),
            sources=(imported.location,),
            platforms=imported.platforms,
        )

    def _declared(self, module: str, provider: Provider | None) -> Requirement | None:
        names = {provider.pypi, *provider.others} if provider else set()
        for requirement in self.declared:
            if provider and requirement.manager is Manager.PYPI and requirement.name in names:
                return requirement
            if provider and requirement.conda and requirement.conda == provider.conda:
                return requirement
            if requirement.name.replace("-", "_") == module.partition(".")[0].lower():
                return requirement
        declared = map(self.declared_modules.get, prefixes(module))
        return next((it for it in declared if it is not None), None)


def _spelt_today(module: str) -> str:
    """Return the current name of an old Flask extension: ``flask.ext.wtf``, ``flaskext.wtf``."""
    match = _FLASK_EXTENSION.match(module)
    return f"flask_{module[match.end() :]}" if match else module


def _pypi_name(requirement: Requirement, import_map: ImportMap) -> str:
    if requirement.manager is Manager.PYPI:
        return requirement.name
    return import_map.pypi_name(requirement.name) or requirement.name
