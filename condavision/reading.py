"""A script read under its project's configuration: what it requires, and the hash of that."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.analysis import analyze
from condavision.analysis.scripts import script_file
from condavision.channel import is_local, is_trusted, normalize
from condavision.config import Config, find_root, load_config
from condavision.errors import AnalysisError, UsageError
from condavision.requirements import derive, require_known, requirement_hash, source_digest
from condavision.script_index import LOCAL, Entry
from condavision.virtual_packages import PLATFORMS

if TYPE_CHECKING:
    from condavision.analysis import Reader
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.resolve import Resolution
    from condavision.model import Analysis, Requirements

__all__ = ["Flags", "Project", "Reading", "open_project", "read"]


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says; it wins over scripts and configuration."""

    channels: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    locks: Path | None = None
    vendored: Path | None = None
    settings: tuple[tuple[str, Any], ...] = ()
    """Fields of :class:`Config` and their values."""


@dataclass(frozen=True, slots=True)
class Project:
    """A script and the project it belongs to; ``key`` is its path in ``scripts.yml``."""

    script: Path
    key: str
    config: Config

    def locks(self, *, local: bool) -> Path:
        """Return the folder of this project's locks."""
        return self.config.locks / LOCAL if local else self.config.locks


@dataclass(frozen=True, slots=True)
class Reading:
    """A script's analysis, the requirement set derived from it, and that set's hash."""

    project: Project
    analysis: Analysis
    requirements: Requirements
    resolutions: tuple[Resolution, ...]
    hash: str

    @property
    def digest(self) -> str:
        """The digest of everything this was derived from."""
        return source_digest(self.analysis, self.project.config)

    @property
    def local(self) -> bool:
        """Whether the lock is made from this machine's interpreters, and so belongs to it."""
        return is_local(self.requirements.channels)

    @property
    def overrides(self) -> dict[str, str]:
        """The overrides that decided about some import: module to requirement text."""
        imports = {**self.project.config.imports, **self.analysis.metadata.imports}
        asked = {found.module for found in self.resolutions}
        return {
            module: text
            for module, text in imports.items()
            if any(f"{name}.".startswith(f"{module}.") for name in asked)
        }

    def require_known(self, import_map: ImportMap) -> None:
        """Refuse unknown imports, unless a trusted channel or anybody may be asked for them."""
        trusted = self.project.config.trusted_channels
        if self.project.config.allow_unverified:
            return
        if not any(is_trusted(channel, trusted) for channel in self.requirements.channels):
            require_known(self.requirements.requirements, import_map)

    def platforms(self, current: str) -> tuple[str, ...]:
        """Return the platforms to lock for, in a fixed order: asked for, and the current one.

        Raises:
            UsageError: one does not exist, or is not this machine's where only that can be.
        """
        asked = self.project.config.platforms_for(self.analysis.metadata)
        if self.local:
            others = [platform for platform in asked if platform != current]
            if others and self.project.config.flag_platforms:
                raise UsageError(
                    f"interpreters: are this machine's ({current}); no lock for"
                    f" {', '.join(others)} can be made from them"
                )
            return (current,)
        wrong = [platform for platform in asked if platform not in PLATFORMS]
        if wrong:
            raise UsageError(
                f"`{wrong[0]}` is not a platform", f"the platforms are: {', '.join(PLATFORMS)}"
            )
        wanted = {*asked} if self.project.config.flag_platforms else {*asked, current}
        return tuple(platform for platform in PLATFORMS if platform in wanted)

    def entry(self) -> Entry:
        """Return the line of ``scripts.yml`` that ties the script's sources to its lock."""
        root = self.project.config.root
        return Entry(
            lock=self.hash,
            digest=self.digest,
            channels=self.project.config.flag_channels,
            paths=tuple(_relative(path, root) for path in self.analysis.paths),
        )


def open_project(script: Path, flags: Flags) -> Project:
    """Find the project of a script and read its configuration.

    Raises:
        AnalysisError: there is no such script.
        ConfigError: the configuration or a flag is wrong.
    """
    if not script.exists():
        raise AnalysisError(f"{script}: no such file", "check the path")
    if not script_file(script).is_file():
        what = "a folder without __main__.py" if script.is_dir() else "not a regular file"
        raise AnalysisError(f"{script} is {what}, so it cannot be run", "name a script")
    root = find_root(script)
    config = load_config(root).with_flags(
        tuple(normalize(channel, Path.cwd()) for channel in flags.channels),
        flags.platforms,
        flags.locks,
        flags.vendored,
        **dict(flags.settings),
    )
    return Project(script, script_file(script).resolve().relative_to(root).as_posix(), config)


def read(
    project: Project,
    import_map: ImportMap,
    *,
    extra_paths: tuple[str, ...] = (),
    reader: Reader | None = None,
) -> Reading:
    """Analyze a script and derive its requirement set; nothing is solved and no network is used.

    ``extra_paths`` are local search paths that ``scripts.yml`` recorded for it. A ``reader`` that
    several scripts share reads no file twice.

    Raises:
        AnalysisError: the script cannot be read.
        ConfigError: an override or a declared dependency is not a requirement.
    """
    config = project.config
    recorded = (config.root / path for path in extra_paths)
    analysis = analyze(
        project.script,
        root=config.root,
        paths=config.paths,
        pythonpath=tuple(dict.fromkeys((*python_path(), *recorded))),
        reader=reader,
    )
    requirements, resolutions = derive(analysis, config, import_map)
    return Reading(project, analysis, requirements, resolutions, requirement_hash(requirements))


def python_path() -> tuple[Path, ...]:
    """Return the folders of PYTHONPATH, absolute."""
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return tuple(Path(folder).absolute() for folder in folders if folder)


def _relative(path: Path, root: Path) -> str:
    resolved = path.resolve()
    if resolved.is_relative_to(root):
        return resolved.relative_to(root).as_posix()
    return str(resolved)
