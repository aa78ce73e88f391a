"""What cron, systemd and git do with the pages that are about them, by the real ones."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.command_line import CommandLine, InProcess
from tests.pages import in_sh, place, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.interop.conftest import LockedProject

    MakeProject = Callable[[Mapping[str, str]], Path]

LOCAL = {
    "condavision.toml": 'channels = ["interpreters:"]\n',
    "report.py": "import sys\nprint(sys.argv[1:])\n",
}
SERVICE = shown("docs/howto/systemd.md", "[Service]")
TIMER = shown("docs/howto/systemd.md", "[Timer]")
ENABLED = shown("docs/howto/systemd.md", "systemctl")
SERVER = shown("docs/howto/serve.md", "[Service]")
SOCKET = shown("docs/howto/serve.md", "[Socket]")
CRONTAB = shown("docs/howto/cron.md", "# minute hour")
INSTALLED = shown("docs/howto/cron.md", "condavision install /srv")


@pytest.fixture
def command(make_project: MakeProject, home: Path) -> CommandLine:
    """A project with a locked script, ``report.py``."""
    command = InProcess(make_project(LOCAL))
    command("lock", "report.py").ok()
    return command


def test_cron_runs_the_line(command: CommandLine, home: Path, tmp_path: Path) -> None:
    """As cron does: sh, in the home folder, with hardly a variable."""
    in_sh(INSTALLED, command).ok()
    _, line = CRONTAB.splitlines()
    *times, job = line.split(maxsplit=5)
    assert all(re.fullmatch(r"[\d*,/-]+", it) for it in times)
    variables = ["HOME=/", "LOGNAME=ada", "SHELL=/bin/sh", "PATH=/usr/bin:/bin"]
    bare = ["env", "-i", *variables, f"CONDAVISION_HOME={home}", "sh", "-c"]
    ran = command.process([*bare, place(job, command.folder)], cwd=tmp_path).ok()
    assert (ran.out, ran.err) == ("['--month', '5']\n", "")


def _units(folder: Path, command: CommandLine, **units: str) -> list[Path]:
    """Write units, whose folders are those of the test."""
    folder.mkdir()
    for name, text in units.items():
        here = place(text, command.folder)
        (folder / name.replace("_", ".")).write_text(here.replace("/var/", f"{folder}/"))
    return sorted(folder.iterdir())


def _verify(units: list[Path]) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed on this machine")
    line = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)]
    checked = subprocess.run(line, capture_output=True, text=True, check=False)
    found = [it for it in checked.stderr.splitlines() if "SO_PASSCRED" not in it]
    assert (checked.returncode, found) == (0, [])


def _as_started(unit: str) -> Callable[[str], list[list[str]]]:
    """Return the command lines of a service, by the name of their setting."""

    def lines(name: str) -> list[list[str]]:
        return [it.split() for it in re.findall(rf"(?m)^{name}=(.*)$", unit)]

    return lines


def test_systemd_runs_the_service(command: CommandLine, tmp_path: Path) -> None:
    units = _units(tmp_path / "units", command, report_service=SERVICE, report_timer=TIMER)
    _verify(units)
    setting = _as_started(units[0].read_text())
    ((folder,),), environ = setting("WorkingDirectory"), setting("Environment")
    bare = ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", *(it for (it,) in environ)]
    for before in setting("ExecStartPre"):
        command.process([*bare, *before], cwd=Path(folder)).ok()
    (start,) = setting("ExecStart")
    assert command.process([*bare, *start], cwd=Path(folder)).ok().out == "['--month', '5']\n"


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemd is not installed")
def test_systemd_enables_the_timer(command: CommandLine, tmp_path: Path) -> None:
    """In a tree of its own, in which no systemd runs that could start it ``--now``."""
    folder = tmp_path / "etc" / "systemd" / "system"
    folder.parent.mkdir(parents=True)
    _units(folder, command, report_service=SERVICE, report_timer=TIMER)
    start, *words = ENABLED.replace("--now ", "").split()
    command.process([start, f"--root={tmp_path}", *words]).ok()
    assert [it.name for it in folder.glob("timers.target.wants/*")] == ["report.timer"]


def test_systemd_keeps_the_socket_of_the_server(command: CommandLine, tmp_path: Path) -> None:
    scripts = command.folder / "scripts"
    scripts.mkdir()
    shutil.copy(command.folder / "report.py", scripts)
    command("lock", "scripts").ok()
    units = _units(tmp_path / "units", command, api_service=SERVER, api_socket=SOCKET)
    _verify(units)
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("systemd-socket-activate is not installed on this machine")
    setting = _as_started(units[0].read_text())
    (start,) = setting("ExecStart")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(120)
        variables = [f"NOTIFY_SOCKET={tmp_path / 'notify'}", "PATH=/usr/bin:/bin"]
        given = [*variables, *(it for (it,) in setting("Environment"))]
        listen = [activate, f"--listen=127.0.0.1:{port}", *(f"--setenv={it}" for it in given)]
        with subprocess.Popen([*listen, *start], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                assert "Listening on" in process.stderr.readline()
                answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=600)
                assert answer.status_code == 200
                assert told.recv(100) == b"READY=1"
                process.terminate()
                assert told.recv(100) == b"STOPPING=1"
                process.stderr.read()
                assert process.wait(600) == 0
            finally:
                process.kill()


DIFFERENCES = {
    "bots": ("report.py", shown("docs/howto/bots.md", "diff --markdown")),
    "ci": ("scripts/report.py", shown("docs/howto/ci.md", "diff --markdown")),
    "upgrade": ("report.py", shown("docs/howto/upgrade.md", "diff --markdown")),
}
GIT = "git -c user.name=ada -c user.email=ada@example.org"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize(("script", "line"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_a_lock_is_compared_with_that_of_a_commit(
    project: LockedProject, script: str, line: str
) -> None:
    command = project.command
    path = command.folder / script
    path.parent.mkdir(exist_ok=True)
    path.write_text("import six\n")
    command("lock", script, "--platform", "linux-64").ok()
    commit = f"git init -q; git add .; {GIT} commit -qm first"
    in_sh(f"{commit}; git update-ref refs/remotes/origin/main HEAD", command).ok()
    path.write_text("import requests, six\n")
    command("lock", script, "--platform", "linux-64").ok()
    printed = in_sh(line, command).ok().out
    assert re.search(r"(?m)^\| `?requests`? \| ", printed), printed
