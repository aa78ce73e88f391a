"""Whether the locks of a project can be read and fit their scripts, and which have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.channels import is_local
from condavision.errors import CondavisionError
from condavision.inference.lock_lookup import is_recorded
from condavision.inference.select import Named, select_targets
from condavision.inference.workspace import Workspace
from condavision.inspection.check import check_targets
from condavision.inspection.doctor.finding import Finding, State
from condavision.locks.folder import Gone, gone_scripts, unused_locks
from condavision.locks.index import read_index
from condavision.locks.lockfile import read_lock
from condavision.project.config import LOCAL, Flags
from condavision.project.targets import near, target_of
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from condavision.inspection.doctor.finding import Subject
    from condavision.project.config import Config
    from condavision.project.targets import Target

_AREA = "project"
_GONE = {Gone.ABSENT: "deleted", Gone.EXCLUDED: "excluded"}


def check_locks(subject: Subject) -> Iterator[Finding]:
    """Yield each lock that is damaged, stale or unused, and how many are valid or missing."""
    config = subject.config
    for folder in (config.locks, config.locks / LOCAL):
        if folder.is_dir():
            yield from _folder(folder, config)
    if config.source is not None or config.locks.is_dir():  # else it may be a home folder
        yield from _unlocked(config)


def _unlocked(config: Config) -> Iterator[Finding]:
    workspace, root = Workspace(Flags(locks=config.locks)), near(config.root)
    try:
        targets = select_targets(Named((root,)), workspace, gone=True).targets
        without = sum(not is_recorded(it, workspace) for it in targets)
    except CondavisionError:  # it has no scripts, or is reported above
        return
    if without:
        each = "; each machine makes those of `interpreters:`" if is_local(config.channels) else ""
        found = f"{without} of {len(targets)} have no lock{each}"
        yield Finding(
            _AREA, "scripts", State.WARNING, found, f"condavision lock {shell_word(root)}"
        )


def _folder(folder: Path, config: Config) -> Iterator[Finding]:
    try:
        index, unused = read_index(folder), unused_locks(folder)
    except CondavisionError as error:
        yield Finding.of_error(_AREA, folder.name, error)
        return
    for name in unused:
        found, fix = "a lock that no script uses", "condavision lock --prune"
        yield Finding(_AREA, name, State.WARNING, found, fix)
    for path in sorted(folder.glob("*.conda-lock.yml")):
        try:
            read_lock(path)
        except CondavisionError as error:
            yield Finding.of_error(_AREA, path.name.partition(".")[0], error)
    gone = gone_scripts(index, config)
    for key, why in gone.items():
        found, fix = f"{_GONE[why]}, but still has a lock", "condavision lock --prune"
        yield Finding(_AREA, key, State.WARNING, found, fix)
    targets = [target_of(key, config.root) for key in index.entries if key not in gone]
    yield from _staleness(folder, targets, config)


def _staleness(folder: Path, targets: list[Target], config: Config) -> Iterator[Finding]:
    checked = check_targets(targets, Workspace(Flags(locks=config.locks))).checked
    for one in checked:
        if one.error is not None:
            yield Finding.of_error(_AREA, one.script, one.error)
        elif one.code:
            found = "its lock is stale"
            yield Finding(_AREA, one.script, State.BROKEN, found, one.command, one.reasons)
    if not checked:
        return
    name = folder.relative_to(config.locks.parent).as_posix()
    fit = sum(one.code == 0 for one in checked)
    found = f"{fit} of {len(checked)} scripts fit their locks"
    if fit == len(checked):
        yield Finding(_AREA, name, State.OK, found)
    else:
        yield Finding(_AREA, name, State.WARNING, found, "condavision check")
