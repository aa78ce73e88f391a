"""Whose files count: those of this user or root that nobody else can change.

Configuration, locks, records, caches and environments decide what runs. As with git's
``safe.directory`` and OpenSSH's ``StrictModes``, a file or folder counts only if this user or root
owns it and every folder above it, and nobody else can write to any of them. Behind ``sudo``, root
is also the user who called it. ``CONDAVISION_TRUSTED_FOLDERS`` names folders that count anyway.

- A folder above may be writable for all if it is sticky (``/tmp``): only owners rename there.
- A group may write if it is the owner's private one, without other members (as on Debian, Fedora).
- In a user namespace, folders above may belong to unmapped users: the host's root is one.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import UntrustedError
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable

TRUSTED = "CONDAVISION_TRUSTED_FOLDERS"


class Fault(Enum):
    """Why a file or folder does not count."""

    OWNER = auto()
    WRITABLE = auto()


@dataclass(frozen=True, slots=True)
class Distrust:
    """What is wrong with a file or folder, or with ``path``, a folder above it."""

    path: Path
    fault: Fault

    @property
    def cures(self) -> tuple[str, ...]:
        """The commands that make it count."""
        trust = f"if you trust its owner, run `export {TRUSTED}={shell_word(self.path)}`"
        if self.fault is Fault.OWNER:
            return (trust,)
        return f"run `chmod go-w {shell_word(self.path)}`", f"or {trust}"

    @property
    def reason(self) -> str:
        """What is wrong, as the end of a sentence."""
        if self.fault is Fault.OWNER:
            return f"{self.path} belongs to another user"
        return f"other users can write to {self.path}"


@dataclass(frozen=True, slots=True)
class Users:
    """The user: ``own`` ids, the id of ``unmapped`` users, and whether a group is ``private``."""

    own: frozenset[int]
    unmapped: Callable[[], int | None]
    private: Callable[[int, int], bool]

    def fault_of(self, status: os.stat_result, *, above: bool) -> Fault | None:
        """Return why a file or folder does not count; ``above`` if it is a folder above one."""
        mode = status.st_mode
        if status.st_uid not in self.own and not (above and status.st_uid == self.unmapped()):
            return Fault.OWNER
        if above and mode & stat.S_ISVTX:
            return None
        if mode & stat.S_IWOTH:
            return Fault.WRITABLE
        if mode & stat.S_IWGRP and not self.private(status.st_uid, status.st_gid):
            return Fault.WRITABLE
        return None


def distrust_of(path: Path) -> Distrust | None:
    """Return why a file or folder does not count, None if it does.

    Links are followed; of one that does not exist, the folder that it would be made in is judged.
    """
    if os.name == "nt":  # its access lists keep a user's profile private
        return None
    users = Users(_own(), _unmapped, _is_private)
    real = Path(os.path.realpath(path))
    for place in (real, *real.parents):
        try:
            status = place.lstat()
        except OSError:
            continue
        fault = users.fault_of(status, above=place != real)
        if fault is not None:
            return None if _is_named(real) else Distrust(place, fault)
    return None


def require_trusted(path: Path, what: str, *cures: str) -> None:
    """Refuse a file or folder that does not count; ``what`` names it in the message.

    Raises:
        UntrustedError: it does not count.
    """
    found = distrust_of(path)
    if found is not None:
        raise UntrustedError(f"{what} is not used: {found.reason}", *cures, *found.cures)


def _own() -> frozenset[int]:
    user = os.geteuid()
    sudo = os.environ.get("SUDO_UID", "") if user == 0 else ""
    return frozenset({0, user, int(sudo) if sudo.isascii() and sudo.isdecimal() else 0})


def _unmapped() -> int | None:
    """Return the id that a user namespace shows for users it does not have; None outside one."""
    try:
        if Path("/proc/self/uid_map").read_text("ascii").split() == ["0", "0", "4294967295"]:
            return None
        return int(Path("/proc/sys/kernel/overflowuid").read_text("ascii"))
    except (OSError, ValueError):
        return None


def _is_private(owner: int, group: int) -> bool:
    """Return whether a group is the owner's own: it has the same name, and nobody else in it."""
    import grp  # noqa: PLC0415 - not on Windows, and rarely needed
    import pwd  # noqa: PLC0415

    try:
        name, found = pwd.getpwuid(owner).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == name and set(found.gr_mem) <= {name}


def _is_named(path: Path) -> bool:
    folders = os.environ.get(TRUSTED, "").split(os.pathsep)
    return any(path.is_relative_to(os.path.realpath(folder)) for folder in folders if folder)
