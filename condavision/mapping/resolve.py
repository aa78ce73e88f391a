"""Decide, for every import of an analysis, which package supplies it, and say why.

The order is fixed, first hit wins: an override in the script, an override in the configuration, a
dependency the script declares, the bundled map. What is left over is *unknown*: it may be looked up
under its own name on a trusted channel, never on PyPI, where anybody can register any name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from condavision.core.model import ImportKind, Manager, Origin, Requirement
from condavision.mapping.declared import conda_name, declared_requirements, parse_requirement
from condavision.mapping.import_map import normalized
from condavision.mapping.project_names import namesake, project_names

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from condavision.core.model import Analysis, Import
    from condavision.mapping.import_map import ImportMap, Provider

__all__ = ["Resolution", "resolve"]

SOLE = "nobody else has it"
_PYPI_PREFIX = "pypi:"
_FLASK_EXTENSION = re.compile(r"flask(?:\.ext|ext)\.(?=\w)")

_NOT_INSTALLED = {
    ImportKind.OPTIONAL: "optional: the script goes on without it",
    ImportKind.FALLBACK: "fallback of another import",
    ImportKind.TYPING: "for type checkers only",
    ImportKind.VERSION: "for other Pythons only",
}


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one imported module needs.

    ``module`` is the dotted name that decided. ``requirement`` is None where no package is needed
    or, with ``unknown``, where none is known. ``installed`` tells whether it enters the requirement
    set: an optional import has a package all the same.
    """

    imported: Import
    module: str
    requirement: Requirement | None
    why: str
    unknown: bool = False
    installed: bool = True

    @property
    def sole(self) -> bool:
        """Whether nothing speaks for the package but that no other has such a module."""
        return self.why.startswith(SOLE)


