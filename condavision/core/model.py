"""The vocabulary every room of the package speaks: frozen values that carry where they came from.

Nothing here reads a file or decides anything. The rooms hand these values down one way:
files -> :class:`Analysis` -> :class:`Requirements` -> :class:`Lock` -> process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from condavision.core.engine import Engine
from condavision.core.evidence import ProofLevel
from condavision.core.origin import INSTALLED, Origin, OriginReason, PickledAsCall

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from condavision.core.evidence import Unproved
    from condavision.core.pythons import PythonRange
    from condavision.core.settings_file import SettingsFile

INTERPRETERS = "interpreters:"
"""The embedded channel. No channel can have this name: a colon cannot be part of one."""


@dataclass(frozen=True, slots=True, order=True)
class SourceLocation(PickledAsCall):
    """A line of a file; ``file`` is relative to the project root where it lies below it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class ImportKind(StrEnum):
    """How a script imports a module."""

    REQUIRED = "required"
    """Runs unconditionally, or inside a function."""
    OPTIONAL = "optional"
    """The script works without it: ``try: import x`` / ``except ImportError: x = None``."""
    FALLBACK = "fallback"
    """In the handler of another import, which is what normally satisfies the script."""
    TYPING = "typing"
    """Under ``if TYPE_CHECKING``: only a type checker sees it."""
    PLATFORM = "platform"
    """Only on the platforms in ``Import.platforms``."""
    VERSION = "version"
    """Only on other Pythons than those the script's environment can have."""
    DYNAMIC = "dynamic"
    """``importlib.import_module("x")`` with a literal name."""
    IMPLIED = "implied"
    """It is not imported, but a call fails without it: ``Import.implied_by``."""


@dataclass(frozen=True, slots=True)
class Import(PickledAsCall):
    """One module imported at one place.

    ``name`` is the absolute dotted name of the module as far as the statement spells it;
    ``members`` are the names after ``from name import``, which may be submodules
    (``from google.cloud import storage``). ``platforms`` are the families ``linux``, ``osx`` and
    ``win`` it is restricted to; empty means all. ``pythons`` are those the statement runs on, None
    for all. ``implied_by`` is the call or setting that needs a module which nothing imports:
    ``pandas.read_excel``. ``needed_on`` are the Pythons that cannot do without it where others
    can: tomli beside tomllib, audioop where the standard library has none; None for no such limit.
    """

    name: str
    location: SourceLocation
    kind: ImportKind = ImportKind.REQUIRED
    origin: Origin = Origin.PACKAGE
    members: tuple[str, ...] = ()
    platforms: frozenset[str] = frozenset()
    reason: OriginReason = INSTALLED
    pythons: PythonRange | None = None
    implied_by: str = ""
    needed_on: PythonRange | None = None


@dataclass(frozen=True, slots=True)
class PythonReason(PickledAsCall):
    """A fact that narrows the range of Pythons; ``rule`` is a phrase: ``print statement``.

    ``yields``: where the code contradicts it, as it may a shebang, the code decides.
    """

    location: SourceLocation
    rule: str
    pythons: PythonRange
    yields: bool = False


@dataclass(frozen=True, slots=True)
class UnreadRegion:
    """Lines of a file that the parser could not read."""

    location: SourceLocation
    last_line: int


@dataclass(frozen=True, slots=True)
class SourceFile(PickledAsCall):
    """A file that was read: its path, the module it is imported as, SHA-256 of its bytes.

    ``package`` is what its relative imports start from.
    """

    path: Path
    module: str
    sha256: str
    package: str = ""


class Manager(StrEnum):
    """Whose name and version syntax something is written in."""

    CONDA = "conda"
    PYPI = "pypi"
    IMPORT = "import"
    """An import left to a trusted channel: the package is expected under the module's own name."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A requirement that the script's author wrote: a conda match spec or a PEP 508 requirement."""

    manager: Manager
    text: str
    location: SourceLocation
    platforms: frozenset[str] = frozenset()
    pythons: PythonRange | None = None


@dataclass(frozen=True, slots=True)
class DeclaredText:
    """A channel or an override as the script's author spelt it; nothing has checked it yet.

    What it means depends on the folder of the script that ``location`` lies in.
    """

    text: str
    location: SourceLocation


class IgnoredReason(StrEnum):
    """Why something that a script declares has no effect."""

    SETTING = "setting"
    """A setting of another tool, which no lock of ours can follow."""
    UNKNOWN = "unknown"
    """A field that the format does not have."""
    UNCLOSED = "unclosed"
    """A block that no line ends."""
    MISSPELT = "misspelt"
    """A line that nearly begins a block."""


@dataclass(frozen=True, slots=True)
class IgnoredText:
    """What has no effect, as the script's author spelt it."""

    text: str
    location: SourceLocation
    reason: IgnoredReason


