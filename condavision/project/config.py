"""The settings of a project, overridden by the command line; all mistakes are reported at once."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.analysis.source.ignored import patterns
from condavision.core.channels import normalize
from condavision.core.pythons import FLOOR, Minor
from condavision.core.serving import Serving, ServingError
from condavision.core.settings_file import SETTINGS_FILES, SettingsFile
from condavision.core.spelling import setting_hints
from condavision.errors import ConfigError
from condavision.project.settings import SETTINGS
from condavision.project.solve_options import SolveOptions
from condavision.project.targets import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from condavision.core.model import ScriptMetadata

DEFAULT_CHANNELS = ("conda-forge",)

LOCAL = ".local"
"""The folder, in a locks folder, of locks that only this machine can use."""


@dataclass(frozen=True, slots=True)
class Flags:
    """The command line's settings, which override scripts and configuration.

    ``accept`` are distributions that are accepted though nobody vouches for them.
    """

    channels: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    locks: Path | None = None
    vendored: Path | None = None
    solve: SolveOptions = field(default_factory=SolveOptions)
    accept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one project.

    Paths are absolute; ``locks_at`` is the file and line that configures ``locks``. ``exclude`` are
    patterns, as in ``.gitignore``, of what is no script of a folder. ``imports``
    maps a module to a conda match spec, to ``pypi:`` and a PEP 508 requirement, or to an empty
    string if the module needs no package. ``lowered_floor`` is below ``python_floor``, for a target
    that is locked for older Pythons than this. ``settings`` is a canonical text of the file's
    settings that can change a requirement set.
    """

    root: Path
    source: Path | None = None
    channels: tuple[str, ...] = DEFAULT_CHANNELS
    flag_channels: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    flag_platforms: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    locks: Path = field(default_factory=Path)
    locks_at: str = ""
    vendored: Path | None = None
    python_floor: Minor = FLOOR
    lowered_floor: Minor | None = None
    imports: Mapping[str, str] = field(default_factory=dict)
    optional_imports: bool = False
    solve: SolveOptions = field(default_factory=SolveOptions)
    settings: str = ""
    serve: Serving = field(default_factory=Serving)

    def excluded(self, files: Iterable[str]) -> frozenset[str]:
        """Return which of these files, relative to the root, ``exclude`` names."""
        return frozenset(patterns(self.exclude).match_files(files) if self.exclude else ())

    @property
    def file(self) -> SettingsFile:
        """The file of these settings, for hints: the one to write where there is none."""
        source = self.source or self.root / "condavision.toml"
        return SettingsFile(
            str(near(source)),
            ".".join(SETTINGS_FILES.get(source.name, ())),
            tuple(os.path.relpath(it, self.root) for it in self.paths),
            self.exclude,
            bool(self.imports),
        )

    @property
    def names_channels(self) -> bool:
        """Whether the file itself says which channels there are."""
        return "channels" in json.loads(self.settings or "{}")

    def with_flags(self, flags: Flags, channels: tuple[str, ...]) -> Config:
        """Return the settings with those of CONDAVISION_VENDORED and then the command line applied.

        ``channels`` are the recorded ones, used if the command line has none.

        Raises:
            ConfigError: a channel is invalid or has credentials, or the locks
                would be outside the project without the command line saying so.
        """
        if flags.locks is None:
            self._require_own_locks()
        given = tuple(normalize(channel, Path.cwd()) for channel in flags.channels)
        recorded = tuple(normalize(channel, self.root) for channel in channels)
        vendored = flags.vendored or Path(os.environ.get("CONDAVISION_VENDORED", ""))
        return replace(
            self,
            flag_channels=tuple(dict.fromkeys(given or recorded)),
            flag_platforms=tuple(dict.fromkeys(flags.platforms)),
            locks=flags.locks.absolute() if flags.locks else self.locks,
            vendored=vendored.absolute() if vendored != Path() else self.vendored,
            solve=flags.solve.over(self.solve),
        )

    def _require_own_locks(self) -> None:
        """Refuse a locks folder outside the project: it comes with the project, and is written."""
        root = Path(os.path.realpath(self.root))
        for folder in (self.locks, self.locks / LOCAL):
            real = Path(os.path.realpath(folder))
            if not real.is_relative_to(root):
                what = "`locks` must be a folder" if self.locks_at else "the locks must be"
                raise ConfigError(
                    f"{self.locks_at or folder}: {what} inside the project {self.root},"
                    f" and {folder} is {real}",
                    "if the locks are to be outside, give their folder with --locks",
                )

    def channels_for(self, own: tuple[str, ...]) -> tuple[str, ...]:
        """Return the channels of a script: flags win over its own, its own over the project's."""
        return self.flag_channels or own or self.channels

    def platforms_for(self, metadata: ScriptMetadata) -> tuple[str, ...]:
        """Return the requested platforms, with the same precedence."""
        return self.flag_platforms or metadata.platforms or self.platforms


def read_config(
    root: Path,
    source: Path | None = None,
    settings: Mapping[str, Any] | None = None,
    lines: Mapping[str, int] | None = None,
) -> Config:
    """Return the configuration of a file's ``settings``, with defaults for the others.

    ``lines`` are the line numbers of settings in the file.

    Raises:
        ConfigError: settings are unknown or wrong; all are listed.
    """
    config = Config(root=root, source=source, locks=root / "locks")
    if settings is None:
        return config
    values: dict[str, Any] = {}
    options: dict[str, Any] = {}
    mistakes: list[str] = []
    hints: dict[str, None] = {}
    for key, value in settings.items():
        setting = SETTINGS.get(key)
        at = _place(key, source, lines)
        if setting is None:
            mistakes.append(f"{at}: `{key}` is not a setting")
            hints |= dict.fromkeys(_instead_of(key, source))
            continue
        try:
            name, read = key.replace("-", "_"), setting.read(value, root)
            (options if name in SolveOptions.__slots__ else values)[name] = read
        except ServingError as error:
            for it in error.problems:
                place = _place(f"{key}.{it.setting}", source, lines)
                mistakes.append(f"{place}: {it.text}")
                hints |= dict.fromkeys(it.hints)
        except ConfigError as error:
            mistakes.append(f"{at}: {error.message}")
            hints |= dict.fromkeys(error.hints)
        except ValueError as error:
            mistakes.append(f"{at}: `{key}` must be {error}")
            hints["correct that line"] = None
    if mistakes:
        raise ConfigError("; ".join(mistakes), *hints)
    deciding = {key: settings[key] for key in settings if SETTINGS[key].is_of_requirements}
    return replace(
        config,
        **values,
        locks_at=_place("locks", source, lines) if "locks" in settings else "",
        solve=SolveOptions(**options),
        settings=json.dumps(deciding, sort_keys=True),
    )


def _instead_of(key: str, source: Path | None) -> tuple[str, ...]:
    """Return what may be meant by a setting that there is not."""
    if key in {"python", "requires-python", "python-version"}:
        return ("declare `requires-python` in the script, or lock with `--python VERSION`",)
    if key in {"dependencies", "packages", "requirements"}:
        return ("packages are found by imports; to require a version, declare it in the script",)
    if key in {"tool", "condavision"} and source is not None:
        return (f"write the settings of {source.name} without that table",)
    return setting_hints(key, SETTINGS)


def _place(key: str, source: Path | None, lines: Mapping[str, int] | None) -> str:
    """Return the line of a setting, or of the table that it is in."""
    at = (lines or {}).get(key) or (lines or {}).get(key.partition(".")[0])
    return f"{source}:{at}" if at else str(source)
