"""`outdated`: what `lock --upgrade` would change of the locks that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.inspection.test_dependencies import DECLARED

if TYPE_CHECKING:
    from tests.command_line import CommandLine
    from tests.compile_stage.wheels import WheelIndex


def test_what_was_never_locked_is_not_solved(index: WheelIndex, command: CommandLine) -> None:
    index.add("top", "1")
    for name in ("locked.py", "new.py"):
        (command.folder / name).write_text(DECLARED.format("'top'"))
    (command.folder / "broken.py").write_text("def f(:\n")
    (command.folder / "condavision.toml").unlink()
    command("lock", "locked.py", "-c", "interpreters:").ok()
    index.add("top", "2")
    found = command("outdated", ".", "--json")
    made, *failed = found.json()
    assert (found.code, made["scripts"]) == (70, ["locked.py"]), "and with its channels"
    assert [(it["name"], it["after"]) for it in made["changes"]] == [("top", "2")]
    assert {it["script"] for it in failed} == {"broken.py", "new.py", "s.py"}
    shown = command("outdated", ".")
    assert "have no locks" in shown.err
    assert "solving 1 of" not in shown.err