@dataclass(frozen=True, slots=True)
class ScriptMetadata(PickledAsCall):
    """What a script declares about itself (PEP 723 block, ``# conda execute`` block).

    ``imports`` are overrides from ``[tool.condavision.imports]``: module name to requirement text.
    ``ignored`` is what has no effect although its author means it to.
    ``serve`` are values for :class:`condavision.core.serving.Serving`.
    """

    requires_python: str | None = None
    requires_python_location: SourceLocation | None = None
    dependencies: tuple[Declared, ...] = ()
    channels: tuple[DeclaredText, ...] = ()
    platforms: tuple[str, ...] = ()
    imports: Mapping[str, DeclaredText] = field(default_factory=dict)
    ignored: tuple[IgnoredText, ...] = ()
    serve: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Analysis(PickledAsCall):
    """Everything read out of a script and the local modules it reaches.

    ``python`` is the intersection of ``reasons``. ``files`` starts with the script itself.
    ``searched`` are the directories whose content decided which modules are local, and ``paths``
    those of them that came from PYTHONPATH and supplied a module. ``contradicted`` are the reasons
    that the code leaves no Python of.
    """

    script: Path
    imports: tuple[Import, ...]
    python: PythonRange
    reasons: tuple[PythonReason, ...]
    metadata: ScriptMetadata
    files: tuple[SourceFile, ...]
    searched: tuple[Path, ...] = ()
    paths: tuple[Path, ...] = ()
    unread: tuple[UnreadRegion, ...] = ()
    contradicted: tuple[PythonReason, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnModule:
    """A module of the script's own; its ``file`` is relative to the project root if below it.

    ``folder`` has to be added to Python's search path; empty if it is searched already.
    """

    name: str
    file: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class OwnSearch:
    """Where what an import names is looked for among the script's own modules.

    ``names`` are the module, and with it each name that is imported from it. ``folders`` are those
    that Python searches, and ``root`` is that of the project. ``settings`` may add to them.
    """

    names: tuple[str, ...]
    folders: tuple[str, ...]
    root: str
    settings: SettingsFile


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing a script needs.

    ``name`` is in ``manager``'s own naming (normalized per PEP 503 for PyPI), ``constraint`` in its
    version syntax. ``pythons`` are those that need it, None for all. ``conda`` is the conda name of
    a PyPI distribution, None where it is not known, empty where conda has another project under the
    distribution's name, and ``conda_constraint`` the versions of that package which are this
    distribution. ``sources`` are the places that ask for it. ``own`` is where the module of an
    unknown import may be among the script's own. None of these four takes part in the requirement
    hash.
    """

    manager: Manager
    name: str
    constraint: str = ""
    extras: tuple[str, ...] = ()
    platforms: frozenset[str] = frozenset()
    conda: str | None = None
    conda_constraint: str = ""
    sources: tuple[SourceLocation, ...] = ()
    pythons: PythonRange | None = None
    own: OwnSearch | None = None


@dataclass(frozen=True, slots=True)
class Requirements:
    """A requirement set: what the requirement hash is computed from, and nothing else decides."""

    python: PythonRange
    requirements: tuple[Requirement, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockedPackage:
    """A package at a version for one platform, with where to fetch it and what it must hash to.

    ``size`` is in bytes; None where it was not given, and in what is read from a lock.
    """

    manager: Manager
    name: str
    version: str
    platform: str
    url: str
    sha256: str
    md5: str | None = None
    build: str | None = None
    dependencies: Mapping[str, str] = field(default_factory=dict)
    size: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SharedModule:
    """A module that a conda package and a PyPI distribution would both write on some platforms."""

    module: str
    conda: str
    pypi: str
    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockRecord:
    """What a lock records about itself, for those who review it and to say later what has changed.

    ``python``, ``requirements`` (a label each) and ``channels`` are the requirement set as it was
    spelled then; ``exclude_newer`` (UTC), ``virtual_packages`` (changes to the defaults) and
    ``engine`` are the options that restricted the solve. ``overrides`` are those that decided, by
    module; ``unverified`` are imports and the packages taken for them by name alone. ``unproved``
    are imports of which it is not known whether a locked package has them; ``proof`` is how far
    all others were proved.
    """

    python: str = ""
    requirements: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    exclude_newer: datetime | None = None
    virtual_packages: Mapping[str, str] = field(default_factory=dict)
    engine: Engine = Engine.RATTLER
    overrides: Mapping[str, str] = field(default_factory=dict)
    unverified: tuple[tuple[str, str], ...] = ()
    shared_modules: tuple[SharedModule, ...] = ()
    allows_sdists: bool = False
    unproved: tuple[tuple[str, Unproved], ...] = ()
    proof: ProofLevel = ProofLevel.FILES


@dataclass(frozen=True, slots=True)
class Lock:
    """A solved requirement set: what the two lock files of one hash hold.

    ``packages`` are in order of platform, manager and name. ``added`` are the requirements of
    ``--with``, where it is a lock for one run; no file holds them.
    """

    hash: str
    channels: tuple[str, ...]
    platforms: tuple[str, ...]
    packages: tuple[LockedPackage, ...]
    record: LockRecord = field(default_factory=LockRecord)
    added: tuple[str, ...] = ()

    @property
    def is_local(self) -> bool:
        """Whether it is made from this machine's interpreters, so that no other can use it."""
        return INTERPRETERS in self.record.channels

    def platform_or_first(self, platform: str) -> str:
        """Return a platform if the lock is for it, else the lock's first."""
        return platform if platform in self.platforms else self.platforms[0]

    def on(self, platform: str) -> tuple[LockedPackage, ...]:
        """Return the packages of one platform, in the lock's order."""
        return tuple(package for package in self.packages if package.platform == platform)
