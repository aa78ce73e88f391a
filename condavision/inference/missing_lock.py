"""The error for a target without a lock: why it has none, and what to run next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.scripts import module_file, require_script, script_file
from condavision.errors import MissingLockError
from condavision.inference.ignored import ignored
from condavision.inference.readable import obstacle
from condavision.project.targets import Module, Together, near, typed
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.errors import CondavisionError, Diagnostic
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


def missing(target: Target, workspace: Workspace) -> MissingLockError:
    """Return the error for a target without a lock.

    Raises:
        UsageError: it is a file that is no script.
        AnalysisError: it is a module that does not exist.
    """
    if isinstance(target, Path):
        require_script(script_file(target))
    if isinstance(target, Module):
        module_file(target.name, [target.folder, *workspace.config(target.folder).paths])
    command = workspace.lock_command(target)
    diagnostics = ignored(target, workspace)
    known = obstacle(workspace.project(target), workspace)
    if isinstance(target, Together):
        scripts = workspace.together(target).scripts
        again = "give one of them: run `condavision COMMAND {}`"
        one = [again.format(shell_word(near(it))) for it in scripts[:1]]
        apart = f"the scripts of {target.folder} are not locked together"
        if known is not None:
            return _blocked(apart, "as they are", one, diagnostics, known)
        joined = f"{'or ' if one else ''}lock them together: run `{command}`"
        return MissingLockError(apart, *one, joined, diagnostics=diagnostics)
    where = f" in {target.folder}" if isinstance(target, Module) else ""
    message, hint = f"{target} has no lock{where}", f"run `{command}`"
    user = workspace.locked_user(target)
    hints = []
    if user is not None:
        hints = [f"it is a module of {user}: run `condavision COMMAND {typed(user)}`"]
        hint = f"or for a lock of its own, {hint}"
    if known is not None:
        return _blocked(message, "locked as it is", hints, diagnostics, known)
    return MissingLockError(message, *hints, hint, diagnostics=diagnostics, never_locked=True)


def _blocked(
    message: str,
    how: str,
    hints: Iterable[str],
    diagnostics: Iterable[Diagnostic],
    known: CondavisionError,
) -> MissingLockError:
    """Return the error for a target without a lock that cannot be locked as it is."""
    return MissingLockError(
        f"{message}, and cannot be {how}: {known.message}",
        *hints,
        *known.hints,
        diagnostics=dict.fromkeys((*diagnostics, *known.diagnostics)),
        obstacle=known,
    )
