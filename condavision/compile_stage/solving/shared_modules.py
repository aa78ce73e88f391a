"""Modules that two packages of one environment would both write: the later one wins on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.model import Manager, SharedModule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.core.model import LockedPackage
    from condavision.mapping.import_map import ImportMap

__all__ = ["shared_modules"]


def shared_modules(
    packages: Sequence[LockedPackage], import_map: ImportMap
) -> tuple[SharedModule, ...]:
    """Return the modules that a conda package and one from PyPI would both write on a platform."""
    platforms: dict[tuple[str, str, str], list[str]] = {}
    for platform in sorted({package.platform for package in packages}):
        here = [package for package in packages if package.platform == platform]
        for shared in _written_twice(here, import_map):
            platforms.setdefault(shared, []).append(platform)
    return tuple(SharedModule(*key, tuple(found)) for key, found in sorted(platforms.items()))


def _written_twice(
    packages: Sequence[LockedPackage], import_map: ImportMap
) -> set[tuple[str, str, str]]:
    found: dict[str, set[str]] = {}
    for package in packages:
        if package.manager is Manager.PYPI:
            for module in import_map.supplied(package.name):
                found.setdefault(module, set()).add(package.name)
    return {
        (module, package.name, wheel)
        for package in (packages if found else ())
        if package.manager is Manager.CONDA
        for name in import_map.pypi_names(package.name)
        for module in import_map.supplied(name)
        for wheel in found.get(module, ())
    }
