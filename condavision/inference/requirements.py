"""From an analysis to the requirement set, and the hash that names it.

The hash is of *what is required*, never of who supplies it: it is computed offline from sources
and configuration, and stays the same when a channel gains or loses a package.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from condavision.analysis.python_range.stdlib import modules
from condavision.core.model import Manager, Requirement, Requirements
from condavision.core.pythons import PythonRange
from condavision.core.settings_file import SettingsFile
from condavision.errors import DeclarationError, UnknownImportError
from condavision.inference.needs import on_pythons
from condavision.inference.own_modules import own_module, own_search
from condavision.mapping.declared import declared_channels, declared_requirements, overrides_of
from condavision.mapping.host_applications import host_application
from condavision.mapping.near_modules import NearModules
from condavision.mapping.resolve import resolve
from condavision.mapping.similar_names import is_slip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from condavision.core.model import Analysis, OwnModule, SourceLocation
    from condavision.errors import Diagnostic
    from condavision.mapping.decisions import Resolution
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import Lessons
    from condavision.mapping.similar_names import Similar
    from condavision.project.config import Config

HASH_VERSION = 1
_HASH_LENGTH = 16


def derive(
    analysis: Analysis, config: Config, import_map: ImportMap, learned: Lessons | None = None
) -> tuple[Requirements, tuple[Resolution, ...]]:
    """Map the imports of an analysis and collect the requirement set.

    Unknown imports enter the set as themselves (:attr:`Manager.IMPORT`): the solver finds out
    whether a trusted channel has them. The script's own channels win over the configuration's.

    Raises:
        ConfigError: an override or a declared dependency is not a requirement, or a channel that
            is declared anywhere is not one or carries credentials.
    """
    resolutions = resolve(
        analysis,
        import_map,
        overrides_of(analysis, config.imports, config.root, config.source),
        optional_imports=config.optional_imports,
        root=config.root,
        learned=learned,
    )
    pythons = analysis.python.raised(config.lowered_floor or config.python_floor)
    wanted = [*declared_requirements(analysis, import_map, config.root)]
    own = {source.module.partition(".")[0] for source in analysis.files}
    for resolution in resolutions:
        requirement, needed_on = resolution.requirement, resolution.imported.needed_on
        if resolution.left_to_declared:
            continue
        if requirement is not None and needed_on is not None:
            wanted.append(replace(requirement, pythons=requirement.pythons or needed_on))
        elif not resolution.installed:
            continue
        elif requirement is not None:
            wanted.append(on_pythons(requirement, resolution.imported))
        elif resolution.unknown:
            unknown = _left_to_channel(resolution, import_map, own)
            unknown = replace(unknown, own=own_search(resolution.imported, analysis, config))
            wanted.append(on_pythons(unknown, resolution.imported))
    requirements = Requirements(
        python=pythons,
        requirements=merged(wanted, pythons),
        channels=config.channels_for(declared_channels(analysis, config.root)),
    )
    return requirements, resolutions


def _left_to_channel(
    resolution: Resolution, import_map: ImportMap, own: AbstractSet[str]
) -> Requirement:
    """Require an unknown import under its own name, or its full name below a namespace.

    ``own`` are the packages of the script's own files, whose other parts come from elsewhere. No
    package with other modules is taken for it: `import beautifulsoup4` is a mistake.
    """
    top = resolution.module.partition(".")[0]
    is_known = import_map.provider(top) is not None or bool(import_map.namespace(top))
    is_part = is_known or resolution.refused or top in own
    return Requirement(
        Manager.IMPORT,
        resolution.module if is_part else top,
        platforms=resolution.imported.platforms,
        conda="" if not is_part and import_map.package_modules(top) else None,
        sources=(resolution.imported.location,),
    )


def merged(wanted: Iterable[Requirement], pythons: PythonRange) -> tuple[Requirement, ...]:
    """Join requirements on the same package: all constraints, all platforms.

    What only some of ``pythons`` need stays separate; what none of them needs is dropped.

    Raises:
        DeclarationError: two conda constraints on one package cannot be joined.
    """
    joined: dict[tuple[str, str, str], Requirement] = {}
    for requirement in wanted:
        needing = requirement.pythons
        if needing is not None:
            minors = needing.minors & pythons.minors
            if not minors:
                continue
            needing = None if minors == pythons.minors else PythonRange(minors)
        same = needing is requirement.pythons
        narrowed = requirement if same else replace(requirement, pythons=needing)
        key = (requirement.manager.value, requirement.name, str(needing or ""))
        known = joined.get(key)
        joined[key] = narrowed if known is None else _join(known, narrowed)
    return tuple(
        found
        for key, found in sorted(joined.items())
        if found.pythons is None or not _covered(found, joined.get((*key[:2], "")))
    )


def _covered(requirement: Requirement, always: Requirement | None) -> bool:
    """Return whether the unconditional requirements cover a conditional one."""
    if always is None:
        return False
    everywhere = replace(requirement, pythons=None)
    return _join(always, everywhere) == replace(
        always, sources=tuple(sorted({*always.sources, *requirement.sources}))
    )


def _join(one: Requirement, other: Requirement) -> Requirement:
    if one == other:
        return one
    everywhere = not one.platforms or not other.platforms
    return replace(
        one,
        constraint=_join_constraints(one, other),
        extras=tuple(sorted({*one.extras, *other.extras})),
        platforms=frozenset() if everywhere else one.platforms | other.platforms,
        sources=tuple(sorted({*one.sources, *other.sources})),
    )


def _join_constraints(one: Requirement, other: Requirement) -> str:
    constraints = [text for text in (one.constraint, other.constraint) if text]
    if len(set(constraints)) < 2:
        return constraints[0] if constraints else ""
    if one.manager is Manager.PYPI:
        return ",".join(sorted({clause for text in constraints for clause in text.split(",")}))
    if any(set(text) & set("[ |") for text in constraints):
        places = " and ".join(str(source) for source in (*one.sources, *other.sources))
        raise DeclarationError(
            f"{places} require `{one.name}` as `{one.constraint}` and as `{other.constraint}`",
            "combine both constraints in one place",
        )
    return ",".join(sorted(set(constraints)))


def requirement_hash(requirements: Requirements) -> str:
    """Return the 16 hex digits that name a requirement set.

    The payload is defined here and nowhere else: Python range, requirements in any order,
    channels in order. Platforms to solve for, dates and locations are not part of it.
    """
    rows = sorted(
        (
            requirement.manager.value,
            requirement.name,
            requirement.constraint,
            requirement.extras,
            tuple(sorted(requirement.platforms)),
            *([str(requirement.pythons)] if requirement.pythons is not None else []),
        )
        for requirement in requirements.requirements
    )
    return _hash_of(str(requirements.python), tuple(rows), requirements.channels)


@lru_cache(maxsize=1024)  # many scripts require the same
def _hash_of(
    python: str, requirements: tuple[tuple[object, ...], ...], channels: tuple[str, ...]
) -> str:
    payload = {
        "version": HASH_VERSION,
        "python": python,
        "requirements": requirements,
        "channels": channels,
    }
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def source_digest(analysis: Analysis, config: Config) -> str:
    """Return a digest of everything a requirement set was derived from, wherever that is.

    That is the script, every local module it reaches, and the project's settings. What a release
    of condavision brings (its map, rules and defaults) is left out on purpose.
    """
    lines = sorted(f"{source.module}\0{source.sha256}\n" for source in analysis.files[1:])
    script = f"\0{analysis.files[0].sha256}\n"
    settings = f"{config.settings}\n{' '.join(config.flag_channels)}\n"
    return hashlib.sha256("".join([settings, script, *lines]).encode()).hexdigest()[:_HASH_LENGTH]


def require_known(
    requirements: Iterable[Requirement],
    import_map: ImportMap,
    diagnostics: Iterable[Diagnostic] = (),
    untrusted: Mapping[str, str] | None = None,
) -> None:
    """Raise one error that lists every unknown import, similar names and the override to add.

    ``diagnostics`` are what may have caused it, ``untrusted`` the channels that have some of the
    imports under their own name.

    Raises:
        UnknownImportError: ``requirements`` has some of :attr:`Manager.IMPORT`.
    """
    unknown = [needed for needed in requirements if needed.manager is Manager.IMPORT]
    if not unknown:
        return
    trust = [
        f"{channel} has `{name}`: to take unknown imports from there, add it to `trusted-channels`"
        for name, channel in sorted((untrusted or {}).items())
    ]
    own = {it.name: found for it in unknown if it.own and (found := own_module(it.own))}
    near = {it.name: [] if it.name in own else _near(it.name, import_map) for it in unknown}
    misspelt = {it.name: hint for it in unknown if (hint := _slip_hint(it, near[it.name]))}
    settings = next((it.own.settings for it in unknown if it.own), SettingsFile())
    misspelt |= {
        it.name: own_hint(own[it.name], it.sources, settings) for it in unknown if it.name in own
    }
    packages = {name for name, found in near.items() if _are_modules_of(name, found)}
    right = [it for it in near if it not in misspelt] or [it for it in near if it not in packages]
    raise UnknownImportError(
        "\n".join(_describe_unknown(needed, near[needed.name]) for needed in unknown),
        *misspelt.values(),
        *([override_hint(settings, *right)] if right else []),
        *trust,
        *([own_folder_hint(settings)] if own.keys() | packages != near.keys() else []),
        diagnostics=diagnostics,
    )


@lru_cache(maxsize=4096)
def _near(name: str, import_map: ImportMap) -> list[Similar]:
    """Return the modules that may be meant; many scripts import the same."""
    return _near_modules(import_map).near(name)


@cache
def _near_modules(import_map: ImportMap) -> NearModules:
    return NearModules(import_map, modules())


def override_hint(settings: SettingsFile, *modules: str) -> str:
    """Return what to add to the configuration; it is refused until it is filled in."""
    choices = '# "pypi:<name>" is one of PyPI, "<name>" one of a conda channel, "" none'
    lines = settings.naming(dict.fromkeys(modules, "pypi:<name>"), choices)
    return f"if the import is right, name its package in {lines}"


def own_folder_hint(settings: SettingsFile) -> str:
    """Return what to do if a module of the script's own is meant that is not found."""
    setting = settings.adding("paths", "FOLDER")
    return f"if it is a module of your own, set {setting}, or lock with PYTHONPATH=FOLDER"


