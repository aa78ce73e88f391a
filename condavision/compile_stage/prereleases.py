"""Pre-releases from PyPI that a lock has although no requirement names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.model import Manager

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from condavision.core.model import LockedPackage, Requirement


def prereleases(
    packages: Iterable[LockedPackage], requirements: Sequence[Requirement]
) -> tuple[LockedPackage, ...]:
    """Return the distributions in a pre-release (PEP 440) that no requirement asks for.

    A requirement asks for pre-releases if its version clauses have one. Versions of conda packages
    have no such meaning.
    """
    wheels = [package for package in packages if package.manager is Manager.PYPI]
    if not wheels:
        return ()
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - 15 ms, for few
    from packaging.version import Version  # noqa: PLC0415

    wanted = {
        needed.name
        for needed in requirements
        if needed.manager is Manager.PYPI and SpecifierSet(needed.constraint).prereleases
    }
    return tuple(
        package
        for package in wheels
        if package.name not in wanted and Version(package.version).is_prerelease
    )
