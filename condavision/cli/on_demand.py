"""What ``run`` and ``exec`` solve on demand: a missing lock, packages for one run."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.cli.output import note, print_diagnostics
from condavision.errors import MissingLockError, StaleLockError
from condavision.inference.lock_lookup import last_locked
from condavision.inference.runnable import locate_as_run, locate_to_run, runs_if_it_can
from condavision.inference.select import Named
from condavision.inference.workspace import Workspace
from condavision.locks.diff import compare
from condavision.project.targets import plainly_typed
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.core.model import Lock
    from condavision.project.targets import Target
    from condavision.system.progress import Progress


@contextmanager
def offering_lock(
    command: str,
    target: Target | None,
    workspace: Workspace,
    additions: Iterable[str],
    words: Iterable[str] = (),
) -> Iterator[None]:
    """Add to the hints of a lock that is missing or stale the command that locks it first.

    ``words`` follow the target. A hash, for which there is no target, cannot be locked, nor can
    what has an obstacle.
    """
    try:
        yield
    except (MissingLockError, StaleLockError) as error:
        if target is None or (isinstance(error, MissingLockError) and error.obstacle):
            raise
        options = (f"--with {shell_word(it)}" for it in additions)
        runs = runs_if_it_can(target, workspace)
        shown = " ".join([*options, plainly_typed(runs), *map(shell_word, words)])
        error.hints += (f"or do both: run `condavision {command} --lock {shown}`",)
        raise


def locked_first(target: Target, workspace: Workspace, progress: Progress) -> Workspace:
    """Lock a target that has no lock that fits; return the workspace to run it from.

    Raises:
        CondavisionError: it cannot be locked.
    """
    runs = runs_if_it_can(target, workspace)
    try:
        locate_to_run(target, runs, workspace)
    except (MissingLockError, StaleLockError):
        owner, channels = runs, workspace.flags.channels
        with suppress(MissingLockError):
            owner, channels = last_locked(runs, workspace)
    else:
        return workspace
    from condavision.compile_stage.stage import lock

    flags = replace(workspace.flags, channels=channels)
    report = lock(Named.of(owner), Workspace(flags), progress=progress)
    for _, error in report.failed:
        raise error
    for locked in report.locked:
        print_diagnostics(locked.diagnostics)
        note(f"condavision: locked {locked.inference.project.key} as {locked.lock.hash}")
    return Workspace(workspace.flags)  # what this one has read has changed


def locked_with(
    target: Target, additions: tuple[str, ...], workspace: Workspace, progress: Progress
) -> Lock | None:
    """Return a target's lock with packages added for one run; None if there are none to add.

    Raises:
        CondavisionError: it has no lock that fits, or no set of packages has both.
    """
    if not additions:
        return None
    from condavision.compile_stage.additions import lock_with

    located = locate_as_run(target, workspace)
    lock = lock_with(located, additions, workspace, progress)
    here = replace(located.lock, platforms=lock.platforms)
    moved = [it for it in compare(here, lock) if it.kind == "moved"]
    if moved:
        shown = ", ".join(f"{it.name} {it.before} -> {it.after}" for it in moved)
        progress.message(f"--with changes versions of the lock: {shown}")
    return lock
