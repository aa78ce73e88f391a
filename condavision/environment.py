"""Environments: a prefix in the user's cache for each distinct set of locked packages.

A prefix is built where it stays, under a lock, and gets its marker last; one without a marker is
unfinished, whatever killed its builder, and is removed by whoever holds the lock next.
"""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.errors import InstallError
from condavision.locking import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from condavision.model import Lock
    from condavision.progress import Progress

__all__ = ["Environment", "environment_of", "install"]

_KEY_LENGTH = 16  # hex digits; short, because prefixes are written into shebangs


@dataclass(frozen=True, slots=True)
class Environment:
    """Where the packages of one lock for one subdir are, or would be.

    ``key`` is the digest of their urls and hashes: locks with one solution share an environment.
    """

    prefix: Path
    key: str
    subdir: str

    @property
    def python(self) -> Path:
        """The interpreter."""
        if self.subdir.startswith("win-"):
            return self.prefix / "python.exe"
        return self.prefix / "bin" / "python"

    @property
    def marker(self) -> Path:
        """The file that says the environment is complete.

        It is not called ``*.json``: conda takes every such file there for a package.
        """
        return self.prefix / "conda-meta" / "condavision"

    @property
    def is_ready(self) -> bool:
        """Whether it was built to the end, and its interpreter is still there."""
        return self.marker.is_file() and self.python.exists()


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
            f"lock for this platform too: condavision lock --platform {subdir} SCRIPT",
        )
    lines = sorted(f"{package.url} {package.sha256}\n" for package in packages)
    key = hashlib.sha256("".join(lines).encode()).hexdigest()[:_KEY_LENGTH]
    return Environment(home / "envs" / key, key, subdir)


def install(
    lock: Lock,
    subdir: str,
    *,
    home: Path,
    progress: Progress,
    vendored: Path | None = None,
    compile_bytecode: bool = True,
) -> Environment:
    """Make sure that the environment of ``lock`` exists, and return it.

    One process builds; others that want the same environment wait for it. A ready environment
    costs one ``stat``. With ``vendored``, a folder that ``vendor`` filled, nothing is fetched.

    Raises:
        InstallError: a package cannot be fetched, verified or linked; nothing is left behind.
    """
    environment = environment_of(lock, subdir, home)
    if not environment.is_ready:
        with _building(environment, progress) as inherit:
            if not environment.is_ready:
                from condavision.building import build  # noqa: PLC0415 - rattler costs 0.1 s

                build(
                    environment,
                    lock,
                    progress,
                    inherit,
                    vendored=vendored,
                    compile_bytecode=compile_bytecode,
                )
    if not environment.python.exists():
        raise InstallError(
            f"The packages of {environment.prefix} bring no interpreter: {environment.python} is"
            " not there.",
            "lock again: condavision lock --upgrade SCRIPT",
        )
    return environment


@contextmanager
def _building(environment: Environment, progress: Progress) -> Iterator[tuple[int, ...]]:
    """Hold the environment's lock; yield the descriptors that children must keep open."""
    envs = environment.prefix.parent
    with _explained(environment):
        envs.mkdir(parents=True, exist_ok=True)
        with exclusive(
            envs / f"{environment.key}.lock",
            lambda: progress.message(
                f"waiting for another process that builds {environment.prefix}"
            ),
        ) as descriptor:
            yield (descriptor,) if os.name == "posix" else ()


def _is_full(error: OSError) -> bool:
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def _explained(environment: Environment) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InstallError(
            f"The environment {environment.prefix} cannot be made: "
            f"{error.strerror or error} ({error.filename or environment.prefix}).",
            *(["make room: condavision clean --unused-for 30"] if _is_full(error) else []),
            "choose another folder for environments: export CONDAVISION_HOME=FOLDER",
        ) from error
