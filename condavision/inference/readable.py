"""Targets that some Python can run: others are refused before anything is solved for them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from condavision.analysis.analyze import contradicting
from condavision.analysis.resolve.classify import intersection
from condavision.core.pythons import KNOWN
from condavision.errors import AnalysisError, CondavisionError
from condavision.inference.conclusions import ConcludedInference
from condavision.inference.ignored import ignored
from condavision.inference.recorded import recorded_reading
from condavision.locks.index import Reading
from condavision.project.targets import Together, typed
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from condavision.inference.inference import Inference
    from condavision.inference.workspace import Workspace
    from condavision.project.project import Project
    from condavision.project.targets import Target

_PLAIN = Reading()


def infer_readable(project: Project, workspace: Workspace, reading: Reading = _PLAIN) -> Inference:
    """Return what a target requires, if some Python can run it.

    Raises:
        AnalysisError: none can, or it cannot be read; of scripts that are read together the
            message has all that cannot be read by themselves.
        ConfigError: an override or a declared dependency is not a requirement.
    """
    together = project.target if isinstance(project.target, Together) else None
    try:
        inference = workspace.infer(project, reading)
        inference.require_runnable(workspace.require_readable)
    except AnalysisError as error:
        if together is None:
            raise
        refused = _of_scripts(project, together, workspace)
        raise refused or _apart(project, together, workspace, error) from error
    if together is not None and sys.version_info[:2] not in inference.analysis.python:
        refused = _of_scripts(project, together, workspace)  # no compiler has read these so far
        if refused is not None:
            raise refused
    return inference


def require_lockable(inference: Inference, workspace: Workspace) -> None:
    """Refuse what cannot be locked as it is, before anything is solved for it.

    Raises:
        UnknownImportError: the package of an import is not known, or has to be accepted.
        LockfileError: what is accepted cannot be read.
    """
    project = inference.project
    accepted = workspace.accepted_names(project)
    if not isinstance(inference, ConcludedInference):  # which all of this was asked of
        inference.require_known(workspace.import_map, ignored(project.target, workspace))
        inference.require_accepted(accepted, workspace.lock_command)


def obstacle(project: Project, workspace: Workspace) -> CondavisionError | None:
    """Return why a target cannot be locked as it is, None if nothing is known against that."""
    try:
        inference = infer_readable(project, workspace, recorded_reading(project, workspace))
        require_lockable(inference, workspace)
    except CondavisionError as error:
        return error
    return None


def _apart(
    project: Project, folder: Together, workspace: Workspace, error: AnalysisError
) -> AnalysisError:
    apart = f"to lock each script separately, run `condavision lock {typed(folder.folder)}`"
    hints = (*error.hints, apart)
    odd = _odd_ones(project, folder, workspace)
    if odd:
        command = " ".join([workspace.lock_command(folder), *map(shell_word, odd)])
        names = ", ".join(map(str, odd))
        hints = (*hints, f"or the others together, without {names}: run `{command}`")
    return AnalysisError(error.message, *hints, diagnostics=error.diagnostics)


def _odd_ones(project: Project, folder: Together, workspace: Workspace) -> list[Path]:
    """Return the fewest scripts without which some Python runs the others of a folder.

    Empty if no side of the contradiction can be left out. Of two sides, the older one is.
    """
    try:
        analysis = workspace.infer(project).analysis
    except AnalysisError:
        return []
    if analysis.python:  # refused for another reason
        return []
    reasons, root = analysis.reasons, project.config.root
    scripts = {workspace.key(it, root): it for it in workspace.together(folder).scripts}
    possible = []
    for side in contradicting(reasons):
        odd = {it.location.file for it in reasons if not it.pythons & side.pythons}
        left = intersection([it for it in reasons if it.location.file not in odd])
        if left and odd <= scripts.keys():
            possible.append((len(odd), KNOWN[-1] not in left, sorted(odd)))
    return [scripts[it] for it in min(possible)[-1]] if possible else []


def _without(scripts: Iterable[Target], project: Project, workspace: Workspace) -> str:
    """Return the hint to lock the others of a folder."""
    config = project.config
    files = (workspace.key(it, config.root) for it in scripts)
    return f"or lock the others without: set {config.file.adding('exclude', *files)}"


def _of_scripts(project: Project, folder: Together, workspace: Workspace) -> AnalysisError | None:
    """Return the errors that scripts of a folder have by themselves as one, None without any."""
    try:
        found = dict(_errors(folder, workspace))
    except AnalysisError:  # it has no scripts
        return None
    if not found:
        return None
    return AnalysisError(
        "\n".join(it.message for it in found.values()),
        *dict.fromkeys(hint for it in found.values() for hint in it.hints),
        _without(found, project, workspace),
    )


def _errors(folder: Together, workspace: Workspace) -> Iterator[tuple[Target, AnalysisError]]:
    for script in workspace.together(folder).scripts:
        if not script.stat().st_size:  # which may be empty here
            continue
        try:
            inference = workspace.infer(workspace.project(script))
            inference.require_runnable(workspace.require_readable)
        except AnalysisError as error:
            yield script, error
