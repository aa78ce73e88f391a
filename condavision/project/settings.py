"""The settings of a configuration file: how each is read, and what it decides."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.analysis.source.ignored import patterns
from condavision.core.channels import normalize
from condavision.core.engine import Engine
from condavision.core.platforms import PLATFORMS
from condavision.core.pythons import FLOOR, KNOWN, Minor, format_minor
from condavision.core.serving import Serving, read_serving
from condavision.project.solve_options import cutoff

if TYPE_CHECKING:
    from collections.abc import Callable

_VIRTUAL = re.compile(r"__[a-z0-9_]+\Z")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a project.

    ``read`` takes the value in the file and the project root; it raises :class:`ValueError` with
    what the value must be. ``example`` is TOML for the value. ``is_of_requirements`` is whether the
    setting can change a requirement set by itself; what ``paths`` finds counts as files.
    """

    read: Callable[[Any, Path], Any]
    summary: str
    example: str
    is_of_requirements: bool = False


def plain(path: Path) -> Path:
    """Return a path without ``..``, as it is to be shown; links are followed only to that end."""
    return Path(os.path.realpath(path)) if ".." in path.parts else path


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


def _channels(value: object, root: Path) -> tuple[str, ...]:
    names = _strings(value)
    if not names:
        raise ValueError("a list of at least one channel")
    return tuple(normalize(name, root) for name in names)


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


def _engine(value: object) -> Engine:
    try:
        return Engine(_string(value))
    except ValueError:
        raise ValueError(f"one of {', '.join(Engine)}") from None


def _serving(value: object) -> Serving:
    if not isinstance(value, dict):
        raise ValueError("a table, such as { timeout = 60 }")  # noqa: TRY004 - as above
    return Serving().over(read_serving(value))


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


def _below_root(value: object, root: Path) -> Path:
    return root / _string(value)


SETTINGS = {
    "channels": Setting(
        _channels,
        "Channels in order of priority: names, URLs, folders, or `interpreters:`.",
        '["conda-forge"]',
        is_of_requirements=True,
    ),
    "trusted-channels": Setting(
        lambda value, _: _strings(value),
        "Channels that may supply an unknown import under its own name.",
        '["conda-forge", "bioconda"]',
        is_of_requirements=True,
    ),
    "platforms": Setting(
        lambda value, _: _platforms(value),
        "Platforms to lock for, besides the one of the machine that locks.",
        '["linux-64", "osx-arm64"]',
    ),
    "paths": Setting(
        lambda value, root: tuple(plain(root / path) for path in _strings(value)),
        "Folders with modules of your own; they are on the import path when a script runs.",
        '["lib"]',
    ),
    "exclude": Setting(
        lambda value, _: _patterns(value),
        "Files that are not scripts: patterns as in `.gitignore`, which is obeyed too.",
        '["legacy/", "*_pb2.py"]',
    ),
    "locks": Setting(_below_root, "Folder of the lock files, below the project root.", '"locks"'),
    "vendored": Setting(
        _below_root,
        "Folder to take all packages from, filled by `condavision vendor`.",
        '"vendored"',
    ),
    "python-floor": Setting(
        lambda value, _: _minor(value),
        "Pythons older than this are used only if a script needs them, or by `lock --python`.",
        f'"{format_minor(FLOOR)}"',
        is_of_requirements=True,
    ),
    "imports": Setting(
        lambda value, _: _string_table(value),
        "Packages of imports, before the map: a match spec, `pypi:` and a requirement, or nothing.",
        '{ cv2 = "opencv", frobnicate = "pypi:frobnicate-client>=2", legacy_helpers = "" }',
        is_of_requirements=True,
    ),
    "optional-imports": Setting(
        lambda value, _: _boolean(value),
        "Whether to install what scripts import optionally.",
        "false",
        is_of_requirements=True,
    ),
    "allow-unverified": Setting(
        lambda value, _: _boolean(value),
        "Whether an unknown import is installed from PyPI under its own name.",
        "false",
        is_of_requirements=True,
    ),
    "allow-sdist": Setting(
        lambda value, _: _boolean(value),
        "Whether source distributions from PyPI are allowed, which run their authors' code.",
        "false",
        is_of_requirements=True,
    ),
    "prove": Setting(
        lambda value, _: _boolean(value),
        "Whether `lock` follows imports into the files of packages, to prove that they run.",
        "false",
    ),
    "exclude-newer": Setting(
        lambda value, _: cutoff(_string(value), datetime.now(UTC)),
        "Use no package newer than this: an age or a date.",
        '"7d"',
    ),
    "engine": Setting(
        lambda value, _: _engine(value),
        "Solver of conda packages: `rattler`, or `conda-lock` with your own conda or mamba.",
        '"rattler"',
    ),
    "virtual-packages": Setting(
        lambda value, _: _virtual_packages(value),
        "What the machines that run the scripts have, for all platforms or one.",
        '{ __glibc = "2.28", linux-64 = { __cuda = "12" } }',
    ),
    "serve": Setting(
        lambda value, _: _serving(value),
        "Limits of the web service for the scripts of the project.",
        "{ timeout = 60 }",
    ),
}
"""All settings, by their names in the file."""
