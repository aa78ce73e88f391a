"""Finding the scripts in folders: outside environments, caches, builds and tests."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from condavision.analysis.source.ignored import Ignored, no_patterns
from condavision.analysis.source.scripts import SUFFIXES, absent_path, has_shebang, script_file
from condavision.errors import Diagnostic
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_Item = TypeVar("_Item")

EXCLUDED = frozenset(
    {
        ".bzr", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pixi",
        ".pytest_cache", ".ruff_cache", ".svn", ".tox", "__pycache__", "build", "dist",
        "node_modules", "site-packages",
    }
)  # fmt: skip
"""Folders of version control, tools, builds and environments."""
_FOREIGN_MARKS = frozenset({"CACHEDIR.TAG", "conda-meta", "pyvenv.cfg"})
"""What only caches and environments hold."""
_LOCKS = frozenset({"scripts.yml", ".local"})
"""What only a folder of locks holds; a user's package may be called `locks`, and hold them too."""
_ASIDE = frozenset(
    {
        "_vendor", "extern", "test", "testing", "tests", "third_party", "thirdparty", "vendor",
        "vendored",
    }
)  # fmt: skip
"""Folders in a package that are not its own code: tests, and copies of others."""
_TEST_FILE = re.compile(r"(?:tests?|conftest|test_.*|.*_tests?)\.py\Z")
_APPLE_DOUBLE = "._"
"""What names begin with that macOS puts beside files on other file systems (RFC 1740)."""


class SkipReason(StrEnum):
    """Why a file or folder was skipped."""

    EMPTY = "empty"
    BROKEN_LINK = "broken-link"
    UNREADABLE = "unreadable"
    UNLISTED = "unlisted"
    """A folder whose files cannot be listed."""
    OTHER_PROJECT = "other-project"
    """The root of a project in a folder that is locked together."""


@dataclass(frozen=True, slots=True)
class SkippedFile(Diagnostic):
    """A file or folder in a named folder that was skipped; ``detail`` is the system's message."""

    path: Path
    reason: SkipReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ScriptSearch:
    """The scripts in what was named, and what was skipped there.

    ``folders`` were searched; ``ignores`` are the ``.gitignore`` files that counted. ``modules``
    are the files in packages there, less what tests them. Scripts in folders may be ``empty``.
    """

    scripts: tuple[Path, ...]
    skipped: tuple[SkippedFile, ...]
    folders: tuple[Path, ...] = ()
    ignores: tuple[Path, ...] = ()
    modules: tuple[Path, ...] = ()
    empty: tuple[Path, ...] = ()


def search_scripts(
    paths: Iterable[Path],
    *,
    modules: bool = False,
    excludes: Callable[[Path], Sequence[str]] = no_patterns,
) -> ScriptSearch:
    """Find the scripts that are named, and those in the folders that are named, in order.

    Folders of virtual and conda environments, caches, builds and version control are left out; a
    directory loop ends. A folder with a ``__main__.py`` is one script. In other packages nothing is
    a script; with ``modules``, every Python file is. What ``.gitignore`` files name is left out of
    folders, and the patterns, as in those, that ``excludes`` returns for a folder.

    Raises:
        AnalysisError: a path does not exist.
    """
    parts: list[ScriptSearch] = []
    for path in paths:
        if not path.exists():
            raise absent_path(path)
        main = script_file(path)
        if not path.is_dir() or (main != path and not modules):
            parts.append(ScriptSearch((main,), (), (path,) if path.is_dir() else ()))
            continue
        parts.append(_search(path, Ignored(excludes).below(path), modules=modules))
    return ScriptSearch(
        _distinct(it.scripts for it in parts),
        _distinct(it.skipped for it in parts),
        _distinct(it.folders for it in parts),
        _distinct(it.ignores for it in parts),
        _distinct(it.modules for it in parts),
        _distinct(it.empty for it in parts),
    )


def would_find(
    file: Path, root: Path, excludes: Callable[[Path], Sequence[str]] = no_patterns
) -> bool:
    """Return whether the name and place of a file below a root let ``search_scripts`` find it."""
    folders = file.relative_to(root).parts[:-1]
    named = file.suffix in SUFFIXES and EXCLUDED.isdisjoint(folders)
    return named and not Ignored(excludes).leaves_out(file)


