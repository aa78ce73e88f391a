"""``init``: write the shipped templates of the two stages into a repository."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.system.files import read_file, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.errors import Diagnostic

FILES = {"noxfile.py": "noxfile.py", "Makefile": "Makefile"}
"""The files of the two stages, and their templates."""

_INCLUDED, _INCLUDING = ".gitlab/condavision.yml", ".gitlab-ci.yml"
CI = {
    "github": {".github/workflows/condavision.yml": "github.yml"},
    "gitlab": {_INCLUDED: "gitlab.yml", _INCLUDING: "gitlab-ci.yml"},
}
"""The files of a check in CI, and their templates, by host."""


_CHECKS = frozenset(it for files in CI.values() for it in files.values())
_INSTALLED = "python -m pip install condavision"


class Placing(StrEnum):
    """What became of a file that was to be written."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """It was edited, and stays so."""


@dataclass(frozen=True, slots=True)
class Scaffolded:
    """A file and its state."""

    path: Path
    state: Placing


def scaffold(folder: Path, hosts: Iterable[str]) -> tuple[Scaffolded, ...]:
    """Write templates into a folder; existing files are never overwritten.

    They are those of the two stages, or the checks for ``hosts`` of ``CI``.

    Raises:
        UsageError: the folder is missing or cannot be written to.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "give the folder of the repository")
    wanted = {name: it for host in hosts for name, it in CI[host].items()} or FILES
    try:
        return tuple(_place(folder / name, _filled(it)) for name, it in wanted.items())
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to: {error.strerror}", "check its permissions and the disk"
        ) from error


def left_to_do(placed: Iterable[Scaffolded]) -> Iterator[Diagnostic]:
    """Yield what the files need before they work."""
    from condavision.inference.diagnostics import NotIncluded, OnNoIndex  # noqa: PLC0415 - the command line reads CI at every start

    placed = tuple(placed)
    new = tuple(it.path for it in placed if it.state is Placing.WRITTEN)
    lacking = tuple(path for path in new if _INSTALLED in path.read_text("utf-8"))
    if lacking and _source() is None:
        yield OnNoIndex(lacking)
    for it in placed:
        is_theirs = it.path.name == _INCLUDING and it.state is Placing.KEPT
        if is_theirs and _INCLUDED.encode() not in read_file(it.path):
            yield NotIncluded(it.path, _INCLUDED)


def _filled(name: str) -> str:
    """Return the text of a template, in which condavision comes from where this one did."""
    text, source = template(name), _source() if name in _CHECKS else None
    return (
        text.replace(_INSTALLED, f"python -m pip install {shlex.quote(source)}") if source else text
    )


def _source() -> str | None:
    from condavision.system.extras import source_elsewhere  # noqa: PLC0415 - 20 ms, for few

    return source_elsewhere()


def _place(path: Path, text: str) -> Scaffolded:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
        return Scaffolded(path, Placing.WRITTEN)
    same = read_file(path) == text.encode()
    return Scaffolded(path, Placing.UNCHANGED if same else Placing.KEPT)


def template(name: str) -> str:
    """Return the text of a template of this package."""
    package = Path(__file__).parents[1]
    shipped = package / "templates"  # in a wheel; a checkout has them beside the package
    folder = shipped if shipped.is_dir() else package.parent / "templates"
    return (folder / name).read_text(encoding="utf-8")
