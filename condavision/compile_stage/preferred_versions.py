"""Versions that a team has agreed on elsewhere: ``lock --from FILE`` keeps them where possible.

FILE is a requirements.txt, an environment.yml, a conda-lock file or a pixi.lock. It adds no
requirement; it only affects the versions of what scripts require, and of their dependencies.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import rattler
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from rattler.exceptions import InvalidMatchSpecError

from condavision.core.model import Manager
from condavision.core.specs import conda_clauses
from condavision.errors import UsageError
from condavision.system.documents import DocumentError, read_yaml
from condavision.system.files import read_text_file
from condavision.system.secrets import redacted_spelling

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from condavision.core.model import Lock, LockedPackage, Requirements
    from condavision.mapping.import_map import ImportMap

_OPERATOR = re.compile(r"[<>=!~]")
_LOCK = re.compile(r"(?m)^packages?:")  # a key that lock files have, and only they
_READERS = "a requirements.txt, an environment.yml, a conda-lock file or a pixi.lock"
_INCLUDED = re.compile(r"(?:-[rc]|--(?:requirement|constraint))[ =]?\s*(\S.*)")
_OPTION = re.compile(r"\s--?[a-z].*|(?:^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Agreed:
    """An agreed version; ``constraint`` is in the syntax of ``manager``.

    ``platform`` is None if it applies to all.
    """

    manager: Manager
    name: str
    constraint: str
    platform: str | None = None

    @property
    def pypi_constraint(self) -> str:
        """The constraint in PyPI's syntax (PEP 440); empty if that cannot express it."""
        clauses = (clause.strip() for clause in self.constraint.split(","))
        text = ",".join(it if _OPERATOR.match(it) else f"=={it}" for it in clauses)
        with suppress(InvalidSpecifier):
            return str(SpecifierSet(text))
        return ""

    @property
    def conda_constraint(self) -> str:
        """The constraint in conda's syntax."""
        if self.manager is Manager.CONDA:
            return self.constraint
        return ",".join(sorted(conda_clauses(self.constraint)))

    def met_by(self, version: str) -> bool:
        """Return whether a version meets the constraint."""
        if self.manager is Manager.PYPI:
            return Requirement(f"x{self.constraint}").specifier.contains(version, prereleases=True)
        return rattler.VersionSpec(self.constraint).matches(rattler.Version(version))


@dataclass(frozen=True, slots=True)
class Unkept:
    """A version that could not be kept: the agreed one, and what the lock has instead."""

    name: str
    agreed: str
    locked: str
    platforms: tuple[str, ...]

    def row(self) -> tuple[str, str, str, str]:
        """Return the row of ``lock``'s table."""
        return (self.name, self.agreed, self.locked, ", ".join(self.platforms))


@dataclass(frozen=True, slots=True)
class Agreement:
    """All agreed versions of one file."""

    entries: tuple[Agreed, ...]

    def on(self, platform: str) -> dict[tuple[Manager, str], Agreed]:
        """Return the agreed versions of a platform; if the file lacks it, of the file's first.

        Of two entries with one name the first applies.
        """
        platforms = [entry.platform for entry in self.entries if entry.platform]
        applied = platform if platform in platforms or not platforms else platforms[0]
        found: dict[tuple[Manager, str], Agreed] = {}
        for entry in self.entries:
            if entry.platform in {None, applied}:
                found.setdefault((entry.manager, entry.name), entry)
        return found

    def conda_specs(self, requirements: Requirements, platform: str) -> tuple[str, ...]:
        """Return match specs of the conda versions to keep, the most important first.

        An agreed version of a PyPI distribution applies to the conda package that supplies it.
        """
        found = self.on(platform)
        conda = {name: it for (manager, name), it in found.items() if manager is Manager.CONDA}
        specs = {name: it.constraint for name, it in conda.items()}
        direct = ["python"]
        for needed in requirements.requirements:
            name = needed.conda or needed.name
            direct.append(name)
            wheel = found.get((Manager.PYPI, needed.name))
            if wheel is not None:
                specs.setdefault(name, wheel.conda_constraint)
        ordered = dict.fromkeys([name for name in direct if name in specs] + sorted(specs))
        return tuple(f"{name} {specs[name]}" for name in ordered)

    def pypi_specs(
        self, requirements: Requirements, import_map: ImportMap, platform: str
    ) -> tuple[str, ...]:
        """Return requirements (PEP 508) of the distributions to keep, the most important first.

        An agreed version of a conda package applies to the distributions that it supplies.
        """
        specs: dict[str, str] = {}
        found = sorted(self.on(platform).items(), key=lambda it: (it[0][0] is not Manager.PYPI, it))
        for (manager, name), entry in found:
            names = () if manager is Manager.PYPI else import_map.pypi_names(name)
            for distribution in (canonicalize_name(name), *names):
                if entry.pypi_constraint:
                    specs.setdefault(distribution, entry.pypi_constraint)
        direct = [needed.name for needed in requirements.requirements if needed.name in specs]
        return tuple(f"{name}{specs[name]}" for name in dict.fromkeys([*direct, *sorted(specs)]))

    def has_python(self, platform: str) -> bool:
        """Return whether a version of Python is agreed."""
        return (Manager.CONDA, "python") in self.on(platform)

    def unused(self, locks: Iterable[Lock]) -> tuple[str, ...]:
        """Return the names that none of the locks have."""
        used = {canonicalize_name(package.name) for lock in locks for package in lock.packages}
        return tuple(
            dict.fromkeys(it.name for it in self.entries if canonicalize_name(it.name) not in used)
        )

    def unkept(self, lock: Lock) -> tuple[Unkept, ...]:
        """Return the packages of a lock whose versions are not the agreed ones."""
        found: dict[tuple[str, str, str], list[str]] = {}
        for platform in lock.platforms:
            agreed = self.on(platform)
            for package in lock.on(platform):
                entry = agreed.get((package.manager, package.name)) or _elsewhere(agreed, package)
                if entry is not None and not entry.met_by(package.version):
                    key = (package.name, entry.constraint, package.version)
                    found.setdefault(key, []).append(platform)
        return tuple(Unkept(*key, tuple(where)) for key, where in sorted(found.items()))


