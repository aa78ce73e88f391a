"""Launchers start the script with the same variables, and only while nothing is newer."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import condavision
from condavision.environments import activation
from condavision.environments.environment import Environment
from condavision.environments.last_use import LAUNCHED
from condavision.errors import MissingLockError, UsageError
from condavision.exec_stage.prepared import Prepared, WarmInputs
from condavision.exec_stage.shell_launchers import write_launcher
from tests.environments.test_activation import (
    CASES,
    STATES,
    Case,
    make_prefix,
    seen,
    variables_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sh")

ROOT = str(Path(condavision.__file__).parents[1])
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
FELL_BACK = "condavision was asked: "


@dataclass(frozen=True)
class Scene:
    """A script with a launcher, and a ``condavision`` on PATH that only prints its arguments."""

    root: Path
    environment: Environment
    launcher: Path

    def run(self, shell: str, *args: str, **variables: str) -> str:
        environ = {"PATH": f"{self.root / 'stub'}:/usr/bin:/bin", **variables}
        command = [shutil.which(shell) or shell, str(self.launcher), *args]
        ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert ran.stderr == ""
        return ran.stdout


def make_scene(root: Path, environment: Environment, code: str) -> Scene:
    for name in ("project", "stub", "launchers"):
        (root / name).mkdir()
    script = root / "project" / "it's a $report.py"
    script.write_text(code)
    (root / "project" / "local.py").write_text("")
    stub = root / "stub" / "condavision"
    stub.write_text(f'#!/bin/sh\necho "{FELL_BACK}$*"\n')
    stub.chmod(0o755)
    earlier = time.time() - 10  # what was just written makes a launcher that is renewed
    for path in (root / "project", *(root / "project").iterdir()):
        os.utime(path, (earlier, earlier))
    inputs = WarmInputs(
        files=(script, root / "project" / "local.py", root / "project" / "condavision.toml"),
        folders=(root / "project",),
        variables={"PYTHONPATH": None, "MODE": "a 'b'"},
    )
    found = activation.load(environment.prefix)
    prepared = Prepared(script, environment, found, (root / "more paths",), inputs)
    return Scene(root, environment, write_launcher(root / "launchers", prepared))


def scene_of(folder: Path, case: Case) -> Scene:
    prefix = make_prefix(folder, case)
    environment = Environment(prefix, "k", "linux-64")
    environment.marker.write_text("")
    environment.python.parent.mkdir()
    environment.python.symlink_to(sys.executable)
    code = "import json, os, sys; print(json.dumps([sys.argv, os.getpid(), dict(os.environ)]))"
    return make_scene(folder, environment, code)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return scene_of(tmp_path, Case("no activation scripts", {}))


MODE = {"MODE": "a 'b'"}


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_the_script(shell: str, tmp_path: Path) -> None:
    scene = scene_of(tmp_path, Case("", "export A=1"))
    argv, _, environ = json.loads(scene.run(shell, "a b", "*", "", **MODE))
    assert argv == [str(scene.root / "project" / "it's a $report.py"), "a b", "*", ""]
    assert environ["A"] == "1"
    assert environ["CONDA_PREFIX"] == str(scene.environment.prefix)
    assert environ["PYTHONPATH"] == str(scene.root / "more paths")
    assert not [name for name in environ if name.startswith("_cv")]


CHANGES: tuple[tuple[str, Callable[[Scene], object]], ...] = (
    ("the script", lambda s: (s.root / "project" / "it's a $report.py").write_text("")),
    ("a local module", lambda s: (s.root / "project" / "local.py").write_text("x")),
    ("a local module gone", lambda s: (s.root / "project" / "local.py").unlink()),
    ("a configuration", lambda s: (s.root / "project" / "condavision.toml").write_text("")),
    ("a new module", lambda s: (s.root / "project" / "requests.py").write_text("")),
    ("the environment gone", lambda s: shutil.rmtree(s.environment.prefix)),
    ("the environment rebuilt", lambda s: s.environment.marker.write_text("new")),
    ("the launcher moved", lambda s: s.launcher.rename(s.launcher.with_name("moved"))),
)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("name", "change"), CHANGES, ids=[row[0] for row in CHANGES])
def test_what_is_newer_is_left_to_condavision(
    name: str, change: Callable[[Scene], object], shell: str, scene: Scene
) -> None:
    earlier = time.time() - 10  # dash may compare seconds
    for path in (scene.root, *scene.root.rglob("*")):
        os.utime(path, (earlier, earlier), follow_symlinks=False)
    assert FELL_BACK not in scene.run(shell, **MODE)
    change(scene)
    moved = scene.launcher.with_name("moved")
    scene = Scene(scene.root, scene.environment, moved if moved.exists() else scene.launcher)
    script = scene.root / "project" / "it's a $report.py"
    renew = "" if moved.exists() else f"--launcher {scene.launcher.parent} "
    assert scene.run(shell, "a", **MODE) == f"{FELL_BACK}run {renew}{script} a\n"


def _come_and_go(folder: Path) -> None:
    (folder / "x").touch()
    (folder / "x").unlink()


OTHER_FILES: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("a result", lambda folder: (folder / "out.csv").write_text("")),
    ("a hidden file", lambda folder: (folder / ".local.py").write_text("")),
    ("a star", lambda folder: (folder / "*").write_text("")),
    ("bytecode", lambda folder: (folder / "__pycache__").mkdir()),
    ("the same names", _come_and_go),
)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("name", "add"), OTHER_FILES, ids=[row[0] for row in OTHER_FILES])
def test_what_is_no_module_may_come_and_go(
    name: str, add: Callable[[Path], object], shell: str, scene: Scene
) -> None:
    folder = scene.root / "project"
    add(folder)
    assert folder.stat().st_mtime > scene.launcher.stat().st_mtime
    assert FELL_BACK not in scene.run(shell, **MODE)


def test_what_was_just_written_is_renewed(scene: Scene) -> None:
    """Another edit in the same tick of the clock would leave the times as they are."""
    script = scene.root / "project" / "it's a $report.py"
    script.write_text("1")
    soon = script.stat().st_mtime_ns + 25_000_000
    found = activation.load(scene.environment.prefix)
    inputs = WarmInputs((script,), (), {}, started=soon)
    prepared = Prepared(script, scene.environment, found, (), inputs)
    write_launcher(scene.launcher.parent, prepared)
    assert scene.run("sh", "a").startswith(f"{FELL_BACK}run --launcher ")


def test_an_edit_is_seen_by_the_file_systems_clock(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Network mounts have the server's clock; this machine's may be ahead of it."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 20_000_000_000)
    script = scene.root / "project" / "it's a $report.py"
    inputs = WarmInputs((script,), (), {}, started=time.time_ns())
    script.write_text("edited after that")
    found = activation.load(scene.environment.prefix)
    with pytest.raises(UsageError, match="is being changed"):
        write_launcher(
            scene.launcher.parent, Prepared(script, scene.environment, found, (), inputs)
        )


def test_it_keeps_to_its_cache_folder(scene: Scene) -> None:
    """As cron starts it, without the variable that it was made with."""
    script = scene.root / "project" / "it's a $report.py"
    found = activation.load(scene.environment.prefix)
    inputs = WarmInputs((script,), (), {"CONDAVISION_HOME": "/a $home"})
    prepared = Prepared(script, scene.environment, found, (), inputs)
    write_launcher(scene.launcher.parent, prepared)
    stub = scene.root / "stub" / "condavision"
    stub.write_text(f'#!/bin/sh\necho "{FELL_BACK}$CONDAVISION_HOME"\n')
    for shell in SHELLS:
        environ = json.loads(scene.run(shell))[2]
        assert "CONDAVISION_HOME" not in environ
        other = {"CONDAVISION_HOME": "/other"}
        assert scene.run(shell, **other) == f"{FELL_BACK}/other\n"
    script.write_text("1")
    assert scene.run("sh") == f"{FELL_BACK}/a $home\n"


def test_a_launcher_stays_fresh_and_is_renewed(local_command: CommandLine, bare_home: Path) -> None:
    """In a new folder beside the script, and after an edit that its lock survives."""
    command, stub = local_command, local_command.folder / "bin" / "stub"
    script = command.folder / "s.py"
    command("lock", "s.py").ok()
    past = time.time() - 10
    for path in (command.folder, *command.folder.rglob("*")):
        os.utime(path, (past, past))
    command("install", "--launcher", "bin", "s.py").ok()
    stub.mkdir()
    (stub / "condavision").write_text(f"#!/bin/sh\necho {FELL_BACK}\n")
    (stub / "condavision").chmod(0o755)
    launcher = str(command.folder / "bin" / "s")
    alone = {"PATH": f"{stub}:/usr/bin:/bin"}
    assert command.process([launcher], environ=alone).out == "s\n"
    for path in (Path(launcher), *bare_home.rglob("conda-meta/condavision")):
        os.utime(path, (past, past))  # dash may compare seconds
    script.write_text("print('edited')\n")
    assert command.process([launcher], environ=alone).out.startswith(FELL_BACK.strip())
    with_ours = {"PATH": "/usr/bin:/bin"}
    assert command.process([launcher], environ=with_ours).ok().out == "edited\n"
    assert command.process([launcher], environ=alone).out == "edited\n"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("variables", [{}, {**MODE, "PYTHONPATH": ""}, {"MODE": "other"}])
def test_other_variables_are_left_to_condavision(
    variables: dict[str, str], shell: str, scene: Scene
) -> None:
    assert scene.run(shell, **variables).startswith(FELL_BACK)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_time_of_use_is_noted(shell: str, scene: Scene) -> None:
    launched = scene.environment.marker.with_name(LAUNCHED)
    os.utime(launched, (0, 0))
    scene.run(shell, **MODE)
    assert time.time() - launched.stat().st_mtime < 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_variables_are_those_of_run(case: Case, tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path, case)
    environment = Environment(prefix, "k", "linux-64")
    environment.marker.write_text("")
    environment.python.parent.mkdir()
    environment.python.write_text("#!/bin/sh\nexec /usr/bin/env -0\n")  # starts faster
    environment.python.chmod(0o755)
    found = activation.derive(prefix)
    activation.store(found, prefix)
    scene = make_scene(tmp_path, environment, "")
    for shell, state in itertools.product(SHELLS, STATES[:3]):
        variables = {**MODE, **state}
        result = seen(scene.run(shell, **variables).encode())
        if found.live:
            continue  # the same wrapper runs it; the process differs in time and number
        environ = {"PATH": f"{tmp_path / 'stub'}:/usr/bin:/bin", **variables}
        expected = variables_of(found, environ, [tmp_path / "more paths"])
        assert {name: value for name, value in result.items() if name != "OLDPWD"} == expected


def test_other_files_are_not_overwritten(scene: Scene, tmp_path: Path) -> None:
    other = tmp_path / "other" / "it's a $report.py"
    mine = tmp_path / "project" / other.name
    found = activation.load(scene.environment.prefix)

    def write(script: Path) -> None:
        inputs = WarmInputs((), (), {})
        prepared = Prepared(script, scene.environment, found, (), inputs)
        write_launcher(scene.launcher.parent, prepared)

    for text in (scene.launcher.read_text(), "#!/bin/sh\n"):
        scene.launcher.write_text(text)
        with pytest.raises(UsageError, match="is not a launcher of"):
            write(other)
    assert scene.launcher.read_text() == "#!/bin/sh\n"
    scene.launcher.write_text("#!/bin/sh\n# made by condavision for '\n")
    with pytest.raises(UsageError, match="is not a launcher of"):
        write(mine)


def test_a_project_that_moved_gets_its_launchers_again(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "project").rename(tmp_path / "moved")
    script = tmp_path / "moved" / "it's a $report.py"
    inputs = WarmInputs((script,), (), {})
    found = activation.load(scene.environment.prefix)
    prepared = Prepared(script, scene.environment, found, (), inputs)
    again = write_launcher(scene.launcher.parent, prepared)
    assert again == scene.launcher
    ran = subprocess.run(["sh", str(again)], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)[0] == [str(script)]


def test_without_condavision_on_path_this_one_is_asked(scene: Scene, home: Path) -> None:
    (scene.root / "project" / "local.py").unlink()
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": ROOT, "CONDAVISION_HOME": str(home)}
    ran = subprocess.run(
        ["sh", str(scene.launcher)], env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == MissingLockError.code
    assert "has no lock" in ran.stderr
