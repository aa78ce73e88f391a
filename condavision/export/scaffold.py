"""``init``: write the shipped templates of the two stages into a repository."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.inference.diagnostics import OnNoIndex
from condavision.system.files import read_file, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable

FILES = {"noxfile.py": "noxfile.py", "Makefile": "Makefile"}
"""The files of the two stages, and their templates."""

CI = {
    "github": {".github/workflows/condavision.yml": "github.yml"},
    "gitlab": {".gitlab/condavision.yml": "gitlab.yml"},
}
"""The files of a check in CI, and their templates, by host."""


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
    """Write the templates into a folder; existing files are never overwritten.

    ``hosts`` are those of ``CI`` to add a check for.

    Raises:
        UsageError: the folder is missing or cannot be written to.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "give the folder of the repository")
    wanted = {**FILES, **{name: it for host in hosts for name, it in CI[host].items()}}
    try:
        return tuple(_place(folder / name, template(it)) for name, it in wanted.items())
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to: {error.strerror}", "check its permissions and the disk"
        ) from error


def on_no_index(placed: Iterable[Scaffolded]) -> tuple[OnNoIndex, ...]:
    """Return which of the new files need another line, if this condavision is from no index."""
    ours = {name for files in CI.values() for name in files}
    made = tuple(
        it.path
        for it in placed
        if it.state is Placing.WRITTEN and any(it.path.match(name) for name in ours)
    )
    from condavision.system.extras import is_from_index  # noqa: PLC0415 - 20 ms, for few

    return (OnNoIndex(made),) if made and not is_from_index() else ()


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
