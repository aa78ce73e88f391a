"""Tables and names as a person sees them."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from condavision.cli.output import print_failures
from condavision.cli.progress import LineProgress
from condavision.errors import (
    AnalysisError,
    ChannelError,
    CondavisionError,
    DeclarationError,
    UnreadableModuleError,
    UnsolvableError,
)
from condavision.system.progress import Work
from tests.command_line import CONDAVISION, CommandLine

ENCODINGS = [{"PYTHONIOENCODING": "utf-8"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
@pytest.mark.parametrize("environ", ENCODINGS)
def test_a_file_name_of_any_bytes_is_shown(command: CommandLine, environ: dict[str, str]) -> None:
    names = ["\udce9.py", "é.py"]
    for name in names:
        (command.folder / name).write_text("import sys\n")
    process = CommandLine(command.folder)
    for arguments, shown in [
        (("lock", "."), names),
        (("lock", "s.py"), ["s.py"]),
        (("check", "."), names),
        (("explain", names[0]), names[:1]),
        (("run", "-q", names[0]), []),
    ]:
        out = process(*arguments, environ=environ).ok().out
        assert [name for name in shown if name not in out] == []
    checked = process("check", *names, "--json", environ=environ).ok().json()
    assert [os.fsencode(it["script"]) for it in checked] == [*map(os.fsencode, names)]


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems refuse such names")
def test_a_name_does_not_control_the_terminal_and_can_be_typed(command: CommandLine) -> None:
    name = "a\x1b[31m\tb.py"
    (command.folder / name).write_text("import sys\n")
    typed = r"$'a\x1b[31m\tb.py'"
    missing = command("check", name)
    assert f"run `condavision lock {typed}`" in missing.out
    done = [missing, *(command(verb, name) for verb in ("explain", "lock", "check"))]
    done += [command("lock", f"no-{name}"), command("lock", name, f"--no-{name}", "-v")]
    for finished in done:
        assert not {"\x1b", "\t"} & set(finished.out + finished.err), finished
    (checked,) = command("check", name, "--json").ok().json()
    assert checked["script"] == name
    bash = shutil.which("bash")
    if bash is not None:
        shell = f"{shlex.join(CONDAVISION)} run -q {typed}"
        CommandLine(command.folder).process([bash, "-c", shell]).ok()


def test_the_table_counts_this_platform_s_packages(command: CommandLine) -> None:
    text = "import sys\nif sys.platform == 'win32':\n    import colorama\n"
    (command.folder / "s.py").write_text(f"{text}elif sys.platform == 'darwin':\n    import yaml\n")
    assert "none" in command("lock", "s.py").ok().out.splitlines()[1]


def test_only_the_first_unread_regions_are_listed(command: CommandLine) -> None:
    (command.folder / "s.py").write_text("import yaml\n" + "def (:\nx = 1\n" * 40)
    found = command("explain", "s.py")
    unread = command("explain", "s.py", "--json").json()["unread"]
    assert len(unread) > 5
    assert found.out.count("not read") == 5
    assert f"and {len(unread) - 5} more places" in found.out


def test_explain_says_that_no_python_is_left(command: CommandLine) -> None:
    (command.folder / "s.py").write_text("type X = int\nimport imp\n")
    header = command("explain", "s.py").ok().out.partition("\n")[0]
    assert header.startswith("no Python runs it: s.py:1: ")
    assert "; s.py:2: " in header
    assert "<2.7" not in header


A, B = Path("a.py"), Path("b.py")
FAILURES: list[tuple[list[tuple[Path, CondavisionError]], str]] = [
    ([(A, AnalysisError("a.py:3: not Python", "correct it"))], "a.py:3: not Python"),
    (
        [(A, UnreadableModuleError("m.py cannot be read", "correct it"))],
        "a.py: m.py cannot be read",
    ),
    ([(it, UnsolvableError("no a.py", "correct it")) for it in (A, B)], "a.py, b.py: no a.py"),
    ([(it, DeclarationError("c.toml: no", "correct it")) for it in (A, B)], "c.toml: no"),
    (
        [(Path(f"{it}.py"), ChannelError("no answer", "correct it")) for it in "abcdefg"],
        "a.py, b.py, c.py, d.py, e.py and 2 more: no answer",
    ),
]


@pytest.mark.parametrize(("failed", "said"), FAILURES, ids=[said for _, said in FAILURES])
def test_a_failure_names_its_targets_once(
    failed: list[tuple[Path, CondavisionError]], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_failures(failed)
    assert capsys.readouterr().err == f"error: {said}\n  hint: correct it\n"


def test_what_is_still_solved_is_one_line() -> None:
    stream = io.StringIO()
    with LineProgress(stream).doing(Work.SOLVING, 5) as task:
        task.waiting(["a.py"], 15)
        task.waiting(["a.py", "b.py", "c.py", "d.py", "e.py"], 30)
    assert stream.getvalue().splitlines() == [
        "still solving a.py, after 15 s ...",
        "still solving a.py, b.py, c.py and 2 more, after 30 s ...",
    ]
