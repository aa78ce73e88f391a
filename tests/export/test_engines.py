"""Exports for engines that run many jobs, without those engines; tests/interop/ has them."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.requirements import Requirement as SpecifiedRequirement

from condavision.core.platforms import current_subdir
from condavision.environments.environment import environment_of
from condavision.errors import InstallError
from condavision.export.formats import load
from condavision.export.share import Share
from condavision.inference.lock_lookup import locate
from condavision.inference.workspace import Workspace
from condavision.locks.lockfile import write_lock
from condavision.project.config import Flags
from condavision.system.cache_dir import home
from tests.command_line import CommandLine, Finished, InProcess
from tests.locks.test_lockfile import HASH, REQUIREMENTS, sample, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    MakeProject = Callable[[Mapping[str, str]], Path]

SETTINGS = {"condavision.toml": 'channels = ["interpreters:"]\n'}
ECHO = "import sys\nprint(sys.argv[1:])\nsys.exit(len(sys.argv) > 4)\n"
NAME = "-it's $a.py"
RAY = (wheel("ray", "2.60.0", current_subdir()),)
TOOLS = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
LINES = ["a b", "", "$HOME;'\"*", "-dash", "ünï", "last without an end"]


@pytest.fixture
def echo(make_project: MakeProject, bare_home: Path) -> CommandLine:
    """A project with a locked script."""
    command = InProcess(make_project({**SETTINGS, NAME: ECHO}))
    command("lock", f"./{NAME}").ok()
    return command


def test_a_task_of_an_array_runs_the_script_on_its_line(echo: CommandLine) -> None:
    echo("export", f"./{NAME}", "--format", "slurm", "-o", "echo.sbatch").ok()
    (echo.folder / "-inputs.txt").write_text("\n".join(LINES))

    def task(number: str, *words: str) -> tuple[int, str, str]:
        environ = {**TOOLS, "SLURM_ARRAY_TASK_ID": number}
        done = echo.process(["sh", "echo.sbatch", *words], environ=environ)
        return done.code, done.out, done.err

    for number, line in enumerate(LINES, 1):
        assert task(f"{number}", "-inputs.txt", "-x", "y z")[1] == f"{['-x', 'y z', line]}\n"
    assert task("1", "-inputs.txt", "-x", "y", "z")[0] == 1
    code, out, err = task("7", "-inputs.txt")
    assert (code, out, err) == (2, "", "-inputs.txt has no line 7\n")
    assert "no file of inputs" in task("1")[2]
    assert "--array" in task("", "-inputs.txt")[2]


def test_a_task_runs_a_module_in_its_folder(make_project: MakeProject, bare_home: Path) -> None:
    command = InProcess(make_project({**SETTINGS, "some tools/it.py": ECHO, "in.txt": "one\n"}))
    command("lock", "-m", "it", cwd=command.folder / "some tools").ok()
    asked = ["export", "-m", "it", "--format", "slurm", "-o", "../it.sbatch"]
    command(*asked, cwd=command.folder / "some tools").ok()
    environ = {**TOOLS, "SLURM_ARRAY_TASK_ID": "1"}
    done = command.process(["sh", "it.sbatch", "in.txt"], environ=environ).ok()
    assert done.out == "['one']\n"


def test_a_worker_of_ray_starts_in_the_environment(echo: CommandLine) -> None:
    """As Ray 2.60 starts one: variables are set, ``${NAME}`` expanded, bash runs the command."""
    refused = echo("export", f"./{NAME}", "--format", "ray")
    assert (refused.code, refused.out) == (2, "")
    assert "has no Ray" in refused.err
    with contextlib.chdir(echo.folder):
        lock = locate(Path(NAME), Workspace(Flags())).lock
    prefix = echo("path", f"./{NAME}").ok().out.strip()
    share = Share(replace(lock, packages=(*lock.packages, *RAY)), current_subdir())
    with pytest.raises(InstallError, match="is not installed"):
        load("ray").render(share)  # ray itself is not in the environment
    environment_of(share.lock, current_subdir(), home()).prefix.symlink_to(prefix)
    text = load("ray").render(share)
    assert "2.60.0, on Python 3." in text
    environment = yaml.safe_load(text)
    assert environment["working_dir"] == "."
    variables = {name: os.path.expandvars(it) for name, it in environment["env_vars"].items()}
    show = (
        "import os, shutil, sys\n"
        "print(os.path.realpath(sys.prefix), os.environ['PATH'], shutil.which('python'))"
    )
    start = f"exec {environment['py_executable']} -c {shlex.quote(show)}"
    done = echo.process(["bash", "-c", start], environ={**variables, "PYTHONHOME": ""}).ok()
    folder = environment["env_vars"]["CONDA_PREFIX"]
    assert done.out == f"{prefix} {folder}/bin:{os.environ['PATH']} {folder}/bin/python\n"


PLATFORMS = ("linux-64", "osx-arm64")


@pytest.fixture
def shared(make_project: MakeProject, bare_home: Path) -> CommandLine:
    """A project with a lock for two platforms; NumPy and Python from conda, two more from PyPI."""
    command = InProcess(make_project(SETTINGS))
    _lock(command, pip=True)
    return command


def _lock(command: CommandLine, *, pip: bool, platforms: tuple[str, ...] = PLATFORMS) -> None:
    lock = sample(*platforms, pip=pip)
    if pip:
        lock = replace(lock, packages=(*lock.packages, wheel("uvloop", "0.21", "linux-64")))
    write_lock(command.folder / "locks", lock, REQUIREMENTS)


def _snakemake(command: CommandLine) -> Finished:
    return command("export", HASH, "--format", "snakemake", "-o", "envs/it.yaml", "--json")


def test_snakemake_has_a_pin_file_for_each_platform(shared: CommandLine) -> None:
    written = _snakemake(shared).ok().json()["files"]
    assert sorted(path.name for path in (shared.folder / "envs").iterdir()) == [
        "it.linux-64.pin.txt",
        "it.osx-arm64.pin.txt",
        "it.post-deploy.sh",
        "it.yaml",
    ]
    assert sorted(written) == sorted(f"envs/{it.name}" for it in (shared.folder / "envs").iterdir())
    for platform in PLATFORMS:
        asked = ("export", HASH, "--format", "explicit", "--platform", platform)
        pins = (shared.folder / f"envs/it.{platform}.pin.txt").read_text()
        assert pins == shared(*asked).ok().out


def test_snakemake_installs_what_is_from_pypi_on_its_platform(shared: CommandLine) -> None:
    _snakemake(shared).ok()
    text = (shared.folder / "envs/it.post-deploy.sh").read_text()
    (icecream,) = (line for line in text.splitlines() if line.startswith("icecream"))
    (uvloop,) = (line for line in text.splitlines() if line.startswith("uvloop"))
    assert " ; " not in icecream
    (line, _, digest) = uvloop.partition(" --hash=sha256:")
    marker = SpecifiedRequirement(line).marker
    assert marker is not None
    linux = {"sys_platform": "linux", "platform_machine": "x86_64"}
    assert marker.evaluate(linux)
    assert not marker.evaluate({**linux, "sys_platform": "darwin"})
    assert digest == "c" * 64
    inactive = shared.process(["env", "-u", "CONDA_PREFIX", "sh", "envs/it.post-deploy.sh"])
    assert "the environment is not active" in inactive.err  # nothing goes into another
    assert inactive.code != 0


def test_what_a_newer_lock_lacks_is_removed(shared: CommandLine) -> None:
    _snakemake(shared).ok()
    _lock(shared, pip=False, platforms=("linux-64",))
    _snakemake(shared).ok()
    names = {path.name for path in (shared.folder / "envs").iterdir()}
    assert names == {"it.linux-64.pin.txt", "it.yaml"}


@pytest.mark.parametrize("name", ["it.post-deploy.sh", "it.win-64.pin.txt"])
def test_a_file_of_the_user_is_kept(shared: CommandLine, name: str) -> None:
    (shared.folder / "envs").mkdir()
    (shared.folder / "envs" / name).write_text("echo mine\n")
    refused = _snakemake(shared)
    assert (refused.code, name in refused.json()["error"]) == (2, True)
    assert [path.name for path in (shared.folder / "envs").iterdir()] == [name]


@pytest.mark.parametrize(
    ("options", "reason"),
    [((), "several files"), (("-o", "environment.txt"), "beside a .yml or .yaml")],
)
def test_snakemake_has_to_find_the_pin_files(
    shared: CommandLine, options: tuple[str, ...], reason: str
) -> None:
    refused = shared("export", HASH, "--format", "snakemake", *options)
    assert (refused.code, refused.out, reason in refused.err) == (2, "", True)
