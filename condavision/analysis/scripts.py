"""Which files are scripts: Python by name or by shebang, in folders that hold people's own code."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.local import Directories, find_module
from condavision.config import home
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = [
    "find_scripts",
    "folders_walked",
    "is_script",
    "left_out",
    "module_file",
    "script_file",
]

_EXCLUDED = frozenset(
    {
        ".bzr", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pixi",
        ".pytest_cache", ".ruff_cache", ".svn", ".tox", "__pycache__", "build", "dist", "locks",
        "node_modules", "site-packages",
    }
)  # fmt: skip
_FOREIGN_MARKS = frozenset({"CACHEDIR.TAG", "conda-meta", "pyvenv.cfg"})
"""What only caches and environments hold."""

_SUFFIXES = (".py", ".pyw", ".ipynb")
_SHEBANG = re.compile(rb"\A#![^\n]*\b(?:python[\d.]*|condavision)(?:[ \t\r]|$)", re.MULTILINE)


def is_script(path: Path) -> bool:
    """Tell whether a file is Python by its name, or by its shebang where the name says nothing."""
    if not os.path.isfile(path):  # noqa: PTH113 - False, and no error, where it may not be looked at
        return False
    if path.suffix:
        return path.suffix in _SUFFIXES
    try:
        with path.open("rb") as stream:
            return bool(_SHEBANG.match(stream.read(200)))
    except OSError:
        return False


def script_file(path: Path) -> Path:
    """Return the file that ``python path`` runs: the path, or ``__main__.py`` of a folder."""
    main = path / "__main__.py"
    return main if path.is_dir() and os.path.isfile(main) else path  # noqa: PTH113 - as above


def module_file(
    module: str, entries: Sequence[Path], directories: Directories | None = None
) -> Path:
    """Return the file that ``python -m module`` runs, sought in the directories ``entries``.

    ``directories`` remember what was looked into.

    Raises:
        AnalysisError: no entry has it, or it is a package without ``__main__.py``.
    """
    folders = [entry.absolute().as_posix() for entry in entries]
    found = find_module(module, folders, directories or Directories())
    last: Path | None = None
    if found is not None and found.complete:
        source = found.modules[-1].file if found.modules else None
        if found.folders:  # a package is run by its __main__.py
            last = Path(found.folders[0]) / "__main__.py"
        elif source is not None:
            last = Path(source)
    if last is None or not last.is_file():
        where = ", ".join(map(str, entries))
        raise AnalysisError(
            f"no module `{module}` that can be run in {where}",
            "check the name, and the folder you are in",
            "a module of an installed package runs in the environment of a script: "
            f"$(condavision path --python SCRIPT) -m {module}",
        )
    return last


def find_scripts(paths: Iterable[Path], *, modules: bool = False) -> tuple[Path, ...]:
    """Return the scripts that are named, and those in the folders that are named, in order.

    Folders of virtual and conda environments, caches, builds and version control are left out, and
    what :func:`left_out` tells; a directory loop ends. A folder with a ``__main__.py`` is one
    script. In other packages nothing is a script; ``modules`` returns every Python file instead.

    Raises:
        AnalysisError: a path does not exist, or a folder holds no script.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise AnalysisError(f"{path} does not exist", "check the path")
        if not path.is_dir():
            found.append(path)
            continue
        main = script_file(path)
        if main != path and not modules:
            inside = [main]
        else:
            inside = sorted(_scripts_in(path, modules=modules))
        if not inside:
            why = "".join(f" ({it})" for it in left_out((path,)))
            raise AnalysisError(f"no Python script in {path}{why}", "name the script itself")
        found += inside
    return tuple(dict.fromkeys(found))


def left_out(paths: Iterable[Path]) -> tuple[str, ...]:
    """Say what in folders may be a script, and cannot be looked at: a sentence for each."""
    found: list[str] = []
    for folder in paths:
        if not folder.is_dir() or script_file(folder) != folder:
            continue
        failed: list[OSError] = []
        for here, files in _walked(folder, failed.append):
            names = (name for name in files if name.endswith(_SUFFIXES) and name[0] != ".")
            found += filter(None, (_unseen(here / name) for name in sorted(names)))
        found += (
            f"{Path(it.filename)} is left out: it cannot be listed: {it.strerror}" for it in failed
        )
    return tuple(found)


def _unseen(path: Path) -> str:
    try:
        path.stat()
    except OSError as error:
        why = "a link to nowhere" if path.is_symlink() else error.strerror
        return f"{path} is left out: {why}"
    return ""


def folders_walked(folder: Path) -> tuple[Path, ...]:
    """Return the directories in which :func:`find_scripts` looks for the scripts of a folder."""
    if script_file(folder) != folder:
        return (folder,)
    return tuple(here for here, _ in _walked(folder))


def _scripts_in(folder: Path, *, modules: bool) -> Iterator[Path]:
    for here, files in _walked(folder):
        package = "__init__.py" in files and not modules
        for name in ["__main__.py"] if package and "__main__.py" in files else files:
            path = here / name
            if package and name != "__main__.py":
                continue
            if is_script(path):
                yield path


def _walked(
    folder: Path, failed: Callable[[OSError], object] | None = None
) -> Iterator[tuple[Path, list[str]]]:
    """Yield folders of people's own code with their files; ``failed`` is told what is not listed.

    The cache of condavision itself is not among them, nor are a conda package and an environment,
    wherever they lie: they are Python that no one here wrote.
    """
    visited = {os.path.realpath(home())}
    for parent, folders, files in os.walk(folder, onerror=failed, followlinks=True):
        real = os.path.realpath(parent)
        here = Path(parent)
        is_top = here == folder
        if not is_top and (real in visited or _is_foreign(here, {*folders, *files})):
            folders.clear()
            continue
        visited.add(real)
        folders[:] = sorted(name for name in folders if name not in _EXCLUDED)
        yield here, files


def _is_foreign(folder: Path, names: set[str]) -> bool:
    """Tell an environment, a cache that says it is one, and a conda package that was unpacked."""
    if names & _FOREIGN_MARKS:
        return True
    return "info" in names and (folder / "info" / "index.json").is_file()
