"""Modules of packages that are programs: a search for scripts leaves out what packages have."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from condavision.analysis.source.scripts import module_name
from condavision.core.model import SourceLocation
from condavision.errors import CondavisionError
from condavision.inference.diagnostics import UnlockedPrograms
from condavision.inference.lock_lookup import is_recorded
from condavision.project.targets import READ_BY_TOOLS, Module, Together
from condavision.system.documents import DocumentError, read_toml
from condavision.system.files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target

_PROGRAM = re.compile(
    rb"""(?m)^(?:if[ \t(]+__name__[ \t]*==[ \t]*['"]__main__['"]|# /// script[ \t\r]*$)"""
)


def unlocked_programs(
    modules: Iterable[Path], targets: Iterable[Target], workspace: Workspace
) -> UnlockedPrograms | None:
    """Return the programs among modules of packages that nothing locks; None without any.

    What one of the targets reaches is a module of that. A package that is to be installed has none:
    its programs are started by the commands that the installation makes.
    """
    found = {it: line for it, line in _programs(modules, workspace) if not _locked(it, workspace)}
    if not found:
        return None
    reached = set(_reached(targets, workspace))
    places = {file: line for file, line in found.items() if workspace.real(file) not in reached}
    if not places:
        return None
    first = next(iter(places))
    return UnlockedPrograms(
        tuple(SourceLocation(_shown(file, workspace), line) for file, line in places.items()),
        workspace.lock_command(program(first, workspace)),
        workspace.config(workspace.place_of(first)).file,
    )


def first_program(modules: Iterable[Path], workspace: Workspace) -> Target | None:
    """Return the first program among modules of packages, None without any."""
    file, _ = next(_programs(modules, workspace), (None, 0))
    return None if file is None else program(file, workspace)


def program(file: Path, workspace: Workspace) -> Target:
    """Return the target of a program in a package: the module, where its name can be one."""
    name, folder = module_name(workspace.real(file))
    return Module(name, folder) if name else file


def _programs(modules: Iterable[Path], workspace: Workspace) -> Iterator[tuple[Path, int]]:
    """Yield the modules that are run, each with the line that shows it."""
    is_installed = cache(lambda folder: _is_installed(workspace.real(folder), workspace))
    for file in modules:
        if file.name in READ_BY_TOOLS or is_installed(file.parent):
            continue
        with suppress(OSError):
            content = read_file(file)
            mark = _PROGRAM.search(content)
            if mark is not None:
                yield file, content.count(b"\n", 0, mark.start()) + 1


def _is_installed(folder: Path, workspace: Workspace) -> bool:
    """Return whether a folder is in what is built and installed as a package."""
    root = workspace.settings.root_of(folder)
    upward = [it for it in (folder, *folder.parents) if it.is_relative_to(root)]
    return any((it / "setup.py").is_file() or _is_built(it / "pyproject.toml") for it in upward)


def _is_built(settings: Path) -> bool:
    with suppress(OSError, DocumentError):
        return "build-system" in read_toml(read_file(settings).decode("utf-8", "replace"))
    return False


def _reached(targets: Iterable[Target], workspace: Workspace) -> Iterator[Path]:
    """Yield the files that modules, and scripts that are locked together, consist of."""
    for target in targets:
        if isinstance(target, Together):
            with suppress(CondavisionError):
                yield from workspace.real_files(target)
        elif isinstance(target, Module):
            with suppress(CondavisionError):
                analysis = workspace.analysis(workspace.project(target))
                yield from (workspace.real(it.path) for it in analysis.files)


def _locked(file: Path, workspace: Workspace) -> bool:
    try:
        return is_recorded(file, workspace)
    except CondavisionError:  # of its project, which scripts there are reported with
        return True


def _shown(file: Path, workspace: Workspace) -> str:
    return workspace.key(file, workspace.settings.root_of(workspace.place_of(file)))
