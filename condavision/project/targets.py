"""What can be locked or run: a script, a module, or a folder that shares one lock.

Each has a key in ``scripts.yml``: a script its path below the project root, a folder its path and a
slash, a module ``-m NAME``, followed by ``in FOLDER`` if that is not the project root.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from condavision.analysis.source.script_search import (
    ScriptSearch,
    SkippedFile,
    SkipReason,
    search_scripts,
)
from condavision.analysis.source.scripts import absent_path, module_file, script_file
from condavision.errors import AnalysisError, UsageError
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

READ_BY_TOOLS = frozenset({"conftest.py", "noxfile.py", "setup.py"})
"""Files that look like scripts, and that pytest, nox and installers read."""

_MODULE, _IN = "-m ", " in "


@dataclass(frozen=True, slots=True)
class Module:
    """A module that is run as ``python -m NAME`` in a folder, which heads its search path."""

    name: str
    folder: Path

    def __str__(self) -> str:
        return f"{_MODULE}{self.name}"


@dataclass(frozen=True, slots=True)
class Together:
    """The scripts of a folder, locked as one requirement set."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)


Target = Path | Module | Together


def scripts_together(
    folder: Together,
    root_of: Callable[[Path], Path],
    excludes: Callable[[Path], Sequence[str]],
    is_apart: Callable[[Path], bool],
) -> ScriptSearch:
    """Return the scripts and modules of a folder, less what pytest, nox and installers read.

    ``excludes`` returns the patterns of what the configuration of a folder leaves out. Scripts that
    ``is_apart`` are left out, unless all are.

    Those of another project are skipped; ``root_of`` returns the root of the project that a path
    belongs to. In the ``folders`` of the result a new file would be another script.

    Raises:
        AnalysisError: it has none.
    """
    found = search_scripts((folder.folder,), excludes=excludes)
    root = root_of(folder.folder)
    root_of_folder = {it: root_of(it) for it in found.folders}
    folders = tuple(it for it in found.folders if root_of_folder[it] == root)
    others = {it: None for it in root_of_folder.values() if it != root}

    def own(path: Path) -> bool:
        here = root_of(path) if path.is_symlink() else root_of_folder.get(path.parent, root)
        return here == root and path.name not in READ_BY_TOOLS

    scripts, modules = (tuple(filter(own, it)) for it in (found.scripts, found.modules))
    if not scripts and not modules:
        raise AnalysisError(
            f"no Python script in {folder}", "give another folder", diagnostics=found.skipped
        )
    scripts = tuple(it for it in scripts if not is_apart(it)) or scripts
    nested = (SkippedFile(near(it), SkipReason.OTHER_PROJECT) for it in others)
    return ScriptSearch(scripts, (*found.skipped, *nested), folders, found.ignores, modules)


def one_target(script: Target | None, module: str | None, together: Path | None = None) -> Target:
    """Return the one target that is given; a module is found from the current folder.

    Raises:
        UsageError: none is given, or several are.
    """
    found: list[Target | None] = [
        script,
        Module(module, Path.cwd()) if module else None,
        Together(together) if together else None,
    ]
    given = [target for target in found if target is not None]
    if len(given) != 1:
        raise UsageError(
            "give exactly one: a script, a module, or a folder to take together",
            "as in report.py, -m MODULE or --together FOLDER",
        )
    return given[0]


def named_target(path: Path) -> Target:
    """Return the target of a path: a folder that cannot be run is a shared one."""
    return Together(path) if path.is_dir() and script_file(path) == path else path


def require_target(target: Target) -> None:
    """Refuse a target that does not exist or has an invalid name.

    Raises:
        AnalysisError: the script or folder does not exist.
        UsageError: the name is not a valid module name.
    """
    if isinstance(target, Module):
        if not all(part.isidentifier() for part in target.name.split(".")):
            raise UsageError(
                f"`{target.name}` is not a module name",
                "write it as in an import: -m package.module",
            )
    elif isinstance(target, Together):
        if not target.folder.is_dir():
            what = "not a folder" if target.folder.exists() else "no such folder"
            raise AnalysisError(f"{target.folder}: {what}", "give a folder of scripts")
    elif not target.is_file() and not script_file(target).is_file():
        if not target.exists():
            raise absent_path(target)
        what = "a folder without __main__.py" if target.is_dir() else "not a regular file"
        raise AnalysisError(f"{target} is {what}, so it cannot be run", "give a script")


