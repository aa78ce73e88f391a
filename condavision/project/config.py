"""Configuration: read once at the door, validated with every mistake reported, passed down.

Settings live in ``[tool.condavision]`` of ``pyproject.toml`` or at the top level of
``condavision.toml``; command-line flags win. Both files are looked for in the project root only.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.core.channels import normalize
from condavision.core.platforms import PLATFORMS
from condavision.core.pythons import FLOOR, KNOWN, Minor, format_minor
from condavision.errors import ConfigError
from condavision.project.solve_options import ENGINES, Terms, cutoff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.core.model import ScriptMetadata

__all__ = ["SETTINGS_FILES", "Config", "distrusted", "find_root", "load_config", "terms_of"]

DEFAULT_CHANNELS = ("conda-forge",)

SETTINGS_FILES = {"condavision.toml": (), "pyproject.toml": ("tool", "condavision")}
"""The files that configure a project, best first, and the table of each that is ours."""

_UNDECIDING = frozenset(
    {"platforms", "paths", "locks", "vendored", "exclude-newer", "virtual-packages", "engine"}
)
"""Settings that change no requirement set by themselves; what ``paths`` finds counts as files."""

_VIRTUAL = re.compile(r"__[a-z0-9_]+\Z")


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one project.

    Paths are absolute. ``imports`` maps a module to a conda match spec, to ``pypi:`` and a PEP 508
    requirement, or to an empty string where the module needs no package. ``conda`` is the command
    line's alone: a project's file must not name a program to run. ``settings`` is a
    canonical text of what the file sets that can change a requirement set.
    """

    root: Path
    source: Path | None = None
    channels: tuple[str, ...] = DEFAULT_CHANNELS
    flag_channels: tuple[str, ...] = ()
    trusted_channels: tuple[str, ...] = DEFAULT_CHANNELS
    platforms: tuple[str, ...] = ()
    flag_platforms: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    locks: Path = field(default_factory=Path)
    vendored: Path | None = None
    python_floor: Minor = FLOOR
    imports: Mapping[str, str] = field(default_factory=dict)
    optional_imports: bool = False
    allow_unverified: bool = False
    allow_sdist: bool = False
    exclude_newer: str = ""
    engine: str = ENGINES[0]
    conda: str | None = None
    virtual_packages: Mapping[str, str] = field(default_factory=dict)
    offline: bool = False
    settings: str = ""

    def with_flags(
        self,
        channels: tuple[str, ...] = (),
        platforms: tuple[str, ...] = (),
        locks: Path | None = None,
        vendored: Path | None = None,
        **settings: Any,
    ) -> Config:
        """Return the settings with the command line's on top; CONDAVISION_VENDORED is between.

        ``settings`` are fields by name.
        """
        vendored = vendored or Path(os.environ.get("CONDAVISION_VENDORED", ""))
        return replace(
            self,
            **settings,
            flag_channels=tuple(dict.fromkeys(channels)),
            flag_platforms=tuple(dict.fromkeys(platforms)),
            locks=locks.absolute() if locks else self.locks,
            vendored=vendored.absolute() if vendored != Path() else self.vendored,
        )

    def channels_for(self, metadata: ScriptMetadata) -> tuple[str, ...]:
        """Return the channels of a script: flags win over its own, its own over the project's."""
        return self.flag_channels or metadata.channels or self.channels

    def platforms_for(self, metadata: ScriptMetadata) -> tuple[str, ...]:
        """Return the platforms asked for beside the current one, by the same precedence."""
        return self.flag_platforms or metadata.platforms or self.platforms


def find_root(script: Path) -> Path:
    """Return the project root of a script or folder, sought upward from its real path.

    The nearest folder with condavision's own configuration or locks wins, then the nearest with a
    ``pyproject.toml`` or ``.git``, then the script's folder. A folder that other users can write
    to ends the search: what lies in it could have been put there by anybody.
    """
    upward = _upward(script)
    candidates = list(takewhile(lambda folder: not _others_can_write(folder), upward))
    for marks in (_is_configured, _is_project):
        for folder in candidates:
            if marks(folder):
                return folder
    return upward[0]


