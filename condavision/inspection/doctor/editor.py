"""Whether the interpreter that the settings of VS Code name is that of a lock of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.export.vscode import FILE, interpreter
from condavision.inspection.doctor.finding import Finding, State
from condavision.inspection.interpreters import targets_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.inspection.doctor.finding import Subject


def check_editor(subject: Subject) -> Iterator[Finding]:
    """Yield whether an interpreter of ours is there, and of a lock that a script here uses."""
    python = interpreter(subject.config.root)
    if python is None or not python.is_relative_to(subject.home / "envs"):
        return
    fix, name = "condavision vscode SCRIPT", FILE.as_posix()
    if not targets_with(python, subject.config, subject.home):
        found = f"no script here has this interpreter: {python}"
        yield Finding("project", name, State.WARNING, found, fix)
    elif not python.exists():
        yield Finding("project", name, State.WARNING, f"{python} does not exist", fix)
    else:
        yield Finding("project", name, State.OK, f"{python}")
