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

from condavision.environments.last_use import LAUNCHED, record_launcher
from condavision.errors import UsageError
from condavision.system.file_stamp import COARSEST_NS, FileClocks, stamp_of, step_of
from condavision.system.files import read_file, replacing, sweep
from condavision.system.terminal import shell_word
from condavision.warm import CONSTANT, KEEP, MODULE_SUFFIXES, NONEMPTY, module_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from condavision.environments.environment import Environment
    from condavision.exec_stage.prepared import Prepared, WarmInputs
    from condavision.warm import Operation

_HOME = "CONDAVISION_HOME"
_MARK = "# made by condavision"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


_SAME_MODULES = """\
_cvsame() { # whether the modules in folder $1 are these: $2 names, between slashes in $3
  _cvn=0
  for _cvf in "$1"/*; do
    _cvf=${_cvf##*/}
    case $_cvf in
      __pycache__ | \\*) continue ;;
      SUFFIXES) ;;
      *.*) continue ;;
    esac
    case $3 in */"$_cvf"/*) _cvn=$((_cvn + 1)) ;; *) return 1 ;; esac
  done
  [ "$_cvn" = "$2" ]
}
""".replace("SUFFIXES", " | ".join(f"*{suffix}" for suffix in MODULE_SUFFIXES))


def make_folder(folder: Path) -> None:
    """Make the folder that launchers are written into.

    Raises:
        UsageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    sweep(folder)


def write_launcher(folder: Path, prepared: Prepared) -> Path:
    """Write the launcher of a script, ``folder``/its name without the suffix, and return its path.

    Raises:
        UsageError: a file of that name is not a launcher, or the launcher of another script that
            still exists; the folder cannot be written; or an input has changed since it was read.
    """
    script = Path(str(prepared.target)).absolute()
    target = folder.absolute() / script.stem
    inputs, environment = prepared.inputs, prepared.environment
    read = [*inputs.files, *inputs.folders]
    clocks = FileClocks()
    if any(_is_racy(path, inputs.started, clocks, steps=0) for path in read):
        raise UsageError(f"{script}, or a module it imports, is being changed", "run it again")
    text = launcher_text(target, script, prepared)
    try:
        _refuse_foreign(target, script)
        record_launcher(environment)
        newest = _newest([*read, environment.marker])
        if any(_is_racy(path, inputs.started, clocks) for path in inputs.files):
            newest -= COARSEST_NS  # it is stale, and the next run renews it
        with replacing(target, os.fsencode(text)) as temporary:
            temporary.chmod(0o755)
            os.utime(temporary, ns=(newest, newest))
    except OSError as error:
        raise _unwritable(target, error) from error
    return target


def renew_launcher(folder: Path, prepared: Prepared) -> None:
    """Write the launcher of a script again, if that is possible: it starts without, too."""
    with suppress(UsageError):
        write_launcher(folder, prepared)


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(
        f"the launcher {path} cannot be written: {error.strerror}",
        "choose another folder: run `condavision install --launcher FOLDER SCRIPT`",
    )


def _is_racy(path: Path, started: int, clocks: FileClocks, steps: int = 1) -> bool:
    """Return whether ``path`` was modified after ``started``, or less than so many steps before."""
    stamp = stamp_of(path)
    if stamp is None:
        return False
    return clocks.is_racy(str(path), stamp[1], started, steps * step_of(stamp))


def launcher_text(target: Path, script: Path, prepared: Prepared) -> str:
    """Return the content of the launcher of ``script`` at ``target``."""
    environment, operations = prepared.environment, prepared.activation.operations
    where = shlex.quote(str(target.parent))
    variables = _with_absolute_home(prepared.inputs.variables)
    # bash, not dash, takes a file for newer than a missing one
    same = " &&\n   ".join([f"[ -e {shlex.quote(str(target))} ]", *_same_variables(variables)])
    fresh = " &&\n     ".join(_conditions(target, prepared.inputs, environment))
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
    body = "\n".join(f"    {line}" for line in start)
    ours = shlex.join([sys.executable, "-EP", "-m", "condavision"])
    home = variables.get(_HOME)
    return (
        f"#!/bin/sh\n{_mark(script)}\n{_SAME_MODULES}_cvr=\n"
        + (f"{_HOME}=${{{_HOME}-{shlex.quote(home)}}}\n" if home else "")  # as in cron
        + f"if {same}\nthen\n"
        f"  if {fresh}\n  then\n{body}\n"
        f"  elif [ -w {where} ]; then _cvr=1\n  fi\nfi\n"
        f'set -- {shlex.quote(str(script))} "$@"\n'
        f'[ -z "$_cvr" ] || set -- --launcher {where} "$@"\n'  # to be renewed
        + (f"export {_HOME}\n" if home else "")
        + f'command -v condavision >/dev/null || exec {ours} run "$@"\n'
        'exec condavision run "$@"\n'
    )


def _with_absolute_home(variables: Mapping[str, str | None]) -> dict[str, str | None]:
    given = variables.get(_HOME)
    return {**variables, _HOME: str(Path(given).absolute())} if given else dict(variables)


def _mark(script: Path) -> str:
    return f"{_MARK} for {str(script)!a}"


def _same_variables(variables: Mapping[str, str | None]) -> Iterator[str]:
    for name, value in variables.items():
        if value is None:
            yield f'[ -z "${{{name}+x}}" ]'
        else:
            yield f'[ "${{{name}-}}" = {shlex.quote(value)} ]'


def _conditions(target: Path, inputs: WarmInputs, environment: Environment) -> Iterator[str]:
    """Yield tests that no file has changed; all are builtins of the shell."""
    stamp = shlex.quote(str(target))
    yield f"[ -x {shlex.quote(str(environment.python))} ]"
    for path in (*inputs.files, environment.marker):
        quoted = shlex.quote(str(path))
        if path.exists():
            yield f"[ -e {quoted} ] && [ ! {quoted} -nt {stamp} ]"
        else:
            yield f"[ ! -e {quoted} ]"
    for folder in inputs.folders:
        quoted = shlex.quote(str(folder))
        if folder.exists():
            names = [
                name for name in module_names(str(folder)).split("/") if name and name[0] != "."
            ]
            known = shlex.quote("/".join(["", *names, ""]))
            same = f"_cvsame {quoted} {len(names)} {known}"
            yield f"{{ [ -e {quoted} ] && [ ! {quoted} -nt {stamp} ] || {same}; }}"
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
    for line in read_file(launcher).decode("utf-8", "replace").splitlines()[:2]:
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
