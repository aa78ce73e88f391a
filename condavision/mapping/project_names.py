"""The distributions that a project's own files list: its requirements, its build metadata.

They never override the map. They only resolve what is otherwise unknown or ambiguous: a name that
the author wrote beside the script is not a guess.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from condavision.core.modules import prefixes
from condavision.mapping.import_map import normalized
from condavision.system.documents import read_toml
from condavision.system.file_stamp import stamp_of
from condavision.system.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from condavision.system.file_stamp import Stamp

_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
_INSTALL_REQUIRES = re.compile(
    r"(?:install_requires|extras_require|requires)\s*=\s*[\[{(](.*?)[\]})]", re.DOTALL
)
_QUOTED = re.compile(r"['\"]([A-Za-z0-9][\w.-]*)")
_ITEM = re.compile(r"(?m)^\s*-\s+['\"]?([A-Za-z0-9][\w.-]*)(?!\S*::)")
_CFG = re.compile(r"(?m)^install_requires\s*=((?:.*\n)(?:[ \t]+.*\n?)*)")
_AFFIXES = (
    "{}", "python-{}", "{}-python", "py{}", "py-{}", "{}-py", "{}-client", "django-{}", "{}-sdk",
)  # fmt: skip
_LARGEST = 1_000_000  # bytes; no list of requirements is longer


def project_names(root: Path) -> Mapping[str, str]:
    """Return the distributions listed in the files of a project's root: name -> file.

    A damaged or malformed file is skipped.
    """
    found: dict[str, str] = {}
    for path in _files(root, stamp_of(root)):
        for name in _names(path, stamp_of(path)):
            found.setdefault(name, path.name)
    return found


def namesake(module: str, names: Iterable[str]) -> str | None:
    """Return the one of ``names`` that is the name of a dotted module or of a parent package."""
    known = {*names}
    keys = (normalized(prefix.strip("_")) for prefix in prefixes(module))
    spelt = (pattern.format(key) for key in keys for pattern in _AFFIXES)
    return next((name for name in spelt if name in known), None)


def _readers(name: str) -> bool:
    return bool(
        re.fullmatch(r"(?:[\w-]*requirements[\w.-]*|requires)\.(?:txt|in|pip)", name)
        or re.fullmatch(r"environment[\w-]*\.ya?ml", name)
        or name in {"pixi.toml", "pyproject.toml", "setup.cfg", "setup.py", "Pipfile"}
    )


@lru_cache(maxsize=16)
def _files(root: Path, stamp: Stamp | None) -> tuple[Path, ...]:
    """Return the files to read; ``stamp`` changes with what is in the folder."""
    try:
        names = os.listdir(root) if stamp else []  # noqa: PTH208 - thousands of scripts
    except OSError:
        return ()
    return tuple(root / name for name in sorted(names) if _readers(name))


@lru_cache(maxsize=256)
def _names(path: Path, stamp: Stamp | None) -> tuple[str, ...]:
    """Return the names in one file; ``stamp`` changes with its content."""
    if stamp is None or stamp[0] > _LARGEST:
        return ()
    try:
        text = read_file(path).decode("utf-8", "replace")
        found = [*_read(path.name, text)]
    except (OSError, ValueError):
        return ()
    return tuple(dict.fromkeys(map(normalized, found)))


def _read(name: str, text: str) -> Iterator[str]:
    if name in {"pyproject.toml", "Pipfile"}:
        yield from _toml(read_toml(text))
    elif name == "pixi.toml":
        yield from _pixi(read_toml(text))
    elif name == "setup.py":
        for match in _INSTALL_REQUIRES.finditer(text):
            yield from _QUOTED.findall(match[1])
    elif name == "setup.cfg":
        for match in _CFG.finditer(text):
            yield from _first_words(match[1].splitlines())
    elif name.endswith(("yml", "yaml")):
        yield from _ITEM.findall(text)
    else:
        yield from _first_words(text.splitlines())


def _first_words(lines: Iterable[Any]) -> Iterator[str]:
    for line in lines:
        match = _NAME.match(line.strip()) if isinstance(line, str) else None
        if match and "://" not in line.partition("#")[0]:
            yield match[0]


def _toml(document: dict[str, Any]) -> Iterator[str]:
    project, poetry = _table(document, "project"), _table(document, "tool", "poetry")
    lists = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    lists += _table(document, "dependency-groups").values()
    lists += [_table(document, "tool", "uv").get("dev-dependencies")]
    lists += _table(document, "tool", "pdm", "dev-dependencies").values()
    for environment in _table(document, "tool", "hatch", "envs").values():
        lists += [_table(environment).get(it) for it in ("dependencies", "extra-dependencies")]
    for items in lists:
        yield from _first_words(items if isinstance(items, list) else ())
    groups = [_table(group, "dependencies") for group in _table(poetry, "group").values()]
    groups += (_table(poetry, name) for name in ("dependencies", "dev-dependencies"))
    groups += (_table(document, name) for name in ("packages", "dev-packages"))
    for table in groups:
        yield from _first_words(table)
    yield from _pixi(_table(document, "tool", "pixi"))


def _pixi(pixi: dict[str, Any]) -> Iterator[str]:
    holders = [pixi, *_table(pixi, "target").values(), *_table(pixi, "feature").values()]
    for holder in holders:
        for name in ("dependencies", "pypi-dependencies"):
            yield from _first_words(_table(holder, name))


def _table(value: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
