"""Parse documents that anybody may have written: TOML, JSON, and YAML with two readers.

Whatever is wrong with a text is a :class:`DocumentError`: nesting deeper than the stack, numbers of
thousands of digits, aliases that stand for more than memory holds. ``system.files`` reads the
bytes.

:func:`read_yaml` is ruamel.yaml, with which conda reads environment files: YAML 1.2, where ``yes``
and ``on`` are strings and a key that is there twice is an error. :func:`read_lock_yaml` is PyYAML's
C parser, because the exec stage waits for a lock: one of 100 packages for each of three platforms
costs a process 105 ms of CPU with it and 980 ms with ruamel.yaml. What we write into locks means
the same to both (``locks.yaml_text``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_JSON_ITEMS = 4_000_000
"""Lists, objects and values of one document: 500 MB of memory at most."""

_YAML_CHARACTERS = 200_000
"""What ruamel.yaml reads in five seconds: an environment of 5,000 packages."""

_LOCK_CHARACTERS = 3_000_000
"""A lock of 8,000 packages; 500 MB of memory at most."""

_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)")


class DocumentError(ValueError):
    """A text is not valid; ``line`` is the 1-based line of the problem, if it has one."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem if line is None else f"line {line}: {problem}")
        self.problem = problem
        self.line = line


def read_toml(text: str) -> dict[str, Any]:
    """Return the document of a TOML text.

    Raises:
        DocumentError: it is not TOML, or too deep.
    """
    import tomllib  # noqa: PLC0415 - each reader imports its parser

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: a number of too many digits
        problem = _problem(error)
        place = _TOML_PLACE.search(problem)
        line = int(place[1]) if place else None
        raise DocumentError(_TOML_PLACE.sub("", problem), line) from error


def read_json(data: bytes) -> Any:
    """Return the document of a JSON text.

    Raises:
        DocumentError: it is not JSON, too deep, or has too many items.
    """
    import json  # noqa: PLC0415

    if sum(map(data.count, (b",", b"[", b"{"))) > _JSON_ITEMS:
        raise DocumentError(f"it has more than {_JSON_ITEMS} items")
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise DocumentError(error.msg, error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(_problem(error)) from error


def read_yaml(text: str) -> Any:
    """Return the one document of a text: dicts, lists, strings, numbers, booleans, dates, None.

    Raises:
        DocumentError: it is not YAML, too long, or too deep.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - 40 ms, for few commands
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    _require_size(text, _YAML_CHARACTERS)
    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, TypeError, RecursionError) as error:  # dates, keys, depth
        raise _yaml_error(error) from error


def read_lock_yaml(text: str) -> Any:
    """Return the document of a lock file; values as :func:`read_yaml`.

    Raises:
        DocumentError: it is not YAML, too long, or too deep.
    """
    import yaml  # noqa: PLC0415 - a first lock is written and not read

    _require_size(text, _LOCK_CHARACTERS)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, in C
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # dates, keys, depth
        raise _yaml_error(error) from error


def _require_size(text: str, most: int) -> None:
    """Refuse a text that is too long, or whose aliases stand for more than its characters.

    Nine lines of nine aliases each are as long as a paragraph and stand for 400 million values.
    """
    if len(text) > most:
        raise DocumentError(f"it has more than {most} characters")
    if "*" not in text or "&" not in text:
        return
    import yaml  # noqa: PLC0415

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    sizes: dict[str, int] = {}  # nodes below each anchor, with those of its aliases
    open_: list[tuple[str | None, int]] = []
    total = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionEndEvent):
                anchor, before = open_.pop()
                sizes[anchor or ""] = total - before
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            total += sizes.get(event.anchor or "", 0) if isinstance(event, yaml.AliasEvent) else 1
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append((event.anchor, total - 1))
            if total > len(text):
                raise DocumentError("its aliases stand for too many values")
    except yaml.YAMLError:
        return  # the reader reports it


def _yaml_error(error: Exception) -> DocumentError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    parts = (getattr(error, name, None) for name in ("context", "problem"))
    problem = ", ".join(filter(None, parts)) or _problem(error)
    return DocumentError(problem, mark.line + 1 if mark else None)


def _problem(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).partition("\n")[0]


_NAME = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_HEADER = re.compile(rf"\s*\[+\s*({_NAME}(?:\s*\.\s*{_NAME})*)")
_SETTING = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")


def key_lines(lines: Iterable[str]) -> dict[tuple[str, ...], int]:
    """Return the line, from 1, of each key and table of TOML that begins a line."""
    table: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(lines, start=1):
        if header := _HEADER.match(line):
            table = path = _parts(header[1])
        elif setting := _SETTING.match(line):
            path = (*table, *_parts(setting[1]))
        else:
            continue
        for end in range(1, len(path) + 1):
            found.setdefault(path[:end], number)
    return found


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part.strip("'\"") for part in re.findall(_NAME, key))
