"""``exec``: which command starts, what it finds, and what to type instead."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from tests.command_line import CONDAVISION

if TYPE_CHECKING:
    from tests.command_line import CommandLine

SHOW = (
    "import json, os, sys; print(json.dumps([sys.prefix, sys.argv[1:], sys.path,"
    " os.environ['PATH'].split(os.pathsep)[0]])); sys.exit(7)"
)


@pytest.fixture
def locked(command: CommandLine) -> CommandLine:
    """A project whose folder `lib` has modules of its own, locked."""
    (command.folder / "lib").mkdir()
    with (command.folder / "condavision.toml").open("a") as file:
        file.write('paths = ["lib"]\n')
    (command.folder / "m.py").write_text("print('m')\n")
    command("-q", "lock", "s.py", "-m", "m").ok()
    return command


def test_any_command_in_the_environment(locked: CommandLine) -> None:
    """Its arguments, exit code and streams are its own, however the environment is named."""
    (found,) = (it["hash"] for it in locked("check", "s.py", "--json").ok().json())
    prefix = locked("path", "s.py").ok().out.strip()
    outside = locked.folder / "elsewhere"
    outside.mkdir()
    (outside / "python").write_text("#!/bin/sh\necho not this\n")
    (outside / "python").chmod(0o755)
    (outside / "tool").write_text('#!/bin/sh\nread -r line\necho "$line $1" >&2\n')
    (outside / "tool").chmod(0o755)
    environ = {"PATH": f"{outside}:/usr/bin:/bin"}
    for named in (["s.py", "--"], ["s.py"], ["--", "s.py", "--"], [found], ["-m", "m", "--"]):
        ran = locked("exec", "-q", *named, "python", "-c", SHOW, "--", "-x", environ=environ)
        shown = json.loads(ran.out)
        assert ran.code == 7
        assert shown[:2] == [prefix, ["--", "-x"]]
        assert str(locked.folder / "lib") in shown[2]
        assert shown[3] == f"{prefix}/bin"
    process = [*("-q", "s.py", "--", "tool", "--json")]
    ran = locked("exec", *process, stdin="typed\n", environ=environ)
    assert (ran.code, ran.out, ran.err) == (0, "", "typed --json\n")


INSTEAD: list[tuple[str, list[str], int, list[str]]] = [
    ("no script", [], 2, ["a script, a lock's hash or -m MODULE"]),
    ("an unset variable", ["", "--", "python"], 2, ["SCRIPT is empty"]),
    ("no command", ["s.py"], 2, ["run `condavision exec s.py -- COMMAND`"]),
    ("no command of a module", ["-m", "m", "--"], 2, ["condavision exec -m m -- COMMAND"]),
    ("an option too late", ["s.py", "-q", "--", "python"], 2, ["`-q`", "before the script"]),
    ("no such command", ["s.py", "--", "pyhton"], 127, ["`pyhton`", "of s.py", "python"]),
    ("no lock", ["new.py", "--", "python"], 70, ["run `condavision lock new.py`"]),
    ("a lock has no requirements", ["--with", "x", "abcdef", "--", "y"], 2, ["give the script"]),
    ("another Python", ["--with", "python>3", "s.py", "--", "y"], 2, ["that of its lock"]),
    ("no requirement", ["--with", "a b", "s.py", "--", "y"], 2, ["`a b` is not a requirement"]),
    ("no program", ["s.py", "--", "./data"], 127, ["data cannot be started", "first line"]),
]


@pytest.mark.parametrize(
    ("words", "code", "said"), [it[1:] for it in INSTEAD], ids=[it[0] for it in INSTEAD]
)
def test_what_to_do_instead(
    words: list[str], code: int, said: list[str], locked: CommandLine
) -> None:
    (locked.folder / "new.py").write_text("print()\n")
    (locked.folder / "data").write_bytes(b"\x7fELF of nothing")
    (locked.folder / "data").chmod(0o755)
    starts = "./data" in words  # which only a process of its own can fail at
    failed = locked.process([*CONDAVISION, "exec", *words]) if starts else locked("exec", *words)
    assert (failed.code, failed.out) == (code, "")
    assert all(part in failed.err for part in said), failed.err


@pytest.mark.parametrize(
    ("start", "is_refused"),
    [
        ("#!/usr/bin/python3", True),
        ("#!/bin/sh\n'''exec' '/opt/a b/python' \"$0\" \"$@\"", True),
        ('#!/usr/bin/env bash\nset -e\nexec "/opt/pyenv/libexec/pyenv" exec "$program" "$@"', True),
        ("#!/bin/sh\nexec node", False),
        ("\x7fELF", False),
    ],
)
def test_a_tool_of_another_python_is_refused_with_the_commands_for_both(
    start: str, is_refused: bool, locked: CommandLine
) -> None:
    outside = locked.folder / "elsewhere"
    outside.mkdir()
    for name in ("pytest", "unheard-of"):
        (outside / name).write_text(f"{start}\n")
        (outside / name).chmod(0o755)
    environ = {"PATH": f"{outside}:/usr/bin:/bin"}
    path = f"exec s.py -- {outside}/pytest -x"
    with patch("condavision.exec_stage.process._replace") as started:
        found = locked("exec", "-q", "s.py", "--", "pytest", "-x", environ=environ)
        unknown = locked("exec", "-q", "s.py", "--", "unheard-of", environ=environ)
        if is_refused:
            assert (found.code, unknown.code) == (127, 127)
            assert f"the environment of s.py has no `pytest`; {outside}/pytest is of" in found.err
            assert "add it: run `condavision exec --with pytest s.py -- pytest -x`" in found.err
            assert f"give its path: run `condavision {path}`" in found.err
            assert "--with" not in unknown.err
            started.assert_not_called()
            locked(*path.split(), environ=environ)
    assert started.call_args_list[0].args[0][-2:] == [str(outside / "pytest"), "-x"]
    with patch("condavision.exec_stage.process._replace") as started:
        assert not locked("exec", "-q", "s.py", "--", "python", environ=environ).err
    started.assert_called_once()
