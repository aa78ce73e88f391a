"""Installs the environment of a lock: one process builds it, the others wait."""

from __future__ import annotations

import errno
import logging
import os
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from condavision.environments.environment import environment_of
from condavision.errors import InstallError
from condavision.system.file_lock import exclusive
from condavision.system.ownership import require_trusted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from condavision.core.model import Lock
    from condavision.environments.environment import Environment
    from condavision.system.progress import Progress

_log = logging.getLogger(__name__)


class Care(Enum):
    """What an existing environment has to pass; otherwise it is built again."""

    READY = "ready"
    """Its marker and interpreter exist; this is all that a run looks at."""
    SIZES = "sizes"
    """The files of its packages exist, with the sizes that the packages record."""
    DIGESTS = "digests"
    """They have the digests that the packages record, and so have the packages in the cache."""
    ANEW = "anew"
    """Nothing does: it is built in any case, from packages in the cache with these digests."""


def install(
    lock: Lock,
    subdir: str,
    *,
    home: Path,
    progress: Progress,
    vendored: Path | None = None,
    compile_bytecode: bool = True,
    care: Care = Care.READY,
) -> Environment:
    """Return the environment of ``lock``; build it if it does not exist, or again with ``care``.

    One process builds; others that want the same environment wait for it. A ready environment
    costs one ``stat``. With ``vendored``, a folder that ``vendor`` filled, nothing is fetched.
    With ``compile_bytecode`` all modules have bytecode afterwards, also in an environment that was
    built without; otherwise Python writes it for those that it imports.

    Raises:
        InstallError: a package cannot be fetched, verified or linked; no incomplete prefix remains.
            Or the environment has to be built again, and a process runs from it.
        UntrustedError: another user can change the environment, or what is cached for it.
    """
    environment = environment_of(lock, subdir, home)
    require_trusted(
        environment.prefix,
        f"the environment {environment.prefix}",
        "choose a folder of your own: run `export CONDAVISION_HOME=FOLDER`",
    )
    _log.info("%s: %s", environment.prefix, "ready" if environment.is_ready else "to be built")
    if not _is_fine(environment, care) or (compile_bytecode and _lacks_bytecode(environment)):
        with _building(environment, progress) as inherit:
            from condavision.environments.build import build, complete_bytecode  # noqa: PLC0415 - rattler costs 0.1 s

            if not _is_fine(environment, care, progress):
                _require_unused(environment)
                build(
                    environment,
                    lock,
                    progress,
                    inherit,
                    vendored=vendored,
                    compile_bytecode=compile_bytecode,
                    deep=care in {Care.DIGESTS, Care.ANEW},
                )
                environment = replace(environment, is_new=True)
            elif compile_bytecode and _lacks_bytecode(environment):
                complete_bytecode(environment, progress, inherit)
    if not environment.python.exists():
        raise InstallError(
            f"The packages of {environment.prefix} contain no interpreter: there is no"
            f" {environment.python}.",
            "lock again: run `condavision lock --upgrade SCRIPT`",
        )
    return environment


def _is_fine(environment: Environment, care: Care, progress: Progress | None = None) -> bool:
    """Return whether an environment need not be built; report to ``progress`` what is damaged."""
    if not environment.is_ready or care is Care.ANEW:
        return False
    if care is Care.READY:
        return True
    from condavision.environments.damage import damaged_files  # noqa: PLC0415 - runs need none

    wrong = damaged_files(environment, deep=care is Care.DIGESTS)
    if wrong and progress is not None:
        others = f" and {len(wrong) - 1} others" if len(wrong) > 1 else ""
        progress.message(f"{environment.prefix}: {wrong[0]}{others} missing or altered")
    return not wrong


def _lacks_bytecode(environment: Environment) -> bool:
    """Return whether modules may have no bytecode in an environment that can be written."""
    return not environment.compiled.exists() and os.access(environment.compiled.parent, os.W_OK)


def _require_unused(environment: Environment) -> None:
    """Refuse to build an environment again that a process runs from."""
    if environment.is_ready:
        from condavision.environments.in_use import users_of  # noqa: PLC0415 - runs need none

        for user in users_of([environment.prefix]).values():
            raise InstallError(
                f"The environment {environment.prefix} has to be installed again, and is used by"
                f" {user}.",
                "stop that first",
                f"or remove it: run `condavision clean --force {environment.key}`",
            )


@contextmanager
def _building(environment: Environment, progress: Progress) -> Iterator[tuple[int, ...]]:
    """Hold the environment's lock; yield the descriptors that child processes must inherit."""
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
            *(["make room: run `condavision clean --unused-for 30`"] if _is_full(error) else []),
            "choose another folder for environments: `export CONDAVISION_HOME=FOLDER`",
        ) from error
