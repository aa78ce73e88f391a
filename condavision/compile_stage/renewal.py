"""Which valid locks are solved again, and which earlier versions are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.core.evidence import ProofLevel
from condavision.core.pythons import PythonRange
from condavision.errors import UsageError
from condavision.inference.staleness import option_changes
from condavision.mapping.import_map import normalized

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.compile_stage.groups import Group
    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.core.model import Lock, LockedPackage, Manager

_NAME = re.compile(r"[\w.-]*\w", re.ASCII)


@dataclass(frozen=True, slots=True)
class Renewal:
    """Which valid locks to solve again.

    ``everything`` ignores all locked versions. ``packages`` upgrades only these; their names are
    compared as PEP 503 normalizes them. A lock whose versions differ from those of ``agreement``
    (:func:`condavision.read_agreement`) is solved again with those that can be kept.
    """

    everything: bool = False
    packages: frozenset[str] = frozenset()
    agreement: Agreement | None = None

    def wanted(self, lock: Lock) -> bool:
        """Return whether a valid lock has to be solved again."""
        if self.agreement is not None and self.agreement.unkept(lock):
            return True
        return self.everything or (bool(self.packages) and any(map(self._moves, lock.packages)))

    def present(self, group: Group) -> Lock | None:
        """Return the valid lock of a group, None if it has none that can stay as it is."""
        lock = group.present
        if (
            lock is None
            or set(group.platforms) != set(lock.platforms)
            or option_changes(lock.record, group.options)
            or not _has_python(lock, group.options.python)
            or self.wanted(lock)
        ):
            return None
        return lock

    def is_proved(self, group: Group) -> bool:
        """Return whether a group's lock is proved as far as it has to be."""
        lock = group.present
        return lock is None or not group.options.prove or lock.record.proof is ProofLevel.IMPORTS

    def kept(self, locks: Iterable[Lock], pythons: PythonRange) -> tuple[LockedPackage, ...]:
        """Return the packages of earlier locks that a new one for ``pythons`` prefers.

        Of several locks the first with a package decides. They are none of a platform whose Python
        has to change: versions that were chosen for another Python may install with this one, but
        fail when they are imported.
        """
        found: dict[tuple[str, Manager, str], LockedPackage] = {}
        for lock in () if self.everything else locks:
            for platform in lock.platforms:
                packages = lock.on(platform)
                for package in packages if _admits(pythons, packages) else ():
                    if not self._moves(package):
                        found.setdefault((platform, package.manager, package.name), package)
        return tuple(found.values())

    def require_known(self, groups: Iterable[Group]) -> None:
        """Refuse packages to upgrade that no lock of these groups has.

        Raises:
            UsageError: one is in no lock, or its name is not valid.
        """
        for name in sorted(self.packages):
            alone = _NAME.match(name)
            if alone is None or alone[0] != name:
                typed = f": --upgrade-package {alone[0]}" if alone else ""
                raise UsageError(
                    f"`{name}` is not a package name",
                    f"give the name alone{typed}",
                    "to constrain its version, declare it in the dependencies of the script",
                )
        locked = [package for group in groups for it in group.earlier for package in it.packages]
        known = {normalized(package.name) for package in locked}
        unknown = sorted(name for name in self.packages if normalized(name) not in known)
        if unknown and groups:
            raise UsageError(
                f"no lock of these scripts has {', '.join(unknown)}", "check the spelling"
            )

    def _moves(self, package: LockedPackage) -> bool:
        return normalized(package.name) in map(normalized, self.packages)


def _has_python(lock: Lock, asked: PythonRange | None) -> bool:
    """Return whether the Pythons of a lock are among those that are asked for."""
    return asked is None or _admits(asked, lock.packages)


def _admits(pythons: PythonRange, packages: Iterable[LockedPackage]) -> bool:
    """Return whether the Pythons among some packages are in a range."""
    versions = (package.version for package in packages if package.name == "python")
    return all(PythonRange.from_specifier(f"=={it}") & pythons for it in versions)
