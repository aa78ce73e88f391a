"""Reading which locked package requires which.

A lock has the dependencies of conda packages. Those of PyPI's are read from the metadata in the
wheels (core metadata, PEP 566), in parts, and kept.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Wanted
from packaging.utils import canonicalize_name

from condavision.artefacts.artefact import Artefact, UnreadError
from condavision.artefacts.reader import ArtefactReader
from condavision.artefacts.requires import requires_key
from condavision.core.model import Manager
from condavision.core.platforms import PLATFORMS, current_subdir
from condavision.errors import CondavisionError, UsageError
from condavision.inference.lock_lookup import locate
from condavision.inspection.dependency_graph import Dependencies, Edge, Key, key_of
from condavision.locks.lockfile import direct_packages
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from condavision.core.evidence import Unproved
    from condavision.core.model import Lock, LockedPackage, Requirement
    from condavision.inference.lock_lookup import Located
    from condavision.inference.workspace import Workspace
    from condavision.mapping.import_map import ImportMap
    from condavision.project.targets import Target

    Failures = list[tuple[Target, CondavisionError]]


def locate_each(
    targets: Iterable[Target], workspace: Workspace
) -> tuple[dict[Path, list[Located]], Failures]:
    """Return the targets that have locks, by the files of these, and the errors of the others."""
    by_lock: dict[Path, list[Located]] = {}
    failed: Failures = []
    for target in targets:
        try:
            located = locate(target, workspace)
        except CondavisionError as error:
            failed.append((target, error))
        else:
            by_lock.setdefault(located.path, []).append(located)
    return by_lock, failed


def dependencies_of(
    located: Located, asked: str | None, workspace: Workspace, *, offline: bool
) -> Dependencies:
    """Return the dependencies in the lock of a target; wheels that were not read are read now.

    They are those of a platform; of this machine's where none is ``asked`` for, or of the lock's
    first.

    Raises:
        UsageError: the lock has nothing for the platform.
    """
    lock = located.lock
    if asked is not None and asked not in lock.platforms:
        raise UsageError(
            f"the lock {lock.hash} has nothing for {asked}",
            f"it has {', '.join(lock.platforms)}",
        )
    platform = asked or lock.platform_or_first(current_subdir())
    packages = lock.on(platform)
    direct = direct_packages(located.inference.requirements, packages)
    by_key = {key_of(package): package for package in packages}
    texts, unread = asyncio.run(_metadata(packages, ArtefactReader(home(), offline=offline)))
    supplied = _supplied(by_key, workspace.import_map)
    variables = _variables(lock, platform)
    extras = _extras(direct, supplied, texts, variables)
    edges = {
        key: tuple(
            _conda(package, by_key)
            if package.manager is Manager.CONDA
            else _pypi(texts.get(key, ()), extras.get(key, frozenset()), supplied, variables)
        )
        for key, package in by_key.items()
    }
    return Dependencies(platform, by_key, direct, edges, unread)


async def _metadata(
    packages: Iterable[LockedPackage], reader: ArtefactReader
) -> tuple[dict[Key, tuple[Wanted, ...]], dict[Key, Unproved]]:
    """Return what distributions require, and why that of some is not known."""
    wheels = [package for package in packages if package.manager is Manager.PYPI]
    names = {key_of(it): requires_key(it.sha256) for it in wheels}
    kept = reader.store.load(names.values())
    unread: dict[Key, Unproved] = {}

    async def read(package: LockedPackage) -> None:
        try:
            new[names[key_of(package)]] = await reader.requires(Artefact.of(package))
        except UnreadError as error:
            unread[key_of(package)] = error.reason

    new: dict[str, bytes] = {}
    missing = [it for it in wheels if names[key_of(it)] not in kept]
    reader.preload(map(Artefact.of, missing))
    await asyncio.gather(*map(read, missing))
    reader.store.keep(new)
    texts = {**kept, **new}
    return {
        key: tuple(_parsed(texts[name].decode("utf-8", "replace")))
        for key, name in names.items()
        if name in texts
    }, unread


def _parsed(text: str) -> Iterator[Wanted]:
    for line in text.splitlines():
        with suppress(InvalidRequirement):
            yield Wanted(line)


def _variables(lock: Lock, platform: str) -> dict[str, str]:
    """Return the environment markers of a platform and its locked Python."""
    versions = (it.version for it in lock.on(platform) if it.name == "python")
    python = next(versions, "")
    return {
        **PLATFORMS[platform].family.markers(),
        "platform_machine": PLATFORMS[platform].machine,
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_name": "cpython",
        "implementation_version": python,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
    }


def _supplied(packages: Iterable[Key], import_map: ImportMap) -> dict[str, Key]:
    """Return the package of each distribution: PyPI's, else the conda package that supplies it."""
    conda = [key for key in packages if key[0] is Manager.CONDA]
    found = {str(canonicalize_name(key[1])): key for key in conda}
    found |= {name: key for key in conda for name in import_map.pypi_names(key[1])}
    return found | {key[1]: key for key in packages if key[0] is Manager.PYPI}


def _extras(
    direct: Iterable[tuple[Requirement | None, LockedPackage]],
    supplied: Mapping[str, Key],
    texts: Mapping[Key, tuple[Wanted, ...]],
    variables: Mapping[str, str],
) -> dict[Key, frozenset[str]]:
    """Return the extras of distributions that requirements, or others in turn, request."""
    found: dict[Key, frozenset[str]] = {}
    waiting = [(key_of(it), frozenset(needed.extras if needed else ())) for needed, it in direct]
    while waiting:
        key, extras = waiting.pop()
        if key in found and extras <= found[key]:
            continue
        found[key] = found.get(key, frozenset()) | extras
        for wanted in texts.get(key, ()):
            other = supplied.get(canonicalize_name(wanted.name))
            if other is not None and _applies(wanted, found[key], variables):
                waiting.append((other, frozenset(wanted.extras)))
    return found


def _applies(wanted: Wanted, extras: frozenset[str], variables: Mapping[str, str]) -> bool:
    return wanted.marker is None or any(
        wanted.marker.evaluate({**variables, "extra": extra}) for extra in ("", *sorted(extras))
    )


def _conda(package: LockedPackage, packages: Mapping[Key, LockedPackage]) -> Iterator[Edge]:
    for name, constraint in package.dependencies.items():
        if (Manager.CONDA, name) in packages:
            yield Edge((Manager.CONDA, name), constraint)


def _pypi(
    requires: Iterable[Wanted],
    extras: frozenset[str],
    supplied: Mapping[str, Key],
    variables: Mapping[str, str],
) -> Iterator[Edge]:
    edges: dict[Key, Edge] = {}
    for wanted in requires:
        key = supplied.get(canonicalize_name(wanted.name))
        if key is not None and _applies(wanted, extras, variables):
            edges.setdefault(key, Edge(key, str(wanted.specifier)))
    yield from edges.values()
