"""What a shell is offered: commands, options, locked scripts, hashes; files are its own matter."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from condavision.locks.index import read_index

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def _offered(command: CommandLine, *words: str) -> list[str]:
    asked = {
        "_CONDAVISION_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["condavision", *words]),
        "COMP_CWORD": str(len(words)),
    }
    return command(environ=asked).ok().out.split()


def test_what_is_offered(command: CommandLine) -> None:
    (command.folder / "below").mkdir()
    (command.folder / "below" / "t.py").write_text("import tomllib\n")
    command("lock", ".").ok()
    first, second = sorted(read_index(command.folder / "locks" / ".local").hashes())
    files = ["file,"]
    scripts = ["plain,below/t.py", "plain,s.py"]
    assert _offered(command, "lo") == ["plain,lock"]
    assert _offered(command, "run", "--l") == ["plain,--locks", "plain,--lock"]
    assert _offered(command, "run", "") == [*scripts, *files]
    assert _offered(command, "run", "s.py", "x") == ["file,x"]
    assert _offered(command, "map", "") == [*scripts, *files]
    assert _offered(command, "map", "s.py", "") == files
    for name in ("check", "install", "path", "export", "diff", "explain", "exec", "graph"):
        hashes = [f"plain,{first}", f"plain,{second}"]
        assert _offered(command, name, "") == [*scripts, *hashes, *files], name
    formats = ["dot", "html", "json", "mermaid", "svg"]
    assert sorted(_offered(command, "graph", "--format", "")) == [f"plain,{it}" for it in formats]
    assert _offered(command, "install", first[:6]) == [f"plain,{first}", f"file,{first[:6]}"]
    assert _offered(command, "-C", "below", "check", "t") == ["plain,t.py", "file,t"]


def test_where_nothing_is_locked(command: CommandLine) -> None:
    (command.folder / "condavision.toml").write_text("wrong = 1\n")
    assert _offered(command, "check", "s") == ["file,s"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell: str, command: CommandLine) -> None:
    script = command("completion", shell).ok().out
    assert f"_CONDAVISION_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_another_shell(command: CommandLine) -> None:
    assert command("completion", "cmd").code == 2
