"""Which of the files in a folder are scripts, and which are only modules of other scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.analysis import analyze, find_scripts, new_reader
from condavision.errors import CondavisionError
from condavision.reading import Flags, open_project, python_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from condavision.analysis import Reader

__all__ = ["select_scripts"]

_READ_BY_TOOLS = frozenset({"conftest.py", "noxfile.py", "setup.py"})
_SCRIPT_MARKS = (b"#!", b"__main__", b"# /// script", b"# conda execute")


def select_scripts(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the scripts that are named, and those in the folders that are named.

    A file in a folder that another script there imports is a module of that script, unless
    something in it says that it is run as well: a shebang, ``__main__``, a metadata block. Files
    that pytest, nox and installers read are theirs.

    Raises:
        AnalysisError: a path does not exist, or a folder holds no script.
    """
    paths = tuple(paths)
    found = tuple(
        script
        for script in find_scripts(paths)
        if script in paths or script.name not in _READ_BY_TOOLS
    )
    if all(script in paths for script in found):
        return found
    readers: dict[Path, Reader] = {}
    modules = {module for script in found for module in _modules_of(script, readers)}
    return tuple(
        script
        for script in found
        if script in paths or script.resolve() not in modules or _is_run(script)
    )


def _modules_of(script: Path, readers: dict[Path, Reader]) -> tuple[Path, ...]:
    try:
        config = open_project(script, Flags()).config
        if config.root not in readers:
            readers[config.root] = new_reader(config.root)
        analysis = analyze(
            script,
            root=config.root,
            paths=config.paths,
            pythonpath=python_path(),
            reader=readers[config.root],
        )
    except CondavisionError:  # it is told when the script itself is looked at
        return ()
    return tuple(source.path.resolve() for source in analysis.files[1:])


def _is_run(script: Path) -> bool:
    content = script.read_bytes()
    return any(mark in content for mark in _SCRIPT_MARKS)
