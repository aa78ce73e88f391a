"""What a target requires under its project's configuration, and the hash of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.analyze import require_python
from condavision.analysis.source.scripts import script_file
from condavision.core.channels import is_local, is_trusted
from condavision.core.evidence import ProofLevel
from condavision.core.model import ImportKind
from condavision.core.platforms import PLATFORMS
from condavision.core.pythons import KNOWN, format_minor
from condavision.errors import AnalysisError, UnacceptedNameError, UsageError
from condavision.inference.needs import is_needed
from condavision.inference.own_modules import own_module, own_search
from condavision.inference.requirements import (
    own_folder_hint,
    own_hint,
    require_known,
    source_digest,
)
from condavision.locks.index import Entry
from condavision.mapping.decisions import Learned, Mapped
from condavision.project.targets import key_of, near, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable

    from condavision.analysis.source.script_search import ScriptSearch
    from condavision.core.model import (
        Analysis,
        Import,
        Lock,
        LockRecord,
        Requirements,
        ScriptMetadata,
        SourceLocation,
    )
    from condavision.errors import Diagnostic
    from condavision.mapping.decisions import Resolution
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import LearnedNeed
    from condavision.project.project import Project
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Candidate:
    """A distribution that nobody has reviewed, and the first import of its ``module``."""

    imported: Import
    module: str
    distribution: str

    @property
    def location(self) -> SourceLocation:
        """The place of the import."""
        return self.imported.location


@dataclass(frozen=True, slots=True)
class Derivation:
    """A target's analysis, and the requirement set derived from it.

    ``needs`` are what it takes to import what it imports, as ``modules.yml`` has them; they are a
    part of the analysis.
    """

    analysis: Analysis
    requirements: Requirements
    resolutions: tuple[Resolution, ...] = ()
    needs: tuple[LearnedNeed, ...] = ()


@dataclass(frozen=True)
class Inference:
    """What a target requires, and the hash of that.

    ``derive`` returns how that was derived. ``together`` are the scripts of a folder that is locked
    together.
    """

    project: Project
    hash: str
    derive: Callable[[], Derivation]
    together: ScriptSearch | None = None

    @cached_property
    def _derived(self) -> Derivation:
        return self.derive()

    @property
    def analysis(self) -> Analysis:
        """What it imports and which Pythons run it, with what is needed for that."""
        return self._derived.analysis

    @property
    def requirements(self) -> Requirements:
        """The requirement set."""
        return self._derived.requirements

    @property
    def resolutions(self) -> tuple[Resolution, ...]:
        """Which package was chosen for each import, and why."""
        return self._derived.resolutions

    @property
    def needs(self) -> tuple[LearnedNeed, ...]:
        """What it takes to import what it imports; see :class:`Derivation`."""
        return self._derived.needs

    @property
    def metadata(self) -> ScriptMetadata:
        """What it declares."""
        return self.analysis.metadata

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels to solve with, in order of priority."""
        return self.requirements.channels

    @property
    def paths(self) -> tuple[Path, ...]:
        """The local search paths that came from PYTHONPATH and supplied a module."""
        return self.analysis.paths

    @property
    def digest(self) -> str:
        """The digest of everything that this was derived from."""
        return source_digest(self.analysis, self.project.config)

    @property
    def local(self) -> bool:
        """Whether the lock is made from this machine's interpreters, and so is valid here only."""
        return is_local(self.channels)

    @property
    def overrides(self) -> dict[str, str]:
        """The overrides that applied to some import: module to requirement text."""
        own = {module: it.text for module, it in self.metadata.imports.items()}
        imports = {**self.project.config.imports, **own}
        asked = {found.module for found in self.resolutions}
        return {
            module: text
            for module, text in imports.items()
            if any(f"{name}.".startswith(f"{module}.") for name in asked)
        }

    def require_known(self, import_map: ImportMap, diagnostics: Iterable[Diagnostic]) -> None:
        """Refuse unknown imports that may not be looked up on a trusted channel or PyPI.

        Raises:
            UnknownImportError: there are such imports.
        """
        options = self.project.config.solve
        trusted = options.trusted_channels
        if options.allow_unverified:
            return
        if not any(is_trusted(channel, trusted) for channel in self.channels):
            require_known(self.requirements.requirements, import_map, diagnostics)

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The distributions that somebody has to accept, because nobody vouches for them."""
        found: dict[str, Candidate] = {}
        for it in self.resolutions:
            candidate = isinstance(it.decision, Mapped | Learned) and it.decision.candidate
            wanted = it.installed or it.imported.needed_on is not None
            if candidate and wanted and it.requirement is not None:
                name = it.requirement.name
                module = it.module.partition(".")[0]
                found.setdefault(name, Candidate(it.imported, module, name))
        return tuple(found.values())

    def require_accepted(
        self, accepted: Container[str], lock_command: Callable[[Target], str]
    ) -> None:
        """Refuse distributions that nobody vouches for and that are not ``accepted``.

        ``lock_command`` returns the command that locks a target.

        Raises:
            UnacceptedNameError: there are such distributions.
        """
        if self.project.config.solve.allow_unverified:
            return
        lacking = [it for it in self.candidates if it.distribution not in accepted]
        if lacking:
            options = "".join(f" --accept {it.distribution}" for it in lacking)
            names = {it.module: f"pypi:{it.distribution}" for it in lacking}
            command = lock_command(self.project.target)
            analysis, config = self.analysis, self.project.config
            searches = {it.location: own_search(it.imported, analysis, config) for it in lacking}
            own = {place: own_module(it) for place, it in searches.items()}
            raise UnacceptedNameError(
                "\n".join(
                    f"{it.location}: nobody has reviewed that `import {it.module}` is"
                    f" {it.distribution} on PyPI"
                    for it in lacking
                ),
                *(own_hint(meant, [it], config.file) for it, meant in own.items() if meant),
                f"look at its page on PyPI, and to accept it, run `{command}{options}`",
                f"or name its package in {config.file.naming(names)}",
                own_folder_hint(config.file),
                names=tuple(it.distribution for it in lacking),
            )

    def optional_names(self, lock: Lock) -> tuple[str, ...]:
        """Return the distributions of optional imports that a lock lacks."""
        locked = {package.name for package in lock.packages}
        wanted = (
            it.requirement
            for it in self.resolutions
            if it.requirement and not it.installed and it.imported.kind is ImportKind.OPTIONAL
        )
        return tuple(it.name for it in wanted if locked.isdisjoint({it.name, it.conda}))

    def proof(self, record: LockRecord) -> ProofLevel:
        """Return how far a lock is proved for what the target imports."""
        unproved = {name for name, _ in record.unproved}
        needed = (it.name for it in self.analysis.imports if is_needed(it)) if unproved else ()
        if unproved and unproved.issuperset(needed):
            return ProofLevel.NONE
        return record.proof

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in ``scripts.yml`` whose entries this replaces: its own, and its scripts'."""
        scripts = self.together.scripts if self.together else ()
        root = self.project.config.root
        return (self.project.key, *(key_of(script, root) for script in scripts))

    @property
    def searched(self) -> tuple[Path, ...]:
        """The directories in which a new file could change what is required."""
        walked = self.together.folders if self.together else ()
        return tuple(dict.fromkeys((*self.analysis.searched, *(it.absolute() for it in walked))))

    def require_runnable(
        self, require_readable: Callable[..., None], script: Path | None = None
    ) -> None:
        """Refuse what no Python can run, before anything is solved for it.

        ``require_readable`` is that of a workspace. Of scripts that are read together, only
        ``script`` is checked if it is given.

        Raises:
            AnalysisError: no Python runs it; the message has the places that contradict each
                other, or the line to fix.
        """
        target = self.project.target
        name = str(target) if self.together is None else f"all scripts of {target}"
        for reason in self.analysis.reasons:
            if reason.pythons.is_years_away:
                raise AnalysisError(
                    f"no Python runs {name}: {reason.location}: {reason.rule} is newer than any"
                    f" known Python; the newest is {format_minor(KNOWN[-1])}",
                    "fix that line",
                )
        require_python(self.analysis, name, typed(target))
        pythons, root = self.analysis.python, self.project.config.root
        if self.together is None:
            only = self.analysis.files[0]
            shown = script_file(target) if isinstance(target, Path) else near(only.path)
            require_readable(root, only, pythons, str(shown))
            return
        sources = {it.path: it for it in self.analysis.files}
        for one in self.together.scripts if script is None else (script_file(script),):
            require_readable(root, sources[one.absolute()], pythons, str(one), empty=True)

    def platforms(self, current: str) -> tuple[str, ...]:
        """Return the platforms to lock for, in a fixed order: the requested ones and the current.

        Raises:
            UsageError: one does not exist, or ``interpreters:`` cannot serve it.
        """
        asked = self.project.config.platforms_for(self.metadata)
        wrong = [platform for platform in asked if platform not in PLATFORMS]
        if wrong:
            raise UsageError(
                f"`{wrong[0]}` is not a platform", f"the platforms are {', '.join(PLATFORMS)}"
            )
        if self.local:
            others = [platform for platform in asked if platform != current]
            if others and self.project.config.flag_platforms:
                raise UsageError(
                    f"`interpreters:` has this machine's platform only ({current}),"
                    f" so it cannot lock for {', '.join(others)}",
                    "lock with another channel: `-c conda-forge`, or omit --platform",
                )
            return (current,)
        wanted = {*asked} if self.project.config.flag_platforms else {*asked, current}
        return tuple(platform for platform in PLATFORMS if platform in wanted)

    def entry(self) -> Entry:
        """Return the line of ``scripts.yml`` that ties the script's sources to its lock."""
        root = self.project.config.root
        return Entry(
            lock=self.hash,
            digest=self.digest,
            channels=self.project.config.flag_channels,
            paths=tuple(_relative(path, root) for path in self.paths),
            floor=self.project.config.lowered_floor if self.is_below_floor else None,
        )

    @property
    def is_below_floor(self) -> bool:
        """Whether it is for older Pythons than ``python-floor`` although newer ones can run it."""
        config = self.project.config
        if config.lowered_floor is None:  # what follows need not be derived
            return False
        return self.requirements.python != self.analysis.python.raised(config.python_floor)


def _relative(path: Path, root: Path) -> str:
    resolved = path.resolve()
    if resolved.is_relative_to(root):
        return resolved.relative_to(root).as_posix()
    return str(resolved)


def applying(record: LockRecord, *inferences: Inference) -> LockRecord:
    """Return what a lock records, without overrides of other targets that share it.

    Nor does it have those that are no longer configured.
    """
    if not record.overrides:  # what follows need not be derived
        return record
    own = {module for one in inferences for module in one.overrides}
    found = {module: text for module, text in record.overrides.items() if module in own}
    return replace(record, overrides=found)
