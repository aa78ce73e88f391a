"""Find likely mistakes in a target that can nevertheless be locked and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.analysis.facts.syntax_check import is_refused
from condavision.core.origin import OriginRule
from condavision.core.pythons import PythonRange
from condavision.errors import CondavisionError
from condavision.inference.conclusions import ConcludedInference
from condavision.inference.diagnostics import (
    AbsentPart,
    CandidateName,
    ContradictedReason,
    HeldBack,
    IgnoredDeclaration,
    MissingSearchPath,
    MisspeltModule,
    NotDeclared,
    OutsideSearchPath,
    RelativeImport,
    ShadowsItself,
    UnreadFile,
)
from condavision.inference.ignored import ignored
from condavision.inference.own_modules import failing_imports, own_search, similar_module
from condavision.inference.relative_imports import MAY_FAIL, module_of, relative_import
from condavision.locks.index import Reading
from condavision.project.targets import Together
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.core.model import PythonReason, SourceLocation
    from condavision.errors import Diagnostic
    from condavision.inference.inference import Inference
    from condavision.inference.workspace import Workspace


def diagnose(
    inference: Inference, workspace: Workspace, *, runnable: bool = False
) -> tuple[Diagnostic, ...]:
    """Return a value for each likely mistake.

    If there is none in the sources, and the target is known to be ``runnable``, later commands need
    not look into them again.
    """
    concluded = isinstance(inference, ConcludedInference)  # which nothing with mistakes is
    mistakes = () if concluded else _mistakes(inference, workspace)
    if runnable and not mistakes:
        workspace.conclude(inference)
    mistakes = tuple(it for it in mistakes if not _runs_as_module(it, inference, workspace))
    return (
        *ignored(inference.project.target, workspace),
        *_missing_paths(inference),
        *map(IgnoredDeclaration, workspace.settings.ignored(inference.project.config.root)),
        *mistakes,
    )


def _mistakes(inference: Inference, workspace: Workspace) -> tuple[Diagnostic, ...]:
    """Return the likely mistakes in the sources of a target; nothing but those decides."""
    return (
        *_absent_parts(inference),
        *_misspelt(inference, workspace),
        *_candidates(inference, workspace),
        *(inference.together.skipped if inference.together else ()),
        *_unread(inference, workspace),
        *map(IgnoredDeclaration, inference.analysis.metadata.ignored),
        *_contradicted(inference),
        *held_back(inference, workspace),
        *_not_declared(inference),
        *_shadows(inference),
        *filter(None, [relative_import(inference.project, inference.analysis)]),
        *_unsearched(inference),
    )


def _runs_as_module(found: Diagnostic, inference: Inference, workspace: Workspace) -> bool:
    """Return whether this is a relative import, and the script can run as a module instead."""
    module = module_of(found) if isinstance(found, RelativeImport) else None
    if module is None:
        return False
    try:
        config = inference.project.config
        project = workspace.project(module, config.flag_channels)
        reading = Reading(floor=config.lowered_floor)
        return workspace.infer(project, reading).hash == inference.hash
    except CondavisionError:  # it cannot be run so
        return False


def _missing_paths(inference: Inference) -> Iterator[MissingSearchPath]:
    config = inference.project.config
    for path in config.paths:
        if not path.is_dir():
            yield MissingSearchPath(config.source or config.root, path)


def _absent_parts(inference: Inference) -> Iterator[AbsentPart]:
    for found in inference.resolutions:
        if found.refused and found.installed:
            reason = found.imported.reason
            yield AbsentPart(found.imported.location, found.module, reason.subject)


def _misspelt(inference: Inference, workspace: Workspace) -> Iterator[MisspeltModule]:
    """Yield the first import that fails of each module that is misspelt."""
    analysis, config = inference.analysis, inference.project.config
    seen = set()
    for imported in failing_imports(analysis, workspace.content):
        elsewhere = imported.platforms or imported.pythons is not None
        if imported.kind in MAY_FAIL or elsewhere or imported.name in seen:
            continue
        seen.add(imported.name)
        meant = similar_module(own_search(imported, analysis, config))
        if meant is not None:
            yield MisspeltModule(imported.location, meant)


def _candidates(inference: Inference, workspace: Workspace) -> Iterator[CandidateName]:
    project = inference.project
    everything = project.config.solve.allow_unverified
    for it in inference.candidates:
        accepted = everything or it.distribution in workspace.accepted_names(project)
        yield CandidateName(it.location, it.module, it.distribution, accepted)


def _unread(inference: Inference, workspace: Workspace) -> Iterator[UnreadFile]:
    """Yield each file with lines that neither the parser nor Python accepts, once, at the first."""
    first: dict[str, SourceLocation] = {}
    for region in inference.analysis.unread:
        first.setdefault(region.location.file.partition(":cell ")[0], region.location)
    for file, location in first.items():
        path = inference.project.config.root / file
        if is_refused(workspace.content(path), inference.analysis.python, str(path)):
            yield UnreadFile(location)


def _contradicted(inference: Inference) -> Iterator[ContradictedReason]:
    for reason in inference.analysis.contradicted:
        yield ContradictedReason(reason, inference.analysis.python)


def held_back(inference: Inference, workspace: Workspace) -> Iterator[HeldBack]:
    """Yield what takes a folder's scripts to old Pythons, if some could be locked without it."""
    if inference.together is None:
        return
    config, pythons = inference.project.config, inference.analysis.python
    recent = PythonRange.at_least(*config.python_floor)
    first: dict[str, PythonReason] = {}
    for reason in inference.analysis.reasons if not pythons & recent else ():
        if not reason.pythons & recent:
            first.setdefault(reason.location.file, reason)
    imported = {it.reason.subject for it in inference.analysis.imports}
    keys = {workspace.key(it, config.root): it for it in inference.together.scripts}
    scripts = {key: it for key, it in keys.items() if key not in imported}
    if first and scripts.keys() - first.keys():
        odd = [scripts[it] for it in sorted(first)] if first.keys() <= scripts.keys() else []
        together = workspace.lock_command(inference.project.target)
        words = [together, *map(shell_word, odd)] if odd else []
        reasons, floor = tuple(first.values()), config.python_floor
        yield HeldBack(reasons, pythons, floor, len(scripts), " ".join(words))


def _not_declared(inference: Inference) -> Iterator[NotDeclared]:
    """Yield each package that calls of a declared one need, once."""
    seen = set()
    for found in inference.resolutions:
        if found.left_to_declared and found.requirement is not None:
            package = found.requirement.name
            if package not in seen:
                seen.add(package)
                imported = found.imported
                yield NotDeclared(imported.location, imported.implied_by, package)


def _shadows(inference: Inference) -> Iterator[ShadowsItself]:
    for imported in inference.analysis.imports:
        reason = imported.reason
        if reason.rule is OriginRule.ITSELF and imported.kind not in MAY_FAIL:
            yield ShadowsItself(imported.location, imported.name, reason.subject)


def _unsearched(inference: Inference) -> Iterator[OutsideSearchPath]:
    """Yield the first module in each folder of the project that Python does not search."""
    if isinstance(inference.project.target, Together):
        return
    seen = set()
    for imported in inference.analysis.imports:
        folder = imported.reason.unsearched
        if folder is not None and folder not in seen and imported.kind not in MAY_FAIL:
            seen.add(folder)
            settings = inference.project.config.file
            yield OutsideSearchPath(imported.location, imported.name, folder, settings)
