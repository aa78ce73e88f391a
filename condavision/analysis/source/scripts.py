"""Which files are scripts, Python by name or by shebang, and which file a name runs."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.module_finder import Directories, find_module
from condavision.errors import AnalysisError, TargetKindError
from condavision.system.files import read_beginning
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUFFIXES = (".py", ".pyw", ".ipynb")
_DISTRIBUTION = re.compile(r"[A-Za-z0-9][\w-]*\Z", re.ASCII)
_ELSEWHERE = re.compile(r"-\Z|https?:/")  # standard input, and URLs, one slash short as paths
_ASIDE = frozenset({"__pycache__", "node_modules", "site-packages"})
_LOOKED_INTO = 300  # folders, for a file of the same name
_SHEBANG = re.compile(
    rb"\A#![^\n]*\b(?:python[\d.]*|condavision|(?:uv|pipx)[ \t]+run)(?:[ \t\r]|$)", re.MULTILINE
)


def has_shebang(path: Path) -> bool:
    """Return whether the first line of a file names Python."""
    try:
        return bool(_SHEBANG.match(read_beginning(path, 200)))
    except OSError:
        return False


def require_script(path: Path) -> None:
    """Refuse a file that nothing marks as Python, such as ``README.md``.

    Raises:
        TargetKindError: it has another suffix, and no shebang with Python.
    """
    named = any(it.suffix in SUFFIXES for it in (path, path.resolve()))
    if path.is_file() and not named and not has_shebang(path):
        raise TargetKindError(
            f"{path}: not a Python script: its name ends in none of {', '.join(SUFFIXES)}, and its"
            " first line names no Python",
            "if it is one, begin it with `#!/usr/bin/env python3`",
        )


def script_file(path: Path) -> Path:
    """Return the file that ``python path`` runs: the path, or ``__main__.py`` of a folder."""
    if os.path.isdir(path) and os.path.isfile(main := path / "__main__.py"):  # noqa: PTH112, PTH113
        return main
    return path


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
        if last is not None:
            raise AnalysisError(
                f"`{module}` is a package without __main__.py, so it cannot be run",
                f"give a module of it: `-m {module}.NAME`",
            )
        near = _similar_module(module, entries)
        raise AnalysisError(
            f"no module `{module}` in {where}",
            *([f"did you mean `-m {near}`?"] if near else []),
            "check the name, and the folder you are in",
            "a module of an installed package runs in the environment of a script: "
            f"$(condavision path --python YOUR-SCRIPT) -m {module}",
        )
    return last


def _similar_module(module: str, entries: Iterable[Path]) -> str:
    """Return the module there whose name is similar, part by part; empty if none is."""
    from difflib import get_close_matches  # noqa: PLC0415 - rarely needed

    parts = module.removesuffix(".py").split(".")
    for folder in entries:
        here, names = folder, list[str]()
        for part in parts:
            files = here.glob("*") if here.is_dir() else ()
            beside = {it.stem for it in files if it.suffix == ".py" or it.is_dir()}
            names += [part] if part in beside else get_close_matches(part, beside, n=1)
            here = here.joinpath(*names[-1:])
        if len(names) == len(parts) and ".".join(names) != module:
            return ".".join(names)
    return ""


def module_name(script: Path) -> tuple[str, Path]:
    """Return the module name of a script, empty if it has none, and the folder to run it in."""
    parts = [] if script.stem == "__main__" else [script.stem]
    folder = script.parent
    parts.insert(0, folder.name)  # a folder without __init__.py is a package too
    while (folder / "__init__.py").is_file() and (folder.parent / "__init__.py").is_file():
        folder = folder.parent
        parts.insert(0, folder.name)
    is_module = all(part.isidentifier() for part in parts)
    return ".".join(parts) if is_module else "", folder.parent


def absent_path(path: Path) -> AnalysisError:
    """Return the error for a path that does not exist; its hints have what may be meant.

    That is the same name in a folder below, or a similar one beside it.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - rarely needed

    try:
        beside = sorted(os.listdir(path.parent))  # noqa: PTH208 - names
    except OSError:
        beside = []
    stems = {it.partition(".")[0]: it for it in reversed(beside) if not it.startswith(".")}
    near = [stems[path.name]] if path.name in stems else _same_names(path)
    near = near or [stems[it] for it in get_close_matches(path.stem, stems, n=1)]
    hints = [f"did you mean {' or '.join(shell_word(path.parent / it) for it in near)}?"]
    if not near:
        is_elsewhere = _ELSEWHERE.match(str(path))
        hints = ["save it to a file, and give that" if is_elsewhere else "check the path"]
        if _DISTRIBUTION.match(str(path)):
            hints += [
                "give a script: the packages that it imports are locked and installed with it",
                f"to add one for a single run: `condavision run --with {path} YOUR-SCRIPT`",
            ]
    return AnalysisError(f"{path} does not exist", *hints)


def _same_names(path: Path) -> list[str]:
    """Return where files of the same name are in folders below, as far as is looked."""
    found: list[str] = []
    for folder, folders, files in islice(os.walk(path.parent), _LOOKED_INTO):
        folders[:] = sorted(it for it in folders if it[0] != "." and it not in _ASIDE)
        if path.name in files:
            found.append(os.path.relpath(os.path.join(folder, path.name), path.parent))  # noqa: PTH118
    return found[:3]