def _slip_hint(needed: Requirement, near: Iterable[Similar]) -> str:
    """Return what to import in place of a package's name or of a slip; empty if it is neither."""
    meant = [f"`import {it.name}`" for it in near if is_slip(needed.name, it.spelling)]
    if not meant or host_application(needed.name):
        return ""
    places = ", ".join(map(str, needed.sources))
    return f"did you mean {' or '.join(meant)}? then correct {places}"


def own_hint(own: OwnModule, sources: Iterable[SourceLocation], settings: SettingsFile) -> str:
    """Return what to do if a module of the script's own is meant in these places."""
    if own.folder:
        return f"if {own.file} is meant, set {settings.adding('paths', own.folder)}"
    places = ", ".join(map(str, sources))
    return f"did you mean `{own.name}`, at {own.file}? then correct {places}"


def _are_modules_of(package: str, near: Sequence[Similar]) -> bool:
    return bool(near) and near[0].spelling == package


def _describe_unknown(needed: Requirement, near: Sequence[Similar]) -> str:
    places = ", ".join(str(source) for source in needed.sources)
    line = f"{places}: no known package for `import {needed.name}`"
    application = host_application(needed.name)
    if application:
        return f"{line} (the module is part of {application}, not of a package)"
    if _are_modules_of(needed.name, near):
        modules = ", ".join(it.name for it in near)
        which = "the module" if len(near) == 1 else "the modules"
        return f"{line} ({needed.name} is a package with {which} {modules})"
    similar = [it.name if it.name == it.spelling else f"{it.name} of {it.spelling}" for it in near]
    return f"{line} (similar names: {', '.join(similar)})" if near else line
