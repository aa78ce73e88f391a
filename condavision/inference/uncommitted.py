"""Locks that no version control has, so that CI finds none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.model import INTERPRETERS
from condavision.inference.diagnostics import LocksOfOneMachine
from condavision.locks.index import read_index
from condavision.project.config import LOCAL
from condavision.project.settings_files import SettingsFiles

if TYPE_CHECKING:
    from pathlib import Path


def locks_of_one_machine(folder: Path) -> tuple[LocksOfOneMachine, ...]:
    """Return what in the project of a folder is locked, or will be, for this machine only.

    Raises:
        ConfigError: the configuration is wrong.
        LockfileError: a ``scripts.yml`` is damaged.
    """
    config = SettingsFiles().config(folder)
    if config.source and INTERPRETERS in config.channels:
        return (LocksOfOneMachine(config.source, configured=True),)
    local = config.locks / LOCAL
    if read_index(local).entries.keys() - read_index(config.locks).entries.keys():
        return (LocksOfOneMachine(local, configured=False),)
    return ()
