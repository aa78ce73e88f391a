"""What a person should know about a target though it can be locked and run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.facts.syntax_check import is_refused
from condavision.analysis.resolve.resolver import UNSEARCHED
from condavision.analysis.source.scripts import search_scripts
from condavision.core.model import ImportKind
from condavision.project.targets import Together, near

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.core.model import SourceLocation
    from condavision.inference.infer import Inference
    from condavision.inference.workspace import Workspace

__all__ = ["cautions_of"]

_MAY_FAIL = frozenset({ImportKind.OPTIONAL, ImportKind.FALLBACK, ImportKind.TYPING})


def cautions_of(inference: Inference, workspace: Workspace) -> tuple[str, ...]:
    """Return one sentence for each thing that is likely not meant."""
    target = inference.project.target
    unseen = search_scripts((target.folder,)).left_out if isinstance(target, Together) else ()
    return (
        *workspace.unused_configuration(target),
        *_missing_paths(inference),
        *_strangers(inference),
        *unseen,
        *_unread(inference),
        *_relative_imports(inference),
        *_unsearched(inference),
    )


def _strangers(inference: Inference) -> Iterator[str]:
    """Yield each module that may as well be a file of one's own, not where it is sought."""
    for found in inference.resolutions:
        if found.sole and found.installed and found.requirement is not None:
            module, name = found.module.partition(".")[0], found.requirement.name
            yield (
                f"{found.imported.location}: `{module}` is taken for {name}, which alone on PyPI"
                " has such a module; if it is one of your own, put its folder into `paths`; if"
                f' not, say so: [imports] {module} = "pypi:{name}"'
            )


def _missing_paths(inference: Inference) -> Iterator[str]:
    config = inference.project.config
    for path in config.paths:
        if not path.is_dir():
            yield f"{near(config.source or config.root)}: `paths` names {near(path)}, no folder"


def _unread(inference: Inference) -> Iterator[str]:
    """Yield each file with lines that neither the parser nor Python takes: once, at the first."""
    first: dict[str, SourceLocation] = {}
    for region in inference.analysis.unread:
        first.setdefault(region.location.file.partition(":cell ")[0], region.location)
    for file, location in first.items():
        if is_refused(inference.project.config.root / file, inference.analysis.python):
            yield f"{location}: not read as Python; what it imports there may not be in the lock"


def _relative_imports(inference: Inference) -> Iterator[str]:
    """Yield what Python says of a relative import in a file that is run by its path."""
    if not isinstance(inference.project.target, Path):
        return
    script = inference.analysis.files[0].path
    root = inference.project.config.root.as_posix().rstrip("/")
    shown = script.as_posix().removeprefix(f"{root}/")
    for imported in inference.analysis.imports:
        is_relative = imported.why.startswith("relative import")
        if is_relative and imported.location.file == shown and imported.kind not in _MAY_FAIL:
            yield (
                f"{imported.location}: a script has no package, so this relative import fails when"
                f" it is run by its path{_advice(script)}"
            )
            return


def _unsearched(inference: Inference) -> Iterator[str]:
    """Yield the first module in each folder of the project that Python will not look into."""
    if isinstance(inference.project.target, Together):
        return
    told = set()
    for imported in inference.analysis.imports:
        _, unsearched, folder = imported.why.partition(f"{UNSEARCHED} ")
        if unsearched and folder not in told and imported.kind not in _MAY_FAIL:
            told.add(folder)
            yield (
                f"{imported.location}: Python will not find `{imported.name}`, which lies in"
                f' {folder}: add "{folder}" to `paths` in condavision.toml, or to PYTHONPATH'
            )


def _advice(script: Path) -> str:
    module, folder = _as_module(script)
    if not all(part.isidentifier() for part in module.split(".")):
        return ""
    where = "" if folder == Path.cwd() else f" in {near(folder)}"
    return f": use -m {module}{where}"


def _as_module(script: Path) -> tuple[str, Path]:
    """Return the name by which a script is a module, and the folder in which it is that."""
    parts = [] if script.stem == "__main__" else [script.stem]
    folder = script.parent
    parts.insert(0, folder.name)  # a folder without __init__.py is a package too
    while (folder / "__init__.py").is_file() and (folder.parent / "__init__.py").is_file():
        folder = folder.parent
        parts.insert(0, folder.name)
    return ".".join(parts), folder.parent
