"""The script's own modules that a misspelt import may mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.source.module_finder import Directories
from condavision.core.model import OwnModule
from condavision.core.origin import OriginRule
from condavision.mapping.similar_names import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from condavision.core.model import Analysis, Import
    from condavision.project.config import Config

_LACKING = (OriginRule.PARTIAL, OriginRule.RELATIVE_PARTIAL, OriginRule.RELATIVE_MISSING)
_MAKES_NAMES = re.compile(
    rb"import\s*\*|__getattr__|__path__|\bglobals\b|\bvars\b|sys\.modules|exec"
)


def meant_module(imported: Import, analysis: Analysis, config: Config) -> OwnModule | None:
    """Return the module of a similar name that is where the script's modules are looked for.

    That is None where none is similar, and where what is imported is there.
    """
    start = analysis.script.absolute().parent
    folders = dict.fromkeys((start, *config.paths, *analysis.paths, config.root))
    names = (imported.name, *(f"{imported.name}.{it}" for it in imported.members))
    found = (_similar(it.split("."), [it.as_posix() for it in folders]) for it in names)
    name, path = next(filter(None, found), ("", ""))
    shown = path.removeprefix(f"{config.root.as_posix().rstrip('/')}/")
    return OwnModule(name, shown) if name else None


def failing_imports(
    analysis: Analysis, content: Callable[[Path], bytes | None]
) -> Iterator[Import]:
    """Yield the imports of modules that a local package surely does not have.

    Names that are imported from a package count unless its ``__init__.py`` may bind them;
    ``content`` reads it.
    """
    packages = {it.module: it.path for it in analysis.files if it.path.name == "__init__.py"}
    for imported in analysis.imports:
        package = packages.get(imported.name) if imported.members else None
        if imported.reason.rule in _LACKING or (
            package is not None and _lacks(package, imported.members, content)
        ):
            yield imported


def _lacks(init: Path, members: Iterable[str], content: Callable[[Path], bytes | None]) -> bool:
    beside = Directories()[init.parent.as_posix()].modules
    absent = [it.encode() for it in members if it not in beside]
    text = (content(init) or b"") if absent else b""
    return any(it not in text for it in absent) and not _MAKES_NAMES.search(text)


def _similar(parts: Sequence[str], folders: Iterable[str]) -> tuple[str, str] | None:
    """Return the dotted name and the path of what is most similar, part by part."""
    directories = Directories()
    names, path = [], ""
    for part in parts:
        here: dict[str, str] = {}
        for folder in folders:
            for name, found in _modules(folder, directories):
                here.setdefault(name, found)
        name = part if part in here else next(iter(nearest(part, here, 1)), "")
        if not name:
            return None
        names.append(name)
        path, folders = here[name], [here[name]]
    return None if names == list(parts) else (".".join(names), path)


def _modules(folder: str, directories: Directories) -> Iterable[tuple[str, str]]:
    """Yield the modules and packages in a folder, each with its path."""
    for name, is_folder in sorted(directories[folder].items()):
        path = f"{folder}/{name}"
        if is_folder and directories.has_modules(path):
            yield name, path
        elif name.endswith(".py"):
            yield name.removesuffix(".py"), path