def distrusted(script: Path) -> tuple[Path, Path] | None:
    """Return the folder that would be a script's root, and the one that others can write to.

    The second ends the search before the first, or is the first.
    """
    unsafe: Path | None = None
    for folder in _upward(script):
        if unsafe is None and _others_can_write(folder):
            unsafe = folder
        if _is_configured(folder):
            return None if unsafe is None else (folder, unsafe)
    return None


def _upward(script: Path) -> tuple[Path, ...]:
    real = script.resolve()
    start = real if real.is_dir() else real.parent
    return (start, *start.parents)


def _others_can_write(folder: Path) -> bool:
    if os.name == "nt":  # the mode bits say nothing there
        return False
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return True


def _is_configured(folder: Path) -> bool:
    if (folder / "condavision.toml").exists():  # a folder of that name is told to be wrong
        return True
    if any((folder / "locks" / local / "scripts.yml").is_file() for local in ("", ".local")):
        return True
    try:
        return b"[tool.condavision" in (folder / "pyproject.toml").read_bytes()
    except OSError:
        return False


def _is_project(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() or (folder / ".git").exists()


def load_config(root: Path) -> Config:
    """Read the configuration of a project root; defaults where there is none.

    Raises:
        ConfigError: the file is not TOML, or has unknown or wrong settings (all are listed).
    """
    default = Config(root=root, locks=root / "locks")
    if _others_can_write(root):
        return default
    for name, table in SETTINGS_FILES.items():
        source = root / name
        settings = _read_table(source, table)
        if settings is not None:
            return _validated(replace(default, source=source), settings)
    return default


def _read_table(source: Path, keys: tuple[str, ...]) -> dict[str, Any] | None:
    try:
        text = source.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        if keys and isinstance(error, IsADirectoryError):
            return None  # nor does somebody else's folder
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"{source} cannot be read: {reason}", "make it a readable file, or remove it"
        ) from error
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if keys and "tool.condavision" not in text:
            return None  # somebody else's broken file says nothing to us
        raise ConfigError(f"{source} is not valid TOML: {error}") from error
    for key in keys:
        table = table.get(key)
        if not isinstance(table, dict):
            return None
    return dict(table)


def _validated(config: Config, settings: dict[str, Any]) -> Config:
    readers = {
        "channels": lambda value: tuple(normalize(name, config.root) for name in _strings(value)),
        "trusted-channels": _strings,
        "platforms": _platforms,
        "paths": lambda value: tuple(config.root / path for path in _strings(value)),
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
    }
    values: dict[str, Any] = {}
    mistakes = []
    for key, value in settings.items():
        reader = readers.get(key)
        if reader is None:
            mistakes.append(f"`{key}` is not a setting")
            continue
        try:
            values[key.replace("-", "_")] = reader(value)
        except ConfigError as error:
            mistakes.append(error.message)
        except ValueError as error:
            mistakes.append(f"`{key}` must be {error}")
    if mistakes:
        raise ConfigError(
            f"{config.source}: {'; '.join(mistakes)}",
            f"the settings are: {', '.join(readers)}",
        )
    deciding = {key: settings[key] for key in settings if key not in _UNDECIDING}
    return replace(config, **values, settings=json.dumps(deciding, sort_keys=True))


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


def _platforms(value: object) -> tuple[str, ...]:
    names = _strings(value)
    if not set(names) <= set(PLATFORMS):
        raise ValueError(f"some of {', '.join(PLATFORMS)}")
    return names


def _string_table(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError('a table of strings, such as { cv2 = "opencv" }')
    return value


def _cutoff(value: object) -> str:
    text = _string(value)
    cutoff(text, datetime.now(UTC))
    return text


def _engine(value: object) -> str:
    if value not in ENGINES:
        raise ValueError(f"one of {', '.join(ENGINES)}")
    return str(value)


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


def terms_of(config: Config, now: datetime | None = None) -> Terms:
    """Return the terms that a project and the command line set, as of ``now``."""
    text = config.exclude_newer
    return Terms(
        exclude_newer=cutoff(text, now or datetime.now(UTC)) if text else None,
        virtual_packages=config.virtual_packages,
        trusted_channels=config.trusted_channels,
        allow_sdist=config.allow_sdist,
        allow_unverified=config.allow_unverified,
        engine=config.engine,
        conda=config.conda,
    )
