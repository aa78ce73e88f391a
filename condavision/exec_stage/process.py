"""Becoming the script: its arguments, streams, signals and exit code, nothing in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

from condavision.environments.activation_scripts import run_batch_scripts
from condavision.errors import InstallError
from condavision.warm import apply, python_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from condavision.environments.activation import Activation
    from condavision.environments.environment import Environment

__all__ = ["execute", "process_environment", "run"]


def run(
    script: str,
    args: Sequence[str],
    environment: Environment,
    activation: Activation,
    paths: Iterable[Path] = (),
) -> NoReturn:
    """Replace this process by ``script``, which is passed on as the user wrote it.

    ``paths`` go in front of PYTHONPATH.

    Raises:
        InstallError: the interpreter cannot be started.
    """
    execute([str(environment.python), script, *args], activation, paths)


def execute(command: Sequence[str], activation: Activation, paths: Iterable[Path] = ()) -> NoReturn:
    """Replace this process by ``command`` in the activated environment.

    Windows cannot replace a process: there the command is a child whose exit code becomes ours,
    and Ctrl-C reaches it through the console they share.

    Raises:
        InstallError: the command cannot be started.
    """
    command = [*activation.wrapper, *command]
    environment = process_environment(activation, paths, os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "nt":
            _spawn(command, _windows_environment(activation, environment))
        os.execve(command[0], command, environment)  # noqa: S606 - the point of it all
    except OSError as error:
        raise InstallError(
            f"{command[0]} cannot be started: {error.strerror}.",
            "see what is wrong: condavision doctor",
        ) from error


def process_environment(
    activation: Activation, paths: Iterable[Path], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that the script's process sees."""
    result = apply(activation.operations, environ)
    extra = [str(path) for path in paths]
    if extra:
        result["PYTHONPATH"] = python_path(extra, result)
    return result


def _spawn(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    # The console sends Ctrl-C and Ctrl-Break to every process attached to it: the child decides
    # what they mean, and this one only waits for the verdict.
    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    with subprocess.Popen(command, env=environment) as child:
        code = child.wait()
    os._exit(code & 0xFFFFFFFF)


def _windows_environment(activation: Activation, environment: dict[str, str]) -> dict[str, str]:
    if not activation.live:
        return environment
    result = run_batch_scripts(activation.scripts, environment)
    if result is None:
        raise InstallError(
            f"An activation script of the environment fails: {', '.join(activation.scripts)}.",
            "report it to the package's maintainers",
        )
    return result
