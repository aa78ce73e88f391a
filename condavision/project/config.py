"""The settings of a project, overridden by the command line; all mistakes are reported at once."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.analysis.source.ignored import patterns
from condavision.core.channels import normalize
from condavision.core.model import Engine
from condavision.core.platforms import PLATFORMS
from condavision.core.pythons import FLOOR, KNOWN, Minor, format_minor
from condavision.core.serving import Serving, ServingError, read_serving
from condavision.errors import ConfigError
from condavision.project.solve_options import SolveOptions, cutoff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.core.model import ScriptMetadata

DEFAULT_CHANNELS = ("conda-forge",)

LOCAL = ".local"
"""The folder, in a locks folder, of locks that only this machine can use."""

_UNDECIDING = frozenset(
    {
        "platforms",
        "paths",
        "exclude",
        "locks",
        "vendored",
        "exclude-newer",
        "virtual-packages",
        "engine",
        "serve",
    }
)
"""Settings that change no requirement set by themselves; what ``paths`` finds counts as files."""

_VIRTUAL = re.compile(r"__[a-z0-9_]+\Z")


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
    string if the module needs no package. ``settings`` is a canonical text of the file's settings
    that can change a requirement set.
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
    imports: Mapping[str, str] = field(default_factory=dict)
    optional_imports: bool = False
    solve: SolveOptions = field(default_factory=SolveOptions)
    settings: str = ""
    serve: Serving = field(default_factory=Serving)

    def with_flags(self, flags: Flags, channels: tuple[str, ...] = ()) -> Config:
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


def plain(path: Path) -> Path:
    """Return a path without ``..``, as it is to be shown; links are followed only to that end."""
    return Path(os.path.realpath(path)) if ".." in path.parts else path


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
    readers = {
        "channels": lambda value: tuple(normalize(name, config.root) for name in _strings(value)),
        "trusted-channels": _strings,
        "platforms": _platforms,
        "paths": lambda value: tuple(plain(config.root / path) for path in _strings(value)),
        "exclude": _patterns,
        "locks": lambda value: config.root / _string(value),
        "vendored": lambda value: config.root / _string(value),
        "python-floor": _minor,
        "imports": _string_table,
        "optional-imports": _boolean,
        "allow-unverified": _boolean,
        "allow-sdist": _boolean,
        "exclude-newer": _cutoff,
        "engine": _engine,
        "virtual-packages": _virtual_packages,
        "serve": _serving,
    }
    values: dict[str, Any] = {}
    options: dict[str, Any] = {}
    mistakes: list[str] = []
    hints: dict[str, None] = {}
    for key, value in settings.items():
        reader = readers.get(key)
        at = _place(key, source, lines)
        if reader is None:
            mistakes.append(f"{at}: `{key}` is not a setting")
            hints[f"the settings are {', '.join(readers)}"] = None
            continue
        try:
            name = key.replace("-", "_")
            (options if name in SolveOptions.__slots__ else values)[name] = reader(value)
        except ConfigError as error:
            mistakes.append(f"{at}: {error.message}")
            hints |= dict.fromkeys(error.hints)
        except ValueError as error:
            mistakes.append(f"{at}: `{key}` must be {error}")
            hints["correct that line"] = None
    if mistakes:
        raise ConfigError("; ".join(mistakes), *hints)
    deciding = {key: settings[key] for key in settings if key not in _UNDECIDING}
    return replace(
        config,
        **values,
        locks_at=_place("locks", source, lines) if "locks" in settings else "",
        solve=SolveOptions(**options),
        settings=json.dumps(deciding, sort_keys=True),
    )


def _place(key: str, source: Path | None, lines: Mapping[str, int] | None) -> str:
    return f"{source}:{lines[key]}" if lines and key in lines else str(source)


def _string(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a string")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one kind of mistake for the reader above
    return value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError("a list of strings")
    return tuple(value)


def _patterns(value: object) -> tuple[str, ...]:
    found = _strings(value)
    try:
        patterns(found)
    except ValueError:
        raise ValueError("a list of patterns as in .gitignore") from None
    return found


def _platforms(value: object) -> tuple[str, ...]:
    names = _strings(value)
    if not set(names) <= set(PLATFORMS):
        raise ValueError(f"a list of platforms: {', '.join(PLATFORMS)}")
    return names


def _string_table(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError('a table of strings, such as { cv2 = "opencv" }')
    return value


def _cutoff(value: object) -> datetime:
    return cutoff(_string(value), datetime.now(UTC))


def _engine(value: object) -> Engine:
    try:
        return Engine(_string(value))
    except ValueError:
        raise ValueError(f"one of {', '.join(Engine)}") from None


def _serving(value: object) -> Serving:
    if not isinstance(value, dict):
        raise ValueError("a table, such as { timeout = 60 }")  # noqa: TRY004 - as above
    try:
        return Serving().over(read_serving(value))
    except ServingError as error:
        raise ConfigError(str(error), "correct the table `serve`") from None


def _virtual_packages(value: object) -> dict[str, str]:
    """Flatten ``{__glibc = "2.17", linux-64 = {__cuda = "12"}}`` to one level."""
    wrong = 'a table, such as { __glibc = "2.17", linux-64 = { __cuda = "12" } }'
    if not isinstance(value, dict):
        raise ValueError(wrong)  # noqa: TRY004 - as above
    flat: dict[str, str] = {}
    for key, item in value.items():
        if key in PLATFORMS and isinstance(item, dict):
            flat |= {f"{key}/{name}": version for name, version in item.items()}
        else:
            flat[key] = item
    for key, item in flat.items():
        if not isinstance(item, str) or not _VIRTUAL.match(key.rpartition("/")[2]) or ";" in item:
            raise ValueError(wrong)
    return flat


def _minor(value: object) -> Minor:
    for known in KNOWN:
        if value == format_minor(known):
            return known
    raise ValueError(f'a Python version, such as "{format_minor(FLOOR)}"')
