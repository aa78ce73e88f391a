"""The setting of VS Code that names an interpreter, written beside a person's other settings."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.export.scaffold import Placing, Scaffolded
from condavision.system.documents import DocumentError, read_json
from condavision.system.files import read_file, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTING = "python.defaultInterpreterPath"
FILE = Path(".vscode", "settings.json")
_VALUE = re.compile(rf'(?m)^[^/\n]*"{re.escape(SETTING)}"\s*:\s*("(?:[^"\\\n]|\\.)*")')
_SPACE = re.compile(r"[ \t\r\n]*")


def write_setting(folder: Path, python: Path) -> Scaffolded:
    """Write the interpreter of a folder that VS Code opens; all else in its settings stays.

    Raises:
        UsageError: the settings have comments, or are not JSON, or cannot be read or written.
    """
    path = folder / FILE
    line = _line(str(python))
    try:
        before = read_file(path).decode() if path.exists() else ""
        after = _with_setting(before, str(python)) if before.strip() else f"{{\n    {line}\n}}\n"
    except DocumentError as error:
        if re.search(rf"(?m)^[^/\n]*{re.escape(line)}", before):  # as this said earlier
            return Scaffolded(path, Placing.UNCHANGED)
        raise UsageError(
            f"{path} has comments or is not plain JSON, so it is not written",
            f"add this line to it: {line},",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", f"it needs this line: {line}"
        ) from error
    if before == after:
        return Scaffolded(path, Placing.UNCHANGED)
    if path.is_symlink():
        raise UsageError(f"{path} is a symlink", f"add this line to what it points to: {line},")
    try:
        write_atomic(path, after)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", f"it needs this line: {line}"
        ) from error
    return Scaffolded(path, Placing.WRITTEN)


def interpreter(folder: Path) -> Path | None:
    """Return the interpreter that the settings of a folder name, None if they name none.

    They may have comments, which JSON has not.
    """
    try:
        found = _VALUE.findall(read_file(folder / FILE).decode())
        return Path(json.loads(found[-1])) if found else None
    except (OSError, ValueError):
        return None


def _line(value: str) -> str:
    return f"{json.dumps(SETTING)}: {json.dumps(value)}"


def _with_setting(text: str, value: str) -> str:
    """Return the text of a JSON object with the setting, and every other character as it was.

    Raises:
        DocumentError: it is not a JSON object.
    """
    settings = read_json(text.encode())
    if not isinstance(settings, dict):
        raise DocumentError("it is not an object")
    start = text.index("{") + 1
    places = [(begin, end) for key, begin, end in _members(text, start) if key == SETTING]
    if places:
        begin, end = places[-1]  # which is the one that counts
        return f"{text[:begin]}{json.dumps(value)}{text[end:]}"
    if not settings:
        return f"{text[:start]}\n    {_line(value)}\n{text[_space(text, start) :]}"
    space = text[start : _space(text, start)]
    return f"{text[:start]}{space}{_line(value)},{text[start:]}"


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Yield each key of an object whose members start at ``at``, and where its value is."""
    decoder = json.JSONDecoder()
    while (at := _space(text, at)) < len(text) and text[at] == '"':
        key, at = decoder.raw_decode(text, at)
        begin = _space(text, _space(text, at) + 1)
        _, end = decoder.raw_decode(text, begin)
        yield key, begin, end
        at = _space(text, end) + 1


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
