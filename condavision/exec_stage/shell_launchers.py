"""Launchers: a small sh script for each locked script, which starts it without Python of ours.

It starts the script's process itself where nothing is newer than the launcher, and otherwise runs
``condavision run``. That check is best effort: the shell's ``-nt`` compares modification times
alone, so a file put back with an older time goes unnoticed. The command is that of
:meth:`Prepared.command`; what it does to variables is done here in sh.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.environments.inventory import LAUNCHED, record_launcher
from condavision.errors import UsageError
from condavision.system.files import replacing
from condavision.system.terminal import shell_word
from condavision.warm import CONSTANT, KEEP, NONEMPTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.environments.environment import Environment
    from condavision.exec_stage.prepared import Prepared, WarmInputs
    from condavision.warm import Operation

_MARK = "# made by condavision"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def write_launcher(folder: Path, prepared: Prepared) -> Path:
    """Write the launcher of a script, ``folder``/its name without the suffix, and return its path.

    Raises:
        UsageError: a file of that name is not a launcher, or the launcher of another script that
            still exists; the folder cannot be written; or an input has changed since it was read.
    """
    script = Path(str(prepared.target)).absolute()
    target = folder.absolute() / script.stem
    inputs, environment = prepared.inputs, prepared.environment
    newest = _newest([*inputs.files, *inputs.folders])
    if newest > inputs.started:
        raise UsageError(f"{script}, or a module it imports, is being changed", "run it again")
    text = launcher_text(target, script, prepared)
    try:
        _refuse_foreign(target, script)
        folder.mkdir(parents=True, exist_ok=True)
        record_launcher(environment)
        modified = max(newest, _newest([environment.marker]))
        with replacing(target, os.fsencode(text)) as temporary:
            temporary.chmod(0o755)
            os.utime(temporary, ns=(modified, modified))
    except OSError as error:
        raise UsageError(
            f"the launcher {target} cannot be written: {error.strerror}",
            "choose another folder: run `condavision install --launcher FOLDER SCRIPT`",
        ) from error
    return target


def launcher_text(target: Path, script: Path, prepared: Prepared) -> str:
    """Return the content of the launcher of ``script`` at ``target``."""
    environment, operations = prepared.environment, prepared.activation.operations
    fresh = " &&\n   ".join(_conditions(target, prepared.inputs, environment))
    used = shlex.quote(str(environment.marker.with_name(LAUNCHED)))
    command, _ = prepared.command((), {}, str(script))
    start = [
        f"[ ! -w {used} ] || : > {used}",
        *_activation(operations),
        *_python_path(prepared.paths),
        f'exec {shlex.join(command)} "$@"',
    ]
    if not all(_NAME.match(name) for name, *_ in operations):
        start = [": a variable that sh cannot name"]
    body = "\n".join(f"  {line}" for line in start)
    ours = shlex.join([sys.executable, "-EP", "-m", "condavision"])
    rest = f'run {shlex.quote(str(script))} "$@"'
    return (
        f"#!/bin/sh\n{_mark(script)}\n"
        f"if {fresh}\nthen\n{body}\nfi\n"
        f"command -v condavision >/dev/null || exec {ours} {rest}\n"  # as in cron
        f"exec condavision {rest}\n"
    )


def _mark(script: Path) -> str:
    return f"{_MARK} for {str(script)!a}"


def _conditions(target: Path, inputs: WarmInputs, environment: Environment) -> Iterator[str]:
    """Yield tests that nothing has changed; all are builtins of the shell."""
    stamp = shlex.quote(str(target))
    yield f"[ -e {stamp} ]"  # bash, not dash, takes a file for newer than a missing one
    yield f"[ -x {shlex.quote(str(environment.python))} ]"
    for name, value in inputs.variables.items():
        if value is None:
            yield f'[ -z "${{{name}+x}}" ]'
        else:
            yield f'[ "${{{name}-}}" = {shlex.quote(value)} ]'
    for path in (*inputs.files, *inputs.folders, environment.marker):
        quoted = shlex.quote(str(path))
        if path.exists():
            yield f"[ -e {quoted} ] && [ ! {quoted} -nt {stamp} ]"
        else:
            yield f"[ ! -e {quoted} ]"


def _activation(operations: Iterable[Operation]) -> Iterator[str]:
    """Yield the commands that activate; all values are computed before the first is set."""
    assignments: list[str] = []
    for number, (name, source, mode, before, after, otherwise) in enumerate(operations):
        if not source:
            assignments.append(_assigned(name, otherwise, shlex.quote(otherwise[1:])))
            continue
        middle = "" if mode == CONSTANT else f'"${source}"'
        value = (
            f"{shlex.quote(before) if before else ''}{middle}{shlex.quote(after) if after else ''}"
        )
        test = f'"${{{source}:-}}"' if mode == NONEMPTY else f'"${{{source}+x}}"'
        flag, held = f"_cvs{number}", f"_cvv{number}"
        yield f"{flag}=; if [ -n {test} ]; then {flag}=1 {held}={value}; fi"
        elsewise = _assigned(name, otherwise, shlex.quote(otherwise[1:]))
        assignments.append(
            f'if [ -n "${flag}" ]; then {name}="${held}"; export {name}; else {elsewise}; fi'
        )
    yield from assignments


def _assigned(name: str, otherwise: str, value: str) -> str:
    if otherwise == KEEP:
        return ":"
    return f"{name}={value}; export {name}" if otherwise else f"unset {name}"


def _python_path(paths: Iterable[Path]) -> list[str]:
    added = os.pathsep.join(map(str, paths))
    if not added:
        return []
    value = f"{shlex.quote(added)}${{PYTHONPATH:+:$PYTHONPATH}}"
    return [f"PYTHONPATH={value}; export PYTHONPATH"]


def _refuse_foreign(target: Path, script: Path) -> None:
    """Refuse an existing file, except a launcher of this script or of a deleted one."""
    if not target.exists():
        return
    owner = None if target.is_dir() else _script_of(target)
    if owner is None:
        raise UsageError(
            f"{target} exists and is not a launcher of {script}",
            "choose another folder: run `condavision install --launcher FOLDER SCRIPT`",
            f"or move it away: `mv {shell_word(target)} ELSEWHERE`",
        )
    if owner != script and owner.exists():
        raise UsageError(
            f"{target} exists and is not a launcher of {script} but of {owner}",
            "choose another folder: run `condavision install --launcher FOLDER SCRIPT`",
            f"or, if that one is not needed: `rm {shell_word(target)}`",
        )


def _script_of(launcher: Path) -> Path | None:
    """Return the script that a launcher was made for, None if it is not a launcher."""
    for line in launcher.read_text("utf-8", "replace").splitlines()[:2]:
        if line.startswith(f"{_MARK} for "):
            with suppress(ValueError, SyntaxError):
                return Path(ast.literal_eval(line.removeprefix(f"{_MARK} for ")))
    return None


def _newest(paths: Iterable[Path]) -> int:
    """Return the last modification of what exists, in nanoseconds.

    The launcher gets this time: with its own, an edit just after it is made would look older to a
    shell that compares seconds.
    """
    return max((path.stat().st_mtime_ns for path in paths if path.exists()), default=0)
