"""``doctor``: looks at everything that a run depends on, and says how to mend what is wrong."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from condavision.errors import CondavisionError
from condavision.inference.workspace import Workspace
from condavision.inspection.doctor.cache import look_at_environments, look_at_home
from condavision.inspection.doctor.channels import look_at_channels, look_at_index
from condavision.inspection.doctor.finding import Finding, State
from condavision.inspection.doctor.installation import look_at_installation
from condavision.inspection.doctor.project import look_at_front_ends, look_at_locks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Finding", "State", "examine"]


def examine(folder: Path, home: Path, *, offline: bool = False) -> Iterator[Finding]:
    """Look at the installation, the cache ``home`` and the project of ``folder``.

    Nothing is changed, and with ``offline`` nothing is asked of the network. A thing that cannot be
    looked at is broken; nothing is raised for it.
    """
    yield from look_at_installation()
    yield from _guarded(home, look_at_home(home))
    yield from _guarded(home, look_at_environments(home))
    try:
        config = Workspace().config(folder)
    except CondavisionError as error:
        yield Finding.of_error("project", "configuration", error)
        return
    yield from _guarded(config.root, look_at_locks(config))
    yield from _guarded(config.root, look_at_front_ends(config.root))
    if not offline:
        yield from look_at_channels(config.channels, home)
        yield from look_at_index()


def _guarded(folder: Path, findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except OSError as error:
        found = f"{error.filename or folder} cannot be looked at: {error.strerror or error}"
        mend = f"see who may read it: ls -ld {shlex.quote(str(error.filename or folder))}"
        yield Finding("files", folder.name, State.BROKEN, found, mend)
