"""Write YAML in block style, one value per line; strings that could be misread are quoted.

:func:`yaml_text` is ruamel.yaml, for what is written once: environment files and what other tools
are configured with. :func:`lock_yaml_text` writes the same bytes for a lock: one of 300 packages in
4 ms, where ruamel.yaml takes 850, longer than their solve, and PyYAML's C emitter 70. Only plain
data is supported: dicts, lists, strings, booleans and integers.
"""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+-]*\Z")
_YAML_11_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_WIDTH = 1 << 30  # no line is folded


def yaml_text(document: dict[str, Any]) -> str:
    """Return ``document`` as YAML that readers of versions 1.1 and 1.2 read alike."""
    stream = io.StringIO()
    _writer().dump(document, stream)
    return stream.getvalue()


@lru_cache(1)
def _writer() -> YAML:
    from ruamel.yaml import YAML  # noqa: PLC0415 - 40 ms, which an unchanged lock needs not
    from ruamel.yaml.emitter import Emitter  # noqa: PLC0415
    from ruamel.yaml.representer import RoundTripRepresenter  # noqa: PLC0415

    class LongKeys(Emitter):
        MAX_SIMPLE_KEY_LENGTH = 1024  # as in YAML 1.2; its own is 128

    class Representer(RoundTripRepresenter):
        def represent_str(self, text: str) -> Any:
            style = None if _is_plain(text) else "'" if text.isprintable() else '"'
            return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Representer.add_representer(str, Representer.represent_str)
    writer = YAML()
    writer.Emitter, writer.Representer = LongKeys, Representer
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = _WIDTH
    return writer


def lock_yaml_text(document: dict[str, Any]) -> str:
    """Return a lock as :func:`yaml_text` would.

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
    if _is_plain(text):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.match(text)) and text.lower() not in _YAML_11_WORDS


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