def typed(target: Target) -> str:
    """Return a target as shell words, for use after ``condavision lock``."""
    if isinstance(target, Module):
        return f"-m {target.name}"
    if isinstance(target, Together):
        return f"--together {shell_word(target.folder)}"
    return shell_word(target)


def plainly_typed(target: Target) -> str:
    """Return a target as shell words, for use after commands that have no `--together`."""
    return shell_word(target.folder) if isinstance(target, Together) else typed(target)


def real_of(target: Target) -> Path:
    """Return the real path of the file of a script, or of the folder of another target."""
    return (script_file(target) if isinstance(target, Path) else target.folder).resolve()


def place_of(target: Target) -> Path:
    """Return the real folder where the search for the target's project root starts."""
    return real_of(target).parent if isinstance(target, Path) else real_of(target)


def key_of(target: Target, root: Path, real: Callable[[Target], Path] = real_of) -> str:
    """Return the key of a target in the ``scripts.yml`` of a project root.

    ``real`` is :func:`real_of`, or remembers what that returned.

    Raises:
        ValueError: the target is not below the root.
    """
    if isinstance(target, Path):
        key = real(target).relative_to(root).as_posix()
        return f"./{key}" if key.startswith(_MODULE) else key
    folder = real(target).relative_to(root)
    if isinstance(target, Together):
        return _folder_key(PurePosixPath(folder.as_posix()))
    where = "" if folder == Path() else f"{_IN}{folder.as_posix()}"
    return f"{_MODULE}{target.name}{where}"


def folder_keys(key: str) -> tuple[str, ...]:
    """Return the keys of a script's folders, the nearest first; none for a module."""
    return () if key.startswith(_MODULE) else _folders_above(key.rpartition("/")[0])


@lru_cache(1_000)
def _folders_above(folder: str) -> tuple[str, ...]:
    return tuple(_folder_key(it) for it in (PurePosixPath(folder) / "_").parents)


def _folder_key(folder: PurePosixPath) -> str:
    return f"{folder.as_posix()}/"


def target_of(key: str, root: Path) -> Target:
    """Return the target of a key in ``scripts.yml``."""
    if key.startswith(_MODULE):
        name, _, folder = key.removeprefix(_MODULE).partition(_IN)
        return Module(name, root / folder)
    return Together(near(root / key)) if key.endswith("/") else near(root / key)


def is_module(key: str) -> bool:
    """Return whether a key in ``scripts.yml`` is a module's."""
    return key.startswith(_MODULE)


def keys_below(keys: Iterable[str], root: Path, folder: Path) -> Iterator[str]:
    """Yield those keys in ``scripts.yml`` whose targets are, or lie in, a folder of the project."""
    inside = folder.relative_to(root).as_posix()
    prefix = "" if inside == "." else f"{inside}/"
    for key in keys:
        where = key.partition(_IN)[2] if key.startswith(_MODULE) else key
        if f"{where}/".startswith(prefix):
            yield key


def file_of(module: Module, paths: Sequence[Path]) -> Path | None:
    """Return the real path of the file that a module is run from; None if it does not exist."""
    try:
        return module_file(module.name, [module.folder, *paths]).resolve()
    except AnalysisError:
        return None


def near(path: Path) -> Path:
    """Return a path relative to the current folder if that is shorter."""
    here, text = os.getcwd(), str(path)  # noqa: PTH109 - called for each of many scripts
    if ".." not in text and text.startswith(f"{here}{os.sep}"):
        return Path(text[len(here) + 1 :])
    return Path(os.path.relpath(path, here)) if path.is_relative_to(here) else path
