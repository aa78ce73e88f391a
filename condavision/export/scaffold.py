"""``init``: write the shipped templates of the two stages into a repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from condavision.errors import UsageError
from condavision.system.files import read_file, write_atomic

FILES = ("noxfile.py", "Makefile")


@dataclass(frozen=True, slots=True)
class Scaffolded:
    """A file and its state: ``written``, ``unchanged``, or ``kept`` because it was edited."""

    path: Path
    state: str


def scaffold(folder: Path) -> tuple[Scaffolded, ...]:
    """Write the templates into a folder; existing files are never overwritten.

    Raises:
        UsageError: the folder is missing or cannot be written to.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    try:
        return tuple(_place(folder / name, template(name)) for name in FILES)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror}") from error


def _place(path: Path, text: str) -> Scaffolded:
    if not path.exists():
        write_atomic(path, text)
        return Scaffolded(path, "written")
    same = read_file(path) == text.encode()
    return Scaffolded(path, "unchanged" if same else "kept")


def template(name: str) -> str:
    """Return the text of a template of this package."""
    package = Path(__file__).parents[1]
    shipped = package / "templates"  # in a wheel; a checkout has them beside the package
    folder = shipped if shipped.is_dir() else package.parent / "templates"
    return (folder / name).read_text(encoding="utf-8")
