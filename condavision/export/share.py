"""The part of a lock for one platform, and the checks that several export formats share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.core.model import Manager
from condavision.errors import Diagnostic, InstallError, UsageError
from condavision.locks.record import required_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from condavision.core.model import Lock, LockedPackage
    from condavision.inference.lock_lookup import Located

MARK = "written by condavision"
"""In the first line of a file that the next export may replace or remove."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script or module with its lock, and the folder that its project keeps locks in."""

    located: Located
    locks: Path


@dataclass(frozen=True, slots=True)
class Share:
    """What a lock has for one platform; ``script`` is there for formats that need it."""

    lock: Lock
    platform: str
    script: Script | None = None

    def require_script(self) -> Script:
        """Return the script or module.

        Raises:
            TypeError: the format was not given one.
        """
        if self.script is None:
            raise TypeError("the format needs a script")
        return self.script

    @property
    def packages(self) -> tuple[LockedPackage, ...]:
        """All packages.

        Raises:
            InstallError: there are none.
        """
        packages = self.lock.on(self.platform)
        if not packages:
            raise InstallError(
                f"the lock {self.lock.hash} has no packages for {self.platform}, only for"
                f" {', '.join(self.lock.platforms)}",
                f"lock for it too: run `condavision lock --platform {self.platform} SCRIPT`",
            )
        return packages

    @property
    def conda(self) -> tuple[LockedPackage, ...]:
        """The packages from conda channels."""
        return tuple(package for package in self.packages if package.manager is Manager.CONDA)

    @property
    def pypi(self) -> tuple[LockedPackage, ...]:
        """The packages from PyPI."""
        return tuple(package for package in self.packages if package.manager is Manager.PYPI)

    @property
    def python(self) -> str:
        """The version of Python."""
        return next(package.version for package in self.conda if package.name == "python")


@dataclass(frozen=True, slots=True)
class OnlyInComments(Diagnostic):
    """Distributions that an export has in comments alone, which most of its readers ignore."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format and its requirements.

    ``render`` returns the text. It raises UsageError where the format cannot express the lock, as
    does ``check_name`` for the name of the file to write. ``diagnose`` returns what readers of the
    text will lack. A format that ``needs_script`` contains more than the lock. ``beside`` returns
    the texts of files that belong beside it, by what replaces its suffix; such a format is written
    to a file only, and an empty text stands for none.
    """

    render: Callable[[Share], str]
    check_name: Callable[[str], None] | None = None
    diagnose: Callable[[Share], tuple[Diagnostic, ...]] = lambda _: ()
    needs_script: bool = False
    beside: Callable[[Share], Mapping[str, str]] | None = None


def refuse_local(share: Share) -> None:
    """Refuse a lock that no other machine can install.

    Raises:
        UsageError: it is made from this machine's interpreters.
        InstallError: it has nothing for the platform.
    """
    if share.packages and share.lock.is_local:
        raise UsageError(
            f"the lock {share.lock.hash} is made from this machine's interpreters, which no other"
            " tool or machine can install",
            "lock with a channel first: run `condavision lock -c conda-forge SCRIPT`",
            "or export what comes from PyPI: --format requirements or pylock",
        )


def refuse_conda(share: Share, what: str) -> None:
    """Refuse what pip cannot install; Python and its own dependencies have to be there already.

    Raises:
        UsageError: the script requires packages from a conda channel.
    """
    brought = _reached(share.conda, ("python", "pip"))
    required = required_names(share.lock.record)
    others = [
        package.name
        for package in share.conda
        if package.name not in brought or package.name in required
    ]
    if others:
        raise UsageError(
            f"{what} cannot name what comes from a conda channel: {', '.join(others)}",
            "export another format: --format explicit or environment",
        )


def _reached(packages: Iterable[LockedPackage], names: Iterable[str]) -> set[str]:
    by_name = {package.name: package for package in packages}
    waiting, reached = [name for name in names if name in by_name], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [other for other in by_name[name].dependencies if other in by_name]
    return reached


def direct(package: LockedPackage) -> str:
    """Return a direct reference with its hash, as PEP 508 writes it."""
    return f"{package.name} @ {package.url}#sha256={package.sha256}"


def joined(lines: Iterable[str]) -> str:
    """Return lines as the text of a file."""
    return "".join(f"{line}\n" for line in lines)