def _distinct(groups: Iterable[Iterable[_Item]]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def _search(folder: Path, ignored: Ignored, *, modules: bool) -> ScriptSearch:
    found: list[Path] = []
    skipped: list[SkippedFile] = []
    folders: list[Path] = []
    ignores: list[Path] = []
    inner: list[Path] = []
    empty: list[Path] = []
    links: set[Path] = set()
    failed: list[OSError] = []
    for here, files, rules in _walked(folder, ignored, failed.append):
        folders.append(here)
        place = here.absolute()
        ignores += rules.files
        package = "__init__.py" in files and not modules
        for name in sorted(files):
            suffix = os.path.splitext(name)[1]  # noqa: PTH122 - of many
            if (suffix and suffix not in SUFFIXES) or rules.has(f"{place}{os.sep}{name}"):
                continue
            path = here / name
            try:
                status = os.lstat(path)
                if stat.S_ISLNK(status.st_mode):
                    links.add(path)
                    status = path.stat()
            except OSError as error:
                if suffix and name[0] != ".":
                    skipped.append(_unreadable(path, error))
                continue
            if not stat.S_ISREG(status.st_mode) or not (suffix or has_shebang(path)):
                continue
            if not package or name == "__main__.py":
                found.append(path)
                empty += () if status.st_size else (path,)
            elif "{" not in name and not _tests(path.relative_to(folder)):
                inner.append(path)
    skipped += (
        SkippedFile(Path(it.filename), SkipReason.UNLISTED, it.strerror or "") for it in failed
    )
    if links and not modules:  # another name of a script that is there is not another script
        real = {os.path.realpath(it) for it in found if it not in links}
        found = [it for it in found if it not in links or os.path.realpath(it) not in real]
    scripts, inside = (tuple(sorted(it)) for it in (found, inner))
    ignoring, without = tuple(ignores), tuple(empty)
    return ScriptSearch(scripts, tuple(skipped), tuple(folders), ignoring, inside, without)


def _tests(path: Path) -> bool:
    """Return whether a module of a package tests it, or is a copy of somebody else's."""
    return bool(_TEST_FILE.match(path.name)) or not _ASIDE.isdisjoint(path.parts[:-1])


def _unreadable(path: Path, error: OSError) -> SkippedFile:
    reason = SkipReason.BROKEN_LINK if path.is_symlink() else SkipReason.UNREADABLE
    return SkippedFile(path, reason, error.strerror or "")


def _walked(
    folder: Path, ignored: Ignored, failed: Callable[[OSError], object]
) -> Iterator[tuple[Path, list[str], Ignored]]:
    """Yield the folders of a project with their files and rules; pass unlisted ones to ``failed``.

    The cache of condavision itself is not among them, nor are folders of locks, a conda package and
    an environment, wherever they lie.
    """
    visited = {_identity(str(home()))}
    rules = {str(folder): ignored}
    for parent, folders, files in os.walk(folder, onerror=failed, followlinks=True):
        identity = _identity(parent)
        here = Path(parent)
        is_top = here == folder
        if not is_top and (identity in visited or _is_foreign(here, {*folders, *files})):
            folders.clear()
            continue
        visited.add(identity)
        own = rules.pop(parent).within(here, files)
        folders[:] = sorted(
            name
            for name in folders
            if name not in EXCLUDED and not own.has(str(here.absolute() / name), folder=True)
        )
        rules |= {os.path.join(parent, name): own for name in folders}  # noqa: PTH118 - as walk does
        yield here, [it for it in files if not it.startswith(_APPLE_DOUBLE)], own


def _identity(folder: str) -> tuple[int, int]:
    """Return what makes two paths one directory; -1 of one that is not there."""
    try:
        status = os.stat(folder)  # noqa: PTH116 - paths are strings here
    except OSError:
        return (-1, -1)
    return (status.st_dev, status.st_ino)


def _is_foreign(folder: Path, names: set[str]) -> bool:
    """Return whether a folder is an environment, a marked cache, locks, or a conda package."""
    if names & _FOREIGN_MARKS:
        return True
    if names & _LOCKS and all(name.endswith(".yml") or name[0] == "." for name in names):
        return True
    return "info" in names and (folder / "info" / "index.json").is_file()
