"""``doctor``: examine everything that a run depends on, and report how to fix what is wrong.

A check is one function in one file, and one row of :data:`CHECKS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.errors import CondavisionError
from condavision.inference.workspace import Workspace
from condavision.inspection.doctor.cache_folder import check_cache_folder
from condavision.inspection.doctor.channels import check_channels
from condavision.inspection.doctor.command import check_command
from condavision.inspection.doctor.configuration import check_configuration
from condavision.inspection.doctor.editor import check_editor
from condavision.inspection.doctor.environments import check_environments
from condavision.inspection.doctor.finding import Finding, State, Subject
from condavision.inspection.doctor.front_ends import check_front_ends
from condavision.inspection.doctor.installation import check_installation
from condavision.inspection.doctor.locks import check_locks
from condavision.inspection.doctor.package_index import check_package_index
from condavision.project.config import Config
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Check:
    """A check, and whether it depends on the project's configuration and on the network."""

    look: Callable[[Subject], Iterator[Finding]]
    project: bool = False
    network: bool = False


CHECKS = (
    Check(check_installation),
    Check(check_command),
    Check(check_cache_folder),
    Check(check_environments),
    Check(check_configuration),
    Check(check_locks, project=True),
    Check(check_front_ends, project=True),
    Check(check_editor, project=True),
    Check(check_channels, project=True, network=True),
    Check(check_package_index, project=True, network=True),
)
"""Every check, in the order of the report."""


def examine(folder: Path, home: Path, *, offline: bool, deep: bool = False) -> Iterator[Finding]:
    """Examine the installation, the cache ``home`` and the project of ``folder``.

    Nothing is changed, and with ``offline`` no network is used. With ``deep`` the digest of every
    installed file is checked. Unreadable files are reported as
    broken, not raised.
    """
    try:
        subject = Subject(home, Workspace().config(folder), deep=deep)
    except CondavisionError as error:
        subject = Subject(home, Config(folder), error, deep)
    for check in CHECKS:
        if not (check.network and offline) and not (check.project and subject.error):
            place = subject.config.root if check.project else home
            yield from _guarded(place, check.look(subject))


def _guarded(folder: Path, findings: Iterator[Finding]) -> Iterator[Finding]:
    try:
        yield from findings
    except OSError as error:
        found = f"{error.filename or folder} cannot be read: {error.strerror or error}"
        fix = f"check its permissions: ls -ld {shell_word(error.filename or folder)}"
        yield Finding("files", folder.name, State.BROKEN, found, fix)
