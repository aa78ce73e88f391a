"""``scripts.yml``: which lock each target uses, and the digest of the sources it was made from.

Each script is one line, sorted, so that git's ``merge=union`` joins two branches. After such a
merge a script can have two lines: both are read, the one whose digest matches is used, and the next
``lock`` writes one. ::

    "-m shop.tool": {"lock": "5c1c6c22a1f0b7d4", "digest": "7d0a6e5f1c2b3948"}
    "jobs/": {"lock": "91b0c2d3e4f5a697", "digest": "c0ffee0123456789"}
    "report.py": {"lock": "5c1c6c22a1f0b7d4", "digest": "0f6e1f2a9b3c4d5e"}

A key that ends with a slash stands for all scripts of a folder, which share that lock (``target``
has the forms of keys).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from condavision.core.pythons import format_minor, minor_of
from condavision.locks.entry_lines import parse_entry_lines, read_entry_lines
from condavision.project.config import LOCAL
from condavision.system.documents import read_json
from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from condavision.core.pythons import Minor

FILE_NAME = "scripts.yml"

_HASH = re.compile(r"[0-9a-f]{16}")

_FLOOR = "python-floor"

_LINES = 10_000  # an index of a thousand scripts is read and written once for each lock of a run

_HEADERS = {
    False: "# Which lock each script uses; written by condavision, to be committed.\n",
    True: "# Which lock each script uses; written by condavision, for this machine alone.\n",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a target's requirement hash and source digest.

    ``channels`` are set if the command line chose them, ``paths`` if PYTHONPATH supplied modules
    (relative to the project root if below it), ``floor`` if Pythons below the configured
    ``python-floor`` were admitted: the exec stage needs them to infer the same requirement set.
    """

    lock: str
    digest: str
    channels: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    floor: Minor | None = None

    @property
    def reading(self) -> Reading:
        """How the target is read again."""
        return Reading(self.paths, self.floor)


@dataclass(frozen=True, slots=True)
class Reading:
    """What of an entry decides how its target is read again: ``paths`` and ``floor``."""

    paths: tuple[str, ...] = ()
    floor: Minor | None = None


@dataclass(frozen=True, slots=True)
class ScriptIndex:
    """The entries by script path; a script has several only after a merge."""

    path: Path
    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)

    def of(self, script: str) -> tuple[Entry, ...]:
        """Return the entries of a script path, as written in the file."""
        return self.entries.get(script, ())

    def updated(self, changes: Mapping[str, Entry], dropped: Iterable[str] = ()) -> ScriptIndex:
        """Return an index with ``changes`` applied and the ``dropped`` entries removed."""
        gone = frozenset(dropped)
        kept = {key: found for key, found in self.entries.items() if key not in gone}
        return ScriptIndex(self.path, {**kept, **{key: (it,) for key, it in changes.items()}})

    def hashes(self) -> frozenset[str]:
        """Return every requirement hash that some script uses."""
        return frozenset(entry.lock for entries in self.entries.values() for entry in entries)


def read_index(folder: Path) -> ScriptIndex:
    """Read the ``scripts.yml`` of a locks folder; an empty index if there is none.

    Raises:
        LockfileError: the file cannot be read, or a line is not an entry; the message has its
            number.
    """
    path = folder / FILE_NAME
    return parse_index(read_entry_lines(path), path)


def parse_index(text: str, path: Path) -> ScriptIndex:
    """Read the text of a ``scripts.yml``; ``path`` is for messages."""
    entries: dict[str, list[Entry]] = {}
    for script, entry in parse_entry_lines(text, path, _parse_line, "lock the script again"):
        if entry not in entries.setdefault(script, []):
            entries[script].append(entry)
    return ScriptIndex(path, {script: tuple(found) for script, found in entries.items()})


@lru_cache(_LINES)
def _parse_line(line: str) -> tuple[str, Entry]:
    ((script, fields),) = read_json(f"{{{line}}}".encode()).items()
    lock, digest = fields["lock"], fields["digest"]
    channels, paths = fields.get("channels", ()), fields.get("paths", ())
    if not all(isinstance(text, str) for text in (lock, digest, *channels, *paths)):
        raise TypeError(line)
    if not _HASH.fullmatch(lock):  # it becomes a file name
        raise ValueError(line)
    floor = minor_of(fields[_FLOOR]) if _FLOOR in fields else None
    return script, Entry(lock, digest, tuple(channels), tuple(paths), floor)


def write_index(index: ScriptIndex) -> None:
    """Write the index and its git attributes, if they have changed."""
    lines = [_line(script, entries) for script, entries in sorted(index.entries.items())]
    local = index.path.parent.name == LOCAL
    text = _HEADERS[local] + "".join(lines)
    if not index.path.exists() or index.path.read_text(encoding="utf-8") != text:
        write_atomic(index.path, text)
    if local:
        if not (index.path.parent / ".gitignore").exists():
            write_atomic(index.path.parent / ".gitignore", "*\n")
    else:
        add_union_merge(index.path.parent, FILE_NAME)


def add_union_merge(folder: Path, name: str) -> None:
    """Let git join the lines that two branches added to a file of a locks folder."""
    path, line = folder / ".gitattributes", f"{name} merge=union\n"
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    if name not in present:
        write_atomic(path, present + line)


@lru_cache(_LINES)
def _line(script: str, entries: tuple[Entry, ...]) -> str:
    return "".join(f"{_json(script)}: {_json(_fields(entry))}\n" for entry in entries)


def _fields(entry: Entry) -> dict[str, Any]:
    optional = {"channels": entry.channels, "paths": entry.paths}
    given: dict[str, Any] = {name: values for name, values in optional.items() if values}
    if entry.floor is not None:
        given[_FLOOR] = format_minor(entry.floor)
    return {"lock": entry.lock, "digest": entry.digest, **given}


_encoded = json.JSONEncoder(ensure_ascii=False).encode


def _json(value: Any) -> str:
    """Return JSON, a subset of YAML that can escape every character of a file name."""
    text = _encoded(value)
    return text if text.isprintable() else json.dumps(value)
