"""Environments: a prefix in the user's cache for each distinct set of locked packages.

A prefix is built where it stays, under a lock, and gets its marker last; one without a marker is
unfinished, whatever killed its builder, and is removed by whoever holds the lock next.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision import activation
from condavision.bytecode import compile_prefix
from condavision.conda_install import install_conda_packages, local_archive
from condavision.errors import InstallError
from condavision.files import write_atomic
from condavision.locking import exclusive
from condavision.model import Manager
from condavision.pypi_install import install_pypi_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.model import Lock, LockedPackage
    from condavision.progress import Progress

__all__ = ["Environment", "environment_of", "install", "remove_tree"]

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
        """Whether it was built to the end."""
        return self.marker.is_file()


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
    compile_bytecode: bool = True,
) -> Environment:
    """Make sure that the environment of ``lock`` exists, and return it.

    One process builds; others that want the same environment wait for it. A ready environment
    costs one ``stat``.

    Raises:
        InstallError: a package cannot be fetched, verified or linked; nothing is left behind.
    """
    environment = environment_of(lock, subdir, home)
    if not environment.is_ready:
        with _building(environment, progress) as inherit:
            if not environment.is_ready:
                _build(environment, lock, home, progress, inherit, compile_bytecode)
    if not environment.python.exists():
        raise InstallError(
            f"The interpreter of {environment.prefix} is gone: {environment.python} leads nowhere.",
            f"remove the environment: condavision clean {environment.key}",
            "and lock again: condavision lock SCRIPT",
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


@contextmanager
def _explained(environment: Environment) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InstallError(
            f"The environment {environment.prefix} cannot be made: "
            f"{error.strerror or error} ({error.filename or environment.prefix}).",
            "make room: condavision clean",
            "or choose another folder: export CONDAVISION_HOME=FOLDER",
        ) from error


def _build(
    environment: Environment,
    lock: Lock,
    home: Path,
    progress: Progress,
    inherit: tuple[int, ...],
    compile_bytecode: bool,
) -> None:
    prefix = environment.prefix
    remove_tree(prefix)
    packages = lock.on(environment.subdir)
    conda = [package for package in packages if package.manager is Manager.CONDA]
    pypi = [package for package in packages if package.manager is Manager.PYPI]
    progress.message(f"making the environment {prefix} ({len(packages)} packages)")
    try:
        _restore_interpreters(conda, home)
        install_conda_packages(conda, prefix, home / "pkgs", progress)
        if pypi:
            progress.message(f"installing {len(pypi)} packages from PyPI")
            install_pypi_packages(
                pypi,
                environment.python,
                home / "uv",
                allow_sdist=lock.metadata.get("allow_sdist") == "true",
                inherit=inherit,
            )
        if compile_bytecode:
            compile_prefix(prefix, environment.python, inherit)
        activation.store(activation.derive(prefix), prefix)
        _mark_ready(environment, lock)
    except BaseException:
        remove_tree(prefix)
        raise


def _restore_interpreters(packages: list[LockedPackage], home: Path) -> None:
    """Make the packages of the embedded channel again that the cache has lost."""
    cache = home / "interpreters"
    for package in packages:
        archive = local_archive(package.url)
        if archive is not None and cache in archive.parents and not archive.exists():
            from condavision.interpreters import restore  # noqa: PLC0415 - few need it

            restore(cache, package.url, package.sha256)


def _mark_ready(environment: Environment, lock: Lock) -> None:
    """Write the marker: ``name value`` lines."""
    write_atomic(
        environment.marker,
        f"key {environment.key}\nsubdir {environment.subdir}\nhash {lock.hash}\n"
        f"created {time.time():.0f}\n",
    )


def remove_tree(path: Path) -> None:
    """Remove a folder and all in it, read-only folders too; nothing if it is not there.

    Raises:
        InstallError: something in it cannot be removed.
    """
    shutil.rmtree(path, ignore_errors=True)
    if not path.exists():
        return
    for folder, folders, _ in os.walk(path):
        for name in (".", *folders):
            with suppress(OSError):
                _make_writable(Path(folder, name))
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise InstallError(
            f"{path} cannot be removed: {error.strerror} ({error.filename}).",
            f"remove it yourself: rm -rf {path}",
        ) from error


def _make_writable(folder: Path) -> None:
    if not folder.is_symlink():
        folder.chmod(stat.S_IRWXU)
