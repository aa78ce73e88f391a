"""Environments: a prefix in the user's cache for each distinct set of locked packages.

A prefix is built in place, under a lock, and gets its marker last. One without a marker is
incomplete: its build was interrupted, and the next holder of the lock removes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from condavision.core.model import Lock

_KEY_LENGTH = 16  # hex digits; short, because prefixes are written into shebangs


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment of one lock for one subdir, built or not.

    ``key`` is the digest of its packages' urls and hashes: locks with one solution share an
    environment. ``is_new`` is whether the call that returned it has built it.
    """

    prefix: Path
    key: str
    subdir: str
    is_new: bool = field(default=False, compare=False)

    @property
    def home(self) -> Path:
        """The cache folder that the environments and what they are built from are in."""
        return self.prefix.parent.parent

    @property
    def python(self) -> Path:
        """The interpreter."""
        if self.subdir.startswith("win-"):
            return self.prefix / "python.exe"
        return self.prefix / "bin" / "python"

    @property
    def marker(self) -> Path:
        """The file that marks the environment as complete.

        It is not named ``*.json``: conda reads every such file there as a package.
        """
        return self.prefix / "conda-meta" / "condavision"

    @property
    def compiled(self) -> Path:
        """The file that is there once all its modules have bytecode.

        Python writes what else a script needs when it imports it.
        """
        return self.prefix / "conda-meta" / "condavision-compiled"

    @property
    def is_ready(self) -> bool:
        """Whether it is complete, and its interpreter exists."""
        return self.marker.is_file() and self.python.exists()

    def unmark(self) -> None:
        """Remove the marker: what is half removed is not ready.

        Raises:
            OSError: it cannot be removed.
        """
        if self.prefix.is_dir() and not self.prefix.is_symlink() and not self.marker.is_dir():
            self.marker.unlink(missing_ok=True)


def site_packages(prefix: Path) -> Iterator[Path]:
    """Yield the site-packages folders of a prefix, each once: conda's Pythons have links to one."""
    for pattern in ("lib/python[23]*/site-packages", "Lib/site-packages"):
        yield from (it for it in prefix.glob(pattern) if not it.parent.is_symlink())


def environment_of(lock: Lock, subdir: str, home: Path) -> Environment:
    """Return the environment of a lock, built or not.

    Raises:
        InstallError: the lock has nothing for ``subdir``.
    """
    packages = lock.on(subdir)
    if not packages:
        raise InstallError(
            f"The lock {lock.hash} has no packages for {subdir}, only for "
            f"{', '.join(lock.platforms) or 'no platform'}.",
            f"lock for this platform too: run `condavision lock --platform {subdir} SCRIPT`",
        )
    lines = sorted(f"{package.url} {package.sha256}\n" for package in packages)
    key = hashlib.sha256("".join(lines).encode()).hexdigest()[:_KEY_LENGTH]
    return Environment(home / "envs" / key, key, subdir)
