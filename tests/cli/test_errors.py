"""Errors: one paragraph each, an exit code of their own, and nothing left behind."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.channels.server import Fault
from tests.command_line import CONDAVISION, CommandLine, Finished, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.channels.server import Channel

    MakeProject = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def command(make_project: MakeProject, channel: Channel, home: Path) -> CommandLine:
    """condavision in a project on the test channel, served over HTTP."""
    return InProcess(
        make_project(
            {
                "condavision.toml": f'channels = ["{channel.http_url}"]\n',
                "ok.py": "import six\nprint(six.__name__)\n",
            }
        )
    )


def refused(finished: Finished, code: int, *said: str) -> None:
    """Check that a command failed the way a person can work with."""
    assert finished.code == code, f"{finished.code}\n{finished.out}\n{finished.err}"
    assert "Traceback" not in finished.err
    assert "error: " in finished.err
    assert "\n\n" not in finished.err.strip(), "one paragraph"
    for text in said:
        assert text in finished.err.replace("\n", " ")


SCRIPTS: list[tuple[str, bytes, int, tuple[str, ...]]] = [
    ("binary", bytes(range(256)) * 10, 65, ("bad.py:1", "not Python")),
    ("NUL", b"x = 1\n\0\n", 65, ("bad.py:2", "NUL")),
    ("prose", b"hello world, this is no program at all!\n", 65, ("bad.py:1", "not Python")),
    ("empty", b"", 65, ("bad.py is empty",)),
    ("broken syntax", b"import yaml\ndef f(:\n    pass\n", 65, ("bad.py:2", "invalid syntax")),
    ("unknown encoding", b"# coding: klingon\nx = 1\n", 65, ("bad.py:1", "klingon")),
    (
        "not its encoding",
        b"# coding: utf-8\n# /// script\n# requires-python = '>=3.8'\n# ///\nx = '\xff'\n",
        65,
        ("bad.py:5", "declared encoding", "bad.py:3"),
    ),
    (
        "no Python at all",
        b"# /// script\n# requires-python = '>=3.8'\n# ///\nprint 'a'\n",
        65,
        ("bad.py:2", ">=3.8", "bad.py:4", "print statement"),
    ),
    ("malformed PEP 723", b"# /// script\n# dependencies = [\n# ///\n", 65, ("bad.py",)),
    ("unknown import", b"import pandass_x\n", 66, ("bad.py:1", "pandass_x", "[imports]")),
    (
        "unsolvable",
        b'# /// script\n# dependencies = ["requests<0.1"]\n# ///\nimport requests\n',
        67,
        ("No candidates were found for requests <0.1", "requests <0.1 (bad.py:2)"),
    ),
    (
        "unsolvable Python",
        b'# /// script\n# requires-python = ">=3.15"\n# ///\n',
        67,
        ("no channel has Python >=3.15", "only 2.7, 3.8"),
    ),
]


@pytest.mark.parametrize(
    ("content", "code", "said"), [case[1:] for case in SCRIPTS], ids=[case[0] for case in SCRIPTS]
)
def test_scripts_that_cannot_be_locked(
    command: CommandLine, content: bytes, code: int, said: tuple[str, ...]
) -> None:
    (command.folder / "bad.py").write_bytes(content)
    refused(command("lock", "bad.py"), code, *said)
    assert not list(command.folder.glob("locks/*.yml")), "nothing half-written"


def test_a_missing_file(command: CommandLine) -> None:
    for verb in ("lock", "run", "check", "explain", "install", "path"):
        refused_check = command(verb, "nowhere.py")
        assert refused_check.code == 65, verb
        assert "nowhere.py" in refused_check.err + refused_check.out
        assert "Traceback" not in refused_check.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_not_waited_for(command: CommandLine) -> None:
    os.mkfifo(command.folder / "pipe.py")
    refused(command("lock", "pipe.py"), 65, "not a regular file")
    refused(command("run", "pipe.py"), 65, "not a regular file")
    (command.folder / "pkg").mkdir()
    os.mkfifo(command.folder / "pkg" / "__init__.py")
    (command.folder / "zero.py").symlink_to("/dev/zero")
    (command.folder / "s.py").write_text("import pkg.a, pipe, zero\n")
    explained = command("explain", "s.py").ok()
    for name in ("pkg/__init__.py", "pipe.py", "zero.py"):
        assert f"{name}:1: not read as Python" in explained.err


def test_a_wrong_option(command: CommandLine) -> None:
    assert command("lock", "--no-such-option", "ok.py").code == 2
    refused(command("lock", "-c", "?", "ok.py"), 2, "`?` is not a channel")
    refused(command("lock", "-c", "interpreters:", "-c", "x", "ok.py"), 2, "does not mix")


def test_a_conda_that_no_engine_uses(command: CommandLine) -> None:
    finished = command("lock", "ok.py", "--conda", "mamba")
    refused(finished, 2, "--conda mamba is for the engine conda-lock", "add --engine conda-lock")


@pytest.mark.parametrize("package", ["rattler", "packaging"])
def test_a_package_of_condavision_that_is_removed(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    (command.folder / "team.yml").write_text("dependencies: [six=1]\n")
    monkeypatch.delitem(sys.modules, "condavision.compile_stage.preferred_versions", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    finished = command("lock", "ok.py", "--from", "team.yml")
    refused(finished, 1, f"lacks the package {package}", "install condavision again")


def test_json_tells_errors_too(command: CommandLine) -> None:
    found = command("explain", "--json", "nowhere.py")
    assert found.json()["code"] == found.code == 65


@pytest.mark.slow
@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "file:///no/such/channel"])
def test_an_unreachable_channel(command: CommandLine, url: str) -> None:
    refused(command("lock", "-c", url, "ok.py"), 69, url)
    assert not list(command.folder.glob("locks/*.yml"))


def test_a_channel_that_is_none(command: CommandLine, channel: Channel) -> None:
    refused(command("lock", "-c", f"{channel.http_url}/nope", "ok.py"), 69, "404")


def test_no_lock_and_a_stale_lock(command: CommandLine) -> None:
    refused(command("run", "ok.py"), 70, "ok.py has no lock", "condavision lock ok.py")
    command("lock", "ok.py").ok()
    (command.folder / "ok.py").write_text("import requests\n")
    refused(command("run", "ok.py"), 71, "added requests", "condavision lock ok.py")
    (command.folder / "ok.py").write_text("import six\n# edited\n")
    (lock,) = command.folder.glob("locks/*.conda-lock.yml")
    lock.unlink()
    refused(command("run", "ok.py"), 70, lock.name, "missing")


@pytest.mark.slow
def test_hints_repeat_what_leads_to_the_lock(command: CommandLine, channel: Channel) -> None:
    """The command of a hint has the options it needs: the folder of locks, the channel."""
    wanted = "condavision lock --locks 'other locks' ok.py"
    options = ["--locks", "other locks"]
    refused(command("run", *options, "ok.py"), 70, wanted)
    said = command("check", "--platform", "linux-64", *options, "ok.py").out
    assert "condavision lock --platform linux-64 --locks 'other locks' ok.py" in said
    given = ["-c", f"{channel.http_url}/"]
    command("lock", *given, *options, "ok.py").ok()
    command("run", "-q", *options, "ok.py").ok()
    (command.folder / "ok.py").write_text("import requests\n")
    wanted = f"condavision lock -c {channel.http_url} --locks 'other locks' ok.py"
    refused(command("run", *options, "ok.py"), 71, wanted)
    command("lock", "ok.py").ok()
    command("lock", *shlex.split(wanted)[2:]).ok()
    command("run", "-q", *options, "ok.py").ok()
    refused(command("run", "--locks", "locks", "no.py"), 65)
    refused(command("install", "0" * 16, *options), 70, "lock --locks 'other locks' SCRIPT")


DAMAGES: dict[str, Callable[[str], str]] = {
    "truncated": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "another sha256": lambda text: re.sub("sha256: '?", r"\g<0>0", text, count=1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_lock(command: CommandLine, damage: Callable[[str], str], home: Path) -> None:
    command("lock", "ok.py").ok()
    (lock,) = command.folder.glob("locks/*.conda-lock.yml")
    intact = lock.read_text()
    lock.write_text(damage(intact))
    failed = command("run", "ok.py")
    refused(failed, 72, lock.name)
    hints = [line for line in failed.err.splitlines() if line.startswith("  hint: ")]
    assert hints == [
        "  hint: restore it from version control",
        "  hint: or run `condavision lock ok.py`",
    ]
    assert not list((home / "envs").glob("*")), "nothing was installed from it"
    command("lock", "ok.py").ok()
    assert lock.read_text() == intact, "and locking again repairs it"


@pytest.mark.parametrize("fault", [Fault.NOT_FOUND, Fault.TRUNCATED, Fault.GARBLED])
def test_an_artefact_that_is_not_what_was_locked(
    command: CommandLine, channel: Channel, fault: Fault, home: Path
) -> None:
    command("lock", "ok.py").ok()
    channel.fail("six-", fault)
    refused(command("run", "ok.py"), 73, "six")
    assert not [path for path in (home / "envs").glob("*") if path.is_dir()]
    channel.heal()
    assert command("run", "-q", "ok.py").ok().out == "six\n"


def test_a_lock_of_another_machine_s_interpreters(command: CommandLine) -> None:
    (command.folder / "ok.py").write_text("print(1)\n")
    command("lock", "-c", "interpreters:", "ok.py").ok()
    (lock,) = command.folder.glob("locks/.local/*.conda-lock.yml")
    from condavision.locks.lockfile import read_lock, render

    found = read_lock(lock)
    from dataclasses import replace

    from condavision.core.model import Requirements
    from condavision.core.pythons import PythonRange

    foreign = replace(
        found,
        packages=tuple(replace(package, sha256="f" * 64) for package in found.packages),
    )
    files = render(foreign, Requirements(PythonRange(), (), found.channels))
    lock.write_text(files[lock.name])
    refused(command("run", "ok.py"), 74, "another machine", "condavision lock")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder it cannot write")
def test_a_folder_that_cannot_be_written(command: CommandLine) -> None:
    command.folder.chmod(0o555)
    refused(command("lock", "ok.py"), 1, "cannot be written")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_an_interrupted_lock_leaves_nothing(command: CommandLine, channel: Channel) -> None:
    channel.fail("", Fault.SLOW)
    process = subprocess.Popen(
        [*CONDAVISION, "lock", "ok.py"],
        cwd=command.folder,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
    )
    while not channel.requested:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not list(command.folder.glob("locks/*.yml"))


def test_a_cache_that_cannot_be_written_is_named(
    local_command: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for verb in (["lock", "s.py"], ["list"], ["list", "--json"]):
        failed = local_command(*verb, environ={"CONDAVISION_HOME": str(tmp_path / "file")})
        assert failed.code == 1
        assert "Traceback" not in failed.err
        assert "Not a directory" in failed.err or "File exists" in failed.err