def resolve(
    analysis: Analysis,
    import_map: ImportMap,
    overrides: Mapping[str, str],
    *,
    optional_imports: bool = False,
    root: Path | None = None,
) -> tuple[Resolution, ...]:
    """Resolve every import of ``analysis``, in its order.

    ``overrides`` are the configuration's; the script's own win over them. The requirements of the
    project at ``root`` settle what is unknown or ambiguous otherwise.

    Raises:
        ConfigError: an override or a declared dependency is not a requirement.
    """
    resolver = _Resolver(
        import_map,
        {**overrides, **analysis.metadata.imports},
        declared_requirements(analysis, import_map),
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
        overrides: Mapping[str, str],
        declared: tuple[Requirement, ...],
        *,
        optional_imports: bool,
        root: Path | None,
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
        """Note the distributions that some import can only mean.

        ``from haystack.indexes import SearchIndex`` tells whose ``import haystack`` is.
        """
        for imported in imports:
            if imported.origin is Origin.PACKAGE and self._is_installed(imported.kind):
                for module in self._candidates(imported):
                    provider = self.import_map.provider(module)
                    if provider is not None and not provider.others:
                        self.certain.add(provider.pypi)

    def resolve(self, imported: Import) -> Iterator[Resolution]:
        if imported.origin is not Origin.PACKAGE:
            yield Resolution(imported, imported.name, None, imported.why, installed=False)
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
        """Return the module, or its members where they may come from several distributions."""
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
        """Return who supplies a module; of several, who is needed anyway."""
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
        requirement, why = self._find(imported, module)
        unknown = requirement is None and not why
        installed = self._is_installed(imported.kind)
        if imported.kind is ImportKind.IMPLIED:
            return self._implied(imported, module, requirement, why)
        if not installed:
            reason = _NOT_INSTALLED[imported.kind]
            if imported.needed_on:
                reason = f"{reason}, needed on Python {imported.needed_on}"
            why = f"{why}; {reason}" if why else reason
        return Resolution(imported, module, requirement, why, unknown, installed)

    def _implied(
        self, imported: Import, module: str, requirement: Requirement | None, why: str
    ) -> Resolution:
        """Resolve what nobody imports; a script that declares the caller knows what that needs."""
        why = f"{imported.implied_by} needs it; {why or 'no package is known for it'}"
        host = self.import_map.provider(imported.implied_by)
        declared = host is not None and self._declared(imported.implied_by, host) is not None
        if declared and requirement not in self.declared:
            why = f"{why}; left to the declared dependencies"
        installed = requirement is not None and not why.endswith("dependencies")
        if requirement is not None:
            requirement = replace(requirement, why=f"{imported.implied_by} needs {module}")
        return Resolution(imported, module, requirement, why, installed=installed)

    def _is_installed(self, kind: ImportKind) -> bool:
        if kind is ImportKind.OPTIONAL:
            return self.optional_imports
        return kind not in _NOT_INSTALLED

    def _find(self, imported: Import, module: str) -> tuple[Requirement | None, str]:
        override = self._override(module)
        if override is not None:
            prefix, text = override
            if not text:
                return None, f"override: {prefix} needs no package"
            return self._from_override(imported, prefix, text), f"override of {prefix}"
        provider = self._provider(module)
        declared = self._declared(module, provider)
        if declared is not None:
            return declared, f"declared in {declared.sources[0]}"
        if provider is None or provider.sole:
            requirement, why = self._from_project(imported, module)
            if provider is None or requirement is not None:
                return requirement, why
        if provider.pypi:
            manager, name = Manager.PYPI, provider.pypi
        else:
            manager, name = Manager.CONDA, provider.conda or ""
        requirement = Requirement(
            manager,
            name,
            provider.constraint,
            platforms=imported.platforms,
            conda=conda_name(name, self.import_map) if provider.pypi else provider.conda,
            conda_constraint=provider.conda_constraint,
            sources=(imported.location,),
            why=f"import {module}",
        )
        of = f"{SOLE}: " if provider.sole else ""
        return requirement, f"{of}map of {self.import_map.date}: {provider.module}"

    @cached_property
    def named(self) -> Mapping[str, str]:
        """The distributions that the project's own files name, and the files."""
        return project_names(self.root) if self.root is not None else {}

    def _from_project(self, imported: Import, module: str) -> tuple[Requirement | None, str]:
        """Look for an unknown module among the requirements that the project has in writing."""
        name = namesake(module, self.named)
        if name is None:
            return None, ""
        requirement = Requirement(
            Manager.PYPI,
            name,
            platforms=imported.platforms,
            conda=conda_name(name, self.import_map),
            sources=(imported.location,),
            why=f"import {module}",
        )
        return requirement, f"named in {self.named[name]}"

    def _override(self, module: str) -> tuple[str, str] | None:
        prefix = module
        while prefix:
            if prefix in self.overrides:
                return prefix, self.overrides[prefix]
            prefix = prefix.rpartition(".")[0]
        return None

    def _from_override(self, imported: Import, prefix: str, text: str) -> Requirement:
        is_pypi = text.startswith(_PYPI_PREFIX)
        return parse_requirement(
            Manager.PYPI if is_pypi else Manager.CONDA,
            text.removeprefix(_PYPI_PREFIX).strip(),
            self.import_map,
            where=f"override of `{prefix}`",
            sources=(imported.location,),
            platforms=imported.platforms,
            why=f"import {imported.name}",
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
        prefix = module
        while prefix:
            if prefix in self.declared_modules:
                return self.declared_modules[prefix]
            prefix = prefix.rpartition(".")[0]
        return None


def _spelt_today(module: str) -> str:
    """Spell an extension of old Flask, ``flask.ext.wtf`` or ``flaskext.wtf``, as it is now."""
    match = _FLASK_EXTENSION.match(module)
    return f"flask_{module[match.end() :]}" if match else module


def _pypi_name(requirement: Requirement, import_map: ImportMap) -> str:
    if requirement.manager is Manager.PYPI:
        return requirement.name
    return import_map.pypi_name(requirement.name) or requirement.name
