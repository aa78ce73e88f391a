"""``accepted.yml``: the distributions that people have accepted though nobody vouches for them.

Each is one line, sorted, as in ``scripts.yml``, with the version that was locked first and the
SHA-256 of its files. The file is committed, also where the locks are this machine's own. ::

    "frobnicate": {"version": "1.2", "files": {"frobnicate-1.2-py3-none-any.whl": "5c1c6c22..."}}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.errors import InstallError
from condavision.locks.entry_lines import parse_entry_lines, read_entry_lines
from condavision.locks.index import add_union_merge
from condavision.mapping.import_map import normalized
from condavision.system.documents import read_json
from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from condavision.core.model import Lock, LockedPackage

FILE_NAME = "accepted.yml"

_HEADER = "# Accepted though nobody vouches for them; written by condavision, to be committed.\n"


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was locked first of an accepted distribution: its version, and SHA-256 by file name."""

    version: str
    files: Mapping[str, str]


AcceptedNames = dict[str, Accepted]
"""Accepted distributions by their normalized names."""


def read_accepted(folder: Path) -> AcceptedNames:
    """Read the ``accepted.yml`` of a locks folder; nothing is accepted if there is none.

    Raises:
        LockfileError: the file cannot be read, or a line is not an entry; the message has its
            number.
    """
    path = folder / FILE_NAME
    found: AcceptedNames = {}
    text = read_entry_lines(path)
    for name, accepted in parse_entry_lines(text, path, _parse_line, "accept the name again"):
        known = found.get(name, accepted)  # there twice, if two branches accepted it
        found[name] = Accepted(known.version, {**accepted.files, **known.files})
    return found


def _parse_line(line: str) -> tuple[str, Accepted]:
    ((name, fields),) = read_json(f"{{{line}}}".encode()).items()
    version, files = fields["version"], dict(fields["files"].items())
    if not all(isinstance(text, str) for text in (version, *files.values())):
        raise TypeError(line)
    return name, Accepted(version, files)


def record_accepted(folder: Path, names: Iterable[str], lock: Lock) -> None:
    """Record names that are accepted for a lock, unless they are recorded already."""
    known = read_accepted(folder)
    added = {name: _first_locked(name, lock) for name in names if name not in known}
    if not added:
        return
    lines = (
        f"{json.dumps(name)}: {json.dumps({'version': it.version, 'files': dict(it.files)})}\n"
        for name, it in sorted({**known, **added}.items())
    )
    write_atomic(folder / FILE_NAME, _HEADER + "".join(lines))
    add_union_merge(folder, FILE_NAME)


def require_same_files(folder: Path, lock: Lock) -> None:
    """Refuse a lock in which a file of an accepted distribution has changed.

    Other files, as of a newer version or for another platform, are fine.

    Raises:
        InstallError: it has a file by the name of an accepted one, with another digest.
    """
    known = read_accepted(folder)
    for package in lock.packages if known else ():
        accepted = known.get(normalized(package.name))
        sha256 = accepted.files.get(_file_name(package)) if accepted else None
        if sha256 not in {None, package.sha256}:
            raise InstallError(
                f"{_file_name(package)} is not the file that was accepted (sha256 {sha256}, found"
                f" {package.sha256})",
                "a published file never changes: find out why this one did",
                f"to accept it nevertheless, delete `{package.name}` from {folder / FILE_NAME} and"
                f" lock with --accept {package.name}",
            )


def _first_locked(name: str, lock: Lock) -> Accepted:
    packages = [package for package in lock.packages if normalized(package.name) == name]
    version = packages[0].version if packages else ""
    return Accepted(version, dict(sorted((_file_name(it), it.sha256) for it in packages)))


def _file_name(package: LockedPackage) -> str:
    return package.url.partition("#")[0].rpartition("/")[2]
