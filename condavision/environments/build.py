"""Builds an environment: fetch, verify, link, compile, derive the activation, mark as ready."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from condavision.core.model import Manager
from condavision.environments import activation
from condavision.environments.bytecode import compile_prefix, link_kept, unwritten_on_import
from condavision.environments.conda_install import install_conda_packages
from condavision.environments.package_cache import CACHES, RECORDS
from condavision.environments.pypi_install import install_pypi_packages
from condavision.environments.python2_install import install_for_python2
from condavision.environments.vendored import from_vendored
from condavision.environments.wheel_records import (
    altered_files,
    apply_corrections,
    learn_corrections,
)
from condavision.errors import InstallError
from condavision.system.files import remove_tree, write_atomic
from condavision.system.limits import require_resources
from condavision.system.ownership import require_trusted
from condavision.system.progress import Work, counted, few

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from condavision.core.model import Lock, LockedPackage
    from condavision.environments.environment import Environment
    from condavision.system.progress import Progress

_log = logging.getLogger(__name__)

_BYTECODE = "pyc"
_SHOWN_NAMES = 8
_SETTLED = 3  # checks in a row that find no prefix
_SETTLING_SECONDS = 2.0


def build(
    environment: Environment,
    lock: Lock,
    progress: Progress,
    inherit: tuple[int, ...] = (),
    *,
    vendored: Path | None = None,
    compile_bytecode: bool = True,
    deep: bool = False,
) -> None:
    """Build ``environment`` from nothing; an incomplete one is removed first.

    With ``vendored`` every artefact comes from that folder, and nothing from the network. Without
    ``compile_bytecode`` only the bytecode in the cache is linked, unless Python cannot write the
    rest. With ``deep`` the digests of all cached files are checked, not only of those modified
    later.

    The caller holds the environment's lock; ``inherit`` are its descriptors, for the processes
    started here: the lock is held as long as one of them runs.

    Raises:
        InstallError: a package cannot be fetched, verified or linked; the prefix is removed.
        UntrustedError: another user can change what is cached.
    """
    prefix, home = environment.prefix, environment.home
    _require_utf_8(home)
    require_resources()
    for name in (*CACHES, "uv", RECORDS, _BYTECODE):
        require_trusted(home / name, f"the cache {home / name}")
    environment.unmark()
    remove_tree(prefix)
    conda, pypi = _artefacts(lock, environment.subdir, vendored)
    pythons = sum(item.name == "python" for item in conda)
    packages = counted(len(conda) + len(pypi) - pythons, "package")
    content = f"Python and {packages}" if pythons else packages
    progress.message(f"making the environment {prefix} ({content})")
    try:
        if lock.is_local:
            _restore_interpreters(conda, home)
        work = Work.LINKING if lock.is_local else Work.INSTALLING
        install_conda_packages(conda, prefix, home / CACHES[0], progress, work=work, deep=deep)
        if pypi:
            names = few([item.name for item in pypi], _SHOWN_NAMES)
            progress.message(f"installing from PyPI: {names}")
            python = next((it for it in conda if it.name == "python"), None)
            allow_sdist = lock.record.allows_sdists
            if python and python.version.startswith("2."):
                install_for_python2(
                    pypi, environment, python, progress, allow_sdist=allow_sdist, inherit=inherit
                )
            else:
                install = partial(
                    install_pypi_packages,
                    python=environment.python,
                    cache=home / "uv",
                    allow_sdist=allow_sdist,
                    inherit=inherit,
                )
                _install_pypi(pypi, environment, install, progress, deep=deep)
        obstacle = "" if compile_bytecode else unwritten_on_import(prefix)
        if obstacle:
            progress.message(f"compiling all modules now, since {obstacle}")
        if compile_bytecode or obstacle:
            complete_bytecode(environment, progress, inherit)
        else:
            link_kept(prefix, home / _BYTECODE)
        derived = activation.derive(prefix)
        _log.debug("activation: %d variables, live: %s", len(derived.operations), derived.live)
        activation.store(derived, prefix)
        _mark_ready(environment, lock)
    except BaseException:
        _leave_nothing(prefix)
        raise


def complete_bytecode(
    environment: Environment, progress: Progress, inherit: tuple[int, ...] = ()
) -> None:
    """Compile what has no bytecode yet, and mark the environment as compiled.

    The caller holds the environment's lock, as for :func:`build`.

    Raises:
        UntrustedError: another user can change what is cached.
        OSError: the disk is full, or the environment cannot be written.
    """
    cache = environment.home / _BYTECODE
    require_trusted(cache, f"the cache {cache}")
    compile_prefix(environment.prefix, environment.python, cache, progress, inherit)
    environment.compiled.touch()


def _artefacts(
    lock: Lock, subdir: str, vendored: Path | None
) -> tuple[list[LockedPackage], list[LockedPackage]]:
    """Return the packages to install from conda and from PyPI; ``vendored`` ones have its URLs."""
    packages = lock.on(subdir)
    conda = [package for package in packages if package.manager is Manager.CONDA]
    pypi = [package for package in packages if package.manager is Manager.PYPI]
    if vendored is None:
        return conda, pypi
    if lock.is_local:  # its interpreters are on this machine
        return conda, from_vendored(pypi, vendored)
    found = from_vendored([*conda, *pypi], vendored)
    return found[: len(conda)], found[len(conda) :]


def _leave_nothing(prefix: Path) -> None:
    """Remove a prefix to which rattler's threads may still be writing: they outlive its error.

    Files that cannot be removed stay: another error would hide the first.
    """
    ends = time.monotonic() + _SETTLING_SECONDS
    absent = 0
    while absent < _SETTLED and time.monotonic() < ends:
        absent = 0 if prefix.exists() else absent + 1
        with suppress(InstallError):
            remove_tree(prefix)
        time.sleep(0.03)


def _install_pypi(
    packages: Sequence[LockedPackage],
    environment: Environment,
    install: Callable[..., None],
    progress: Progress,
    *,
    deep: bool,
) -> None:
    """Install distributions; those whose files were altered in the cache are fetched again.

    Cached files are hard-linked into environments: an edit in one environment alters the cache,
    and every environment linked from it. ``install`` is :func:`install_pypi_packages` with all but
    the packages and whether they are installed anew.
    """
    prefix, records = environment.prefix, environment.home / RECORDS
    altered = partial(altered_files, deep=True) if deep else altered_files
    install(packages)
    kept: dict[str, Path] = {
        canonicalize_name(package.name): records / package.sha256 for package in packages
    }
    apply_corrections(prefix, kept)
    found = {canonicalize_name(name): path for name, path in altered(prefix)}
    wrong = [package for package in packages if canonicalize_name(package.name) in found]
    if not wrong:
        return
    listed = ", ".join(package.name for package in wrong)
    progress.message(f"fetching again, for files were altered: {listed}")
    try:
        install(wrong, anew=True)
    except InstallError as error:
        example = found[canonicalize_name(wrong[0].name)]
        raise InstallError(
            f"Cached files were altered: {listed} (such as {example}). {error.message}",
            *error.hints,
        ) from error
    kept = {name: file for name, file in kept.items() if name in found}
    learn_corrections(prefix, kept)
    apply_corrections(prefix, kept)
    if still := [path for _, path in altered(prefix)]:
        others = f" and {len(still) - 1} others" if len(still) > 1 else ""
        progress.message(f"warning: still not as they were recorded: {still[0]}{others}")


def _require_utf_8(home: Path) -> None:
    """Refuse a path that rattler and conda's records cannot hold."""
    try:
        str(home).encode()
    except UnicodeEncodeError as error:
        raise InstallError(
            f"The folder {str(home)!a} has a name that is not UTF-8, which packages cannot hold.",
            "choose another folder: `export CONDAVISION_HOME=FOLDER`",
        ) from error


def _restore_interpreters(packages: list[LockedPackage], home: Path) -> None:
    """Make packages of the embedded channel again that are missing in the cache.

    Raises:
        ForeignInterpreterError: one of them matches no interpreter of this machine.
    """
    from condavision.interpreters.channel import restore  # noqa: PLC0415 - few locks need it

    for package in packages:
        restore(home / "interpreters", package.url, package.sha256)


def _mark_ready(environment: Environment, lock: Lock) -> None:
    """Write the marker: ``name value`` lines."""
    added = f"added {' '.join(', '.join(lock.added).split())}\n" if lock.added else ""
    write_atomic(
        environment.marker,
        f"key {environment.key}\nsubdir {environment.subdir}\nhash {lock.hash}\n"
        f"created {time.time():.0f}\n{added}",
    )
