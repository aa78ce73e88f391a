"""A script that ran before starts at once, and only if nothing that decided how has changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import condavision
from condavision.environments.activation import Activation, load
from condavision.exec_stage.prepared import Prepared, WarmInputs
from condavision.exec_stage.warm_record import write_warm_record
from condavision.system.cache_dir import home
from condavision.warm import read_fields, record_path, warm_command, warm_home

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from condavision.environments.environment import Environment

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the warm path is POSIX's")

MISSING_LOCK = 70  # what the long way ends with here: the project has no locks
NEEDED = ("PATH", "HOME", "TMPDIR", "LANG")


@dataclass(frozen=True)
class Project:
    """A script that ran once, and what it ran with."""

    root: Path
    home: Path
    environment: Environment

    @property
    def script(self) -> Path:
        return self.root / "report.py"

    def inputs(self, started: int | None = None) -> WarmInputs:
        files = (self.script, self.root / "local.py", self.root / "lock.yml")
        variables = {"PYTHONPATH": None, "CONDAVISION_HOME": str(self.home)}
        return WarmInputs(
            files=(*files, self.root / "condavision.toml"),
            folders=(self.root,),
            variables=variables,
            started=started or time.time_ns(),
        )

    def remember(
        self,
        started: int | None = None,
        activation: Activation | None = None,
        paths: tuple[Path, ...] = (),
    ) -> bool:
        found = activation or load(self.environment.prefix)
        inputs = self.inputs(started)
        return write_warm_record(
            self.home, Prepared(self.script, self.environment, found, paths, inputs)
        )

    def variables(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in NEEDED if name in os.environ}
        return {**kept, "CONDAVISION_HOME": str(self.home), **more}

    def run(
        self, *args: str, options: Sequence[str] = (), **more: str
    ) -> subprocess.CompletedProcess[str]:
        code = "from condavision.entry import main; main()"
        command = [sys.executable, "-c", code, "run", *options, str(self.script), *args]
        root = str(Path(condavision.__file__).parents[1])
        return subprocess.run(
            command,
            env=self.variables(**more),
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )

    def is_warm(self, **more: str) -> bool:
        return warm_command(str(self.script), [], self.variables(**more)) is not None


@pytest.fixture
def project(home: Path, tmp_path: Path, make_environment: Callable[..., Environment]) -> Project:
    root = tmp_path / "a project"
    root.mkdir()
    (root / "report.py").write_text("import sys; print('ran', sys.argv[1:], sys.prefix)\n")
    for name in ("local.py", "lock.yml"):
        (root / name).write_text("x = 1\n")
    made = Project(root, home, make_environment(compile_bytecode=False))
    time.sleep(0.12)  # what was written just now is not trusted
    assert made.remember()
    return made


def test_an_edit_is_seen_by_the_file_systems_clock(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Network mounts have the server's clock; this machine's may be ahead of it."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 20_000_000_000)
    started = time.time_ns()
    project.script.write_text("print('edited after that')\n")
    assert not project.remember(started)
    time.sleep(0.12)
    assert project.remember()


def test_it_runs_without_reading_locks(project: Project) -> None:
    result = project.run("a", "b c")
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"ran ['a', 'b c'] {project.environment.prefix}\n"
    shutil.rmtree(project.home / "warm")
    assert project.run().returncode == MISSING_LOCK


@pytest.mark.parametrize(
    "words", [["-q"], ["--quiet"], ["--"], ["-q", "--"], ["--quiet", "-q", "--"]], ids=" ".join
)
def test_options_that_change_nothing_are_warm(words: list[str], project: Project) -> None:
    result = project.run("a", "-q", options=words)  # there are no locks: only warm it can run
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("ran ['a', '-q'] ")


def test_nothing_heavy_is_imported(project: Project) -> None:
    code = (
        "import sys; before = set(sys.modules); import condavision.entry, condavision.warm, os;"
        f"assert condavision.warm.warm_command({str(project.script)!r}, [], os.environ);"
        "print(*sorted(set(sys.modules) - before))"
    )
    root = str(Path(condavision.__file__).parents[1])
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=project.variables(),
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == ["condavision", "condavision.entry", "condavision.warm"]


def _rewrite_with_old_time(path: Path) -> None:
    status = path.stat()
    path.write_text("y = 2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _replace_by_copy(path: Path) -> None:
    shutil.copy2(path, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _python(project: Project) -> Path:
    return project.environment.python.resolve()


def _lead_elsewhere(project: Project) -> None:
    records = project.home / "warm"
    records.rename(project.home / "elsewhere")
    records.symlink_to("elsewhere")


CHANGES: tuple[tuple[str, bool, Callable[[Project], object]], ...] = (
    ("nothing", True, lambda _: None),
    ("results beside the script", True, lambda p: (p.root / "out.csv").write_text("1")),
    ("compiled local modules", True, lambda p: (p.root / "__pycache__").mkdir()),
    ("the script", False, lambda p: p.script.write_text("pass\n")),
    ("a local module, time kept", False, lambda p: _rewrite_with_old_time(p.root / "local.py")),
    ("the lock, by a copy", False, lambda p: _replace_by_copy(p.root / "lock.yml")),
    ("the lock gone", False, lambda p: (p.root / "lock.yml").unlink()),
    ("a module that hides a package", False, lambda p: (p.root / "requests.py").write_text("")),
    ("a folder that hides a package", False, lambda p: (p.root / "requests").mkdir()),
    ("a module gone", False, lambda p: (p.root / "local.py").unlink()),
    ("a configuration", False, lambda p: (p.root / "condavision.toml").write_text("")),
    ("its interpreter linked", True, lambda p: (p.home / "python").hardlink_to(_python(p))),
    ("its interpreter replaced", False, lambda p: _replace_by_copy(_python(p))),
    ("the environment unfinished", False, lambda p: p.environment.marker.unlink()),
    ("the interpreter gone", False, lambda p: p.environment.python.unlink()),
    ("others may write records", False, lambda p: (p.home / "warm").chmod(0o777)),
    (
        "records lead elsewhere",
        False,
        _lead_elsewhere,
    ),
)


@pytest.mark.parametrize(("name", "warm", "change"), CHANGES, ids=[row[0] for row in CHANGES])
def test_what_ends_it(
    name: str, warm: bool, change: Callable[[Project], object], project: Project
) -> None:
    assert project.is_warm()
    change(project)
    assert project.is_warm() == warm


def test_live_scripts_and_paths_are_part_of_it(project: Project, tmp_path: Path) -> None:
    live = tmp_path / "it's live.sh"
    live.write_text("export NOW=now$SET; echo noise\n")
    found = load(project.environment.prefix)
    found = Activation((*found.operations, ("SET", "", "", "", "", "=1")), (str(live),))
    project.script.write_text("import os; print(os.environ['NOW'], os.environ['PYTHONPATH'])")
    time.sleep(0.12)
    assert project.remember(activation=found, paths=(tmp_path / "a", tmp_path / "b"))
    result = project.run()
    assert result.stdout == f"now1 {tmp_path}/a:{tmp_path}/b\n", result.stderr
    assert result.stderr == "noise\n"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
def test_records_of_somebody_else_are_ignored(project: Project) -> None:
    os.chown(project.home / "warm", 12345, 12345)
    assert not project.is_warm()


def test_variables_that_were_read_are_checked(project: Project) -> None:
    assert not project.is_warm(PYTHONPATH="/somewhere")
    assert not project.is_warm(PYTHONPATH="")
    assert project.is_warm(UNRELATED="1")


def test_a_link_to_a_script_is_the_script(project: Project, tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(project.script)
    found = warm_command(str(link), ["x"], project.variables())
    assert found is not None
    assert found[0][1:] == [str(link), "x"]


def test_what_changed_just_now_is_not_trusted(project: Project) -> None:
    shutil.rmtree(project.home / "warm")
    started = time.time_ns()
    project.script.write_text("pass\n")
    assert not project.remember(started)
    assert not project.remember()
    assert not project.is_warm()


def test_the_time_of_use_is_noted(project: Project) -> None:
    used = project.environment.marker.with_name("condavision-used")
    used.touch()
    os.utime(used, (0, 0))
    assert project.is_warm()
    assert time.time() - used.stat().st_mtime < 60


def test_a_cache_that_cannot_be_written_is_no_error(project: Project) -> None:
    shutil.rmtree(project.home / "warm")
    (project.home / "warm").write_text("")
    assert not project.remember()


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_damaged_record_is_no_record(data: st.DataObject, project: Project) -> None:
    path = Path(record_path(str(project.home), os.path.realpath(project.script)))
    project.remember()
    whole = path.read_bytes()
    right = warm_command(str(project.script), [], project.variables())
    assert right is not None
    cut = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:cut] + data.draw(st.sampled_from([b"", b"\0", b"9\0", b"-1\0"]))
    assume(damaged != whole)
    path.write_bytes(damaged)
    try:
        found = warm_command(str(project.script), [], project.variables())
    except (OSError, ValueError):
        found = None
    assert found is None
    path.write_bytes(whole)


@pytest.mark.parametrize(
    "variables",
    [
        {"HOME": "/home/x"},
        {"HOME": "/home/x", "XDG_CACHE_HOME": "/cache"},
        {"HOME": "/home/x", "XDG_CACHE_HOME": "  "},
        {"HOME": "/home/x", "CONDAVISION_HOME": "/a/b"},
        {"HOME": "/home/x", "CONDAVISION_HOME": "relative/home"},
        {"HOME": "/home/x", "CONDAVISION_HOME": ""},
    ],
)
def test_both_doors_know_the_same_home(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "CONDAVISION_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Path(warm_home(os.environ)) == home()


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices are not files there")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_never_ends_is_no_record(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "record")
    assert read_fields(str(tmp_path / "record")) == []
