"""What differs between two locks: packages added, removed or changed, by platform."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

from condavision.core.model import Manager

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.core.model import Lock, LockedPackage


@dataclass(frozen=True, slots=True)
class Change:
    """A package that differs between two locks, on the platforms where it does.

    ``before`` and ``after`` are versions, empty if the package is missing; with the build, the
    tags of the wheel or the file if the versions are equal.
    """

    name: str
    manager: Manager
    before: str
    after: str
    platforms: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``added``, ``removed`` or ``moved``."""
        if not self.before:
            return "added"
        return "moved" if self.after else "removed"


def compare(before: Lock, after: Lock) -> tuple[Change, ...]:
    """Return the changes between two locks, by name, on the platforms of either."""
    platforms = tuple(dict.fromkeys((*before.platforms, *after.platforms)))
    found: dict[tuple[str, Manager, str, str], list[str]] = {}
    for platform in platforms:
        old = {(package.name, package.manager): package for package in before.on(platform)}
        new = {(package.name, package.manager): package for package in after.on(platform)}
        for name, manager in sorted({*old, *new}):
            pair = _spelt(old.get((name, manager)), new.get((name, manager)))
            if pair[0] != pair[1]:
                found.setdefault((name, manager, *pair), []).append(platform)
    return tuple(Change(*key, tuple(where)) for key, where in sorted(found.items()))


def _spelt(old: LockedPackage | None, new: LockedPackage | None) -> tuple[str, str]:
    """Return the shortest texts that distinguish two packages."""
    versions = (old.version if old else "", new.version if new else "")
    if old is None or new is None or old.version != new.version or old.sha256 == new.sha256:
        return versions
    builds = _builds(old, new)
    if builds[0] == builds[1]:
        builds = [f"sha256 {package.sha256[:8]}" for package in (old, new)]
    return (f"{old.version} ({builds[0]})", f"{new.version} ({builds[1]})")


def _builds(*packages: LockedPackage) -> list[str]:
    """Return the builds of packages, of wheels the tags that differ: ``cp312``, ``cp313``."""
    builds = [package.build or package.url.rpartition("/")[2] for package in packages]
    if not all(build.endswith(".whl") for build in builds):
        return builds
    tags = [build.removesuffix(".whl").split("-")[-3:] for build in builds]
    differing = [len({*found}) > 1 for found in zip(*tags, strict=True)]
    return ["-".join(dict.fromkeys(compress(found, differing))) for found in tags]


def diff_rows(changes: Sequence[Change]) -> list[tuple[str, str, str, str]]:
    """Return the rows of a table: package, before, after, platforms."""
    return [
        (
            change.name if change.manager is Manager.CONDA else f"{change.name} (PyPI)",
            change.before or "-",
            change.after or "-",
            ", ".join(change.platforms),
        )
        for change in changes
    ]


def diff_markdown(changes: Sequence[Change]) -> str:
    """Return a table for a pull request."""
    if not changes:
        return "No package differs.\n"
    rows = (
        " | ".join(_code(cell) for cell in row[:3]) + f" | {row[3]}" for row in diff_rows(changes)
    )
    lines = ["package | before | after | platforms", "--- | --- | --- | ---", *rows]
    return "".join(f"| {line} |\n" for line in lines)


def _code(cell: str) -> str:
    return cell if cell == "-" else f"`{cell}`"


def diff_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Return the changes as plain data."""
    return [
        {
            "name": change.name,
            "manager": change.manager.value,
            "change": change.kind,
            "before": change.before or None,
            "after": change.after or None,
            "platforms": list(change.platforms),
        }
        for change in changes
    ]
