"""Likely mistakes in a target that can nevertheless be locked and run: one type for each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.errors import Diagnostic

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.core.model import IgnoredText, OwnModule, PythonReason, SourceLocation
    from condavision.core.pythons import Minor, PythonRange
    from condavision.core.settings_file import SettingsFile
    from condavision.system.ownership import Distrust


@dataclass(frozen=True, slots=True)
class UntrustedConfiguration(Diagnostic):
    """The configuration or locks in ``folder``, ignored because others can change them."""

    folder: Path
    distrust: Distrust


@dataclass(frozen=True, slots=True)
class UnusedLocks(Diagnostic):
    """The locks of a target in ``folder`` are not used, for ``settings`` above configure it."""

    folder: Path
    settings: Path


@dataclass(frozen=True, slots=True)
class LocksOfOneMachine(Diagnostic):
    """Locks that no version control has: of the settings file, or in the folder, of this path."""

    path: Path
    configured: bool


@dataclass(frozen=True, slots=True)
class LocksOfEachMachine(Diagnostic):
    """A script has no lock here, and version control has none: ``settings`` has `interpreters:`."""

    settings: Path


@dataclass(frozen=True, slots=True)
class NearerLocks(Diagnostic):
    """The locks folder ``used`` has a target, and so has one above, ``hidden``, which is not used.

    Nothing is configured: the nearer folder decides.
    """

    used: Path
    hidden: Path


@dataclass(frozen=True, slots=True)
class SeparateProjects(Diagnostic):
    """Scripts of one command have locks in several folders, because nothing joins these."""

    roots: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class MissingSearchPath(Diagnostic):
    """A folder of the setting ``paths`` that does not exist; ``settings`` is the file or root."""

    settings: Path
    path: Path


@dataclass(frozen=True, slots=True)
class AbsentPart(Diagnostic):
    """An import that a namespace package of the script's own lacks, and no package may supply."""

    location: SourceLocation
    module: str
    namespace: str


@dataclass(frozen=True, slots=True)
class MisspeltModule(Diagnostic):
    """An import of what a package of the script's own lacks; it has the similar ``meant``."""

    location: SourceLocation
    meant: OwnModule


@dataclass(frozen=True, slots=True)
class CandidateName(Diagnostic):
    """An import whose distribution nobody vouches for; ``accepted`` by a person or not yet."""

    location: SourceLocation
    module: str
    distribution: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class UnlockedPrograms(Diagnostic):
    """Modules of packages that are programs, and that are not locked with their folder.

    ``locations`` are the lines that show that they are run; ``command`` locks the first, and
    ``settings`` are those of its project.
    """

    locations: tuple[SourceLocation, ...]
    command: str
    settings: SettingsFile


@dataclass(frozen=True, slots=True)
class ExcludedLocks(Diagnostic):
    """Targets with a lock that nothing checks, because `exclude` in ``settings`` names them."""

    keys: tuple[str, ...]
    settings: Path


@dataclass(frozen=True, slots=True)
class UnreadFile(Diagnostic):
    """A file with lines that are not Python, the first of them at ``location``."""

    location: SourceLocation


@dataclass(frozen=True, slots=True)
class RelativeImport(Diagnostic):
    """A relative import in a script, which fails when the script is run by its path.

    ``module`` is the name by which it can be run as a module in ``folder``; empty if there is none.
    """

    location: SourceLocation
    module: str
    folder: Path


@dataclass(frozen=True, slots=True)
class OutsideSearchPath(Diagnostic):
    """An import of a module in a folder of the project that Python does not search.

    ``folder`` is relative to the project root, which ``settings`` configure.
    """

    location: SourceLocation
    module: str
    folder: str
    settings: SettingsFile


@dataclass(frozen=True, slots=True)
class IgnoredDeclaration(Diagnostic):
    """Something that a script declares, without effect."""

    declared: IgnoredText


@dataclass(frozen=True, slots=True)
class ContradictedReason(Diagnostic):
    """A shebang, or a module beside the scripts, that the Pythons of the code contradict."""

    reason: PythonReason
    pythons: PythonRange


@dataclass(frozen=True, slots=True)
class HeldBack(Diagnostic):
    """Scripts that are locked together, taken to Pythons below ``python-floor`` by some of them.

    ``reasons`` are the first in each file that does so, and ``count`` is the number of all scripts.
    ``command`` locks those that do so by themselves; empty if it is a module that does so.
    """

    reasons: tuple[PythonReason, ...]
    pythons: PythonRange
    floor: Minor
    count: int
    command: str


@dataclass(frozen=True, slots=True)
class NotDeclared(Diagnostic):
    """What a call needs, where the script declares the package of the call but not this one."""

    location: SourceLocation
    call: str
    package: str


@dataclass(frozen=True, slots=True)
class ShadowsItself(Diagnostic):
    """An import of a package in a file of that package's name, which Python finds instead."""

    location: SourceLocation
    module: str
    file: str


@dataclass(frozen=True, slots=True)
class Prerelease(Diagnostic):
    """A locked distribution of which no Python in the range has a final release that fits."""

    name: str
    version: str
    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BelowFloor(Diagnostic):
    """A target locked for older Pythons, as no packages for those of ``python-floor`` suit it.

    ``key`` is the target's, ``floor`` the configured one, ``pythons`` are the locked versions.
    """

    key: str
    floor: Minor
    pythons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OvershadowedLock(Diagnostic):
    """A lock made from this machine's interpreters, unused by ``run`` while a committed one fits.

    ``key`` is the target's, ``index`` the ``scripts.yml`` with the committed lock.
    """

    key: str
    index: Path


@dataclass(frozen=True, slots=True)
class SharedLockChanged(Diagnostic):
    """A lock that was changed for some targets, and is that of others, which were not named.

    ``keys`` are those of the first, ``others`` those of the others.
    """

    hash: str
    keys: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailingImport(Diagnostic):
    """An import that fails in the environment of ``target``, as the files there show.

    ``importer`` is the module that cannot be imported, and ``place`` the line of ``package`` that
    cannot run: it needs one of the modules ``lacking``, or another Python, which ``rule`` says.
    """

    location: SourceLocation
    importer: str
    place: SourceLocation
    package: str
    lacking: tuple[str, ...]
    rule: str
    target: str


@dataclass(frozen=True, slots=True)
class FormerInterpreter(Diagnostic):
    """Settings of an editor that name the environment of the lock that a target had before.

    ``command`` makes them name the new one.
    """

    settings: Path
    key: str
    command: str


@dataclass(frozen=True, slots=True)
class OnNoIndex(Diagnostic):
    """Files for CI that install condavision from an index, which this one is not from."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class NotIncluded(Diagnostic):
    """A file for CI that was there before, and does not include the check that was written."""

    path: Path
    check: str