def _elsewhere(agreed: dict[tuple[Manager, str], Agreed], package: LockedPackage) -> Agreed | None:
    """Return the entry of a package under the other manager, if it has the same name there."""
    name: str = canonicalize_name(package.name)
    other = Manager.CONDA if package.manager is Manager.PYPI else Manager.PYPI
    return agreed.get((other, name))


def read_agreement(path: str | os.PathLike[str]) -> Agreement:
    """Read the versions in a requirements.txt, an environment.yml, or a lock of conda-lock or pixi.

    Raises:
        UsageError: the file cannot be read, or is none of these.
    """
    path = Path(path)
    try:
        if path.suffix in {".txt", ".in"}:
            return Agreement(tuple(_agreed(_requirements(path, {path.resolve()}))))
        text = read_text_file(path)
        if _LOCK.search(text):
            return Agreement(tuple(_lock_file(path)))
        document = read_yaml(text)
    except (OSError, UnicodeDecodeError, DocumentError) as error:
        reason = redacted_spelling(str(error).splitlines()[0])
        raise UsageError(f"{path} cannot be read: {reason}", f"give {_READERS}") from error
    if isinstance(document, dict) and isinstance(document.get("dependencies"), list):
        return Agreement(tuple(_environment(document["dependencies"], path)))
    raise UsageError(f"no versions found in {path}", f"give {_READERS}")


def _requirements(path: Path, seen: set[Path]) -> Iterator[Requirement]:
    """Yield the requirements with versions of a file in pip's format, and of those it includes.

    https://pip.pypa.io/en/stable/reference/requirements-file-format/

    Raises:
        OSError, UnicodeDecodeError: a file cannot be read.
    """
    text = read_text_file(path).replace("\\\n", " ")
    for line in map(str.strip, text.splitlines()):
        included = _INCLUDED.match(line)
        if included:
            name = _OPTION.sub("", included[1]).strip()
            file = path.parent / name
            if "://" not in name and file.resolve() not in seen:
                seen.add(file.resolve())
                yield from _requirements(file, seen)
            continue
        with suppress(InvalidRequirement):  # an option, a path or a url, without a version
            found = Requirement(_OPTION.sub("", line))
            if found.specifier:
                yield found


def _agreed(requirements: Iterable[Requirement]) -> Iterator[Agreed]:
    """Yield the version of each name; none where markers choose among several."""
    by_name: dict[str, list[Requirement]] = {}
    for found in requirements:
        by_name.setdefault(canonicalize_name(found.name), []).append(found)
    for name, found_all in by_name.items():
        always = {it.specifier for it in found_all if it.marker is None}
        specifiers = always or {it.specifier for it in found_all}
        if always or len(specifiers) == 1:
            yield Agreed(Manager.PYPI, name, ",".join(sorted(map(str, specifiers))))


def _environment(dependencies: Iterable[object], path: Path) -> Iterator[Agreed]:
    """Read an environment.yml; entries without a version are skipped."""
    for item in dependencies:
        if isinstance(item, str):
            try:
                spec = rattler.MatchSpec(item)
            except InvalidMatchSpecError as error:
                raise UsageError(
                    f"{path}: `{redacted_spelling(item)}` is not a conda match spec",
                    "write it as `numpy >=2`",
                ) from error
            if spec.version is not None and spec.name is not None:
                yield Agreed(Manager.CONDA, spec.name.normalized, str(spec.version))
        elif isinstance(item, dict):
            yield from _pip(item.get("pip") or ())


def _pip(lines: Iterable[object]) -> Iterator[Agreed]:
    for line in lines:
        with suppress(InvalidRequirement):  # an option, a path or a url, without a version
            found = Requirement(str(line))
            if found.specifier:
                name = canonicalize_name(found.name)
                yield Agreed(Manager.PYPI, name, str(found.specifier))


def _lock_file(path: Path) -> Iterator[Agreed]:
    """Read a conda-lock file or a pixi.lock; of several environments ``default`` comes first."""
    try:
        lock = rattler.LockFile.from_path(path)
    except Exception as error:  # rattler has no common base class for errors of a file
        raise UsageError(
            f"{path} is not a lock file: {redacted_spelling(str(error).splitlines()[0])}",
            f"give {_READERS}",
        ) from error
    environments = sorted(lock.environments(), key=lambda found: found[0] != "default")
    for _, environment in environments:
        for platform in environment.platforms():
            for package in environment.packages(platform) or ():
                if isinstance(package, rattler.PypiLockedPackage):
                    manager, name = Manager.PYPI, str(canonicalize_name(package.name))
                elif isinstance(package, rattler.CondaLockedPackage):
                    manager, name = Manager.CONDA, package.name
                else:
                    continue
                if package.version is not None:  # a source tree may have none
                    yield Agreed(manager, name, f"=={package.version}", str(platform.name))
