"""Write YAML in block style, one value per line; strings that could be misread are quoted.

A lock of a hundred packages has four thousand scalars, for which general emitters take as long as
the solve. Only plain data is supported: dicts, lists, strings, booleans and integers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+-]*\Z")
_YAML_11_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def yaml_text(document: dict[str, Any]) -> str:
    """Return ``document`` as YAML that readers of versions 1.1 and 1.2 read alike.

    Raises:
        TypeError: a value is neither a dict, list, string, boolean nor integer.
    """
    lines: list[str] = []
    _mapping(document, "", lines)
    return "".join(lines)


def _mapping(mapping: dict[str, Any], indent: str, lines: list[str]) -> None:
    for key, value in mapping.items():
        if isinstance(value, (dict, list)) and value:
            lines.append(f"{indent}{_scalar(key)}:\n")
            if isinstance(value, dict):
                _mapping(value, f"{indent}  ", lines)
            else:
                _sequence(value, f"{indent}  ", lines)
        else:
            lines.append(f"{indent}{_scalar(key)}: {_scalar(value)}\n")


def _sequence(items: list[Any], indent: str, lines: list[str]) -> None:
    for item in items:
        if isinstance(item, dict) and item:
            first = len(lines)
            _mapping(item, f"{indent}  ", lines)
            lines[first] = f"{indent}- {lines[first].lstrip(' ')}"
        else:
            lines.append(f"{indent}- {_scalar(item)}\n")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if value in ({}, []):
        return "{}" if isinstance(value, dict) else "[]"
    raise TypeError(f"{type(value).__name__} is not written")


@lru_cache(10_000)
def _string(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in _YAML_11_WORDS:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
