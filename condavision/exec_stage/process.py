"""Start a target in place of this process: same arguments, streams, signals and exit code."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from condavision.environments.last_use import record_use
from condavision.errors import CommandError, InstallError
from condavision.exec_stage.warm_record import write_warm_record
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from condavision.exec_stage.prepared import Activated, Prepared

_log = logging.getLogger(__name__)


def become(
    prepared: Prepared, args: Sequence[str], script: str = "", *, record: bool = True
) -> NoReturn:
    """Replace this process by a prepared target, and note the use of its environment.

    ``script`` is as in :meth:`Prepared.command`. With ``record`` the next run of the target is
    warm: for targets found by their name alone.

    Windows cannot replace a process: there the target is a child whose exit code becomes ours,
    and Ctrl-C reaches it through the console they share.

    Raises:
        InstallError: the command cannot be started.
    """
    target = prepared.target
    file = target if isinstance(target, Path) else prepared.inputs.files[0]
    record_use(prepared.environment, file)
    if record:
        write_warm_record(home(), prepared)
    command, variables = prepared.command(args, os.environ, script)
    try:
        _replace(command, variables)
    except OSError as error:
        raise InstallError(
            f"{command[0]} cannot be started: {error.strerror}.",
            "find the cause: run `condavision doctor`",
        ) from error


def become_command(activated: Activated, words: Sequence[str]) -> NoReturn:
    """Replace this process by a command in an environment, and note the use of that.

    ``words`` are the command's name, which is looked up, and its arguments.

    Raises:
        CommandError: it is not found, or cannot be started.
        InstallError: an activation script fails (Windows).
    """
    record_use(activated.environment, activated.script)
    command, variables = activated.command(words, os.environ)
    try:
        _replace(command, variables)
    except OSError as error:
        raise CommandError(
            f"{command[0]} cannot be started: {error.strerror}",
            "check that it is a program, or names its interpreter in its first line",
        ) from error


def _replace(command: list[str], variables: Mapping[str, str]) -> NoReturn:
    _log.info("starting %s", command[0])
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        _spawn(command, variables)
    os.execve(command[0], command, variables)  # noqa: S606 - the purpose of this module


def _spawn(command: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    # The console sends Ctrl-C and Ctrl-Break to every process attached to it: the child handles
    # them, and this process only waits for its exit code.
    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    with subprocess.Popen(command, env=variables) as child:
        code = child.wait()
    os._exit(code & 0xFFFFFFFF)
