"""Exports of locks, each read by the tool it is for."""

from __future__ import annotations

import glob
import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import uv
import yaml
from conda_lock.src_parser.environment_yaml import parse_environment_file
from rattler.explicit_environment import ExplicitEnvironmentSpec

from condavision.core.model import Manager
from condavision.export.formats import FORMATS, load
from condavision.locks.lockfile import read_lock
from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel
    from tests.interop.conftest import CondaLock, LockedProject

    MakeProject = Callable[[Mapping[str, str]], Path]

PINNED = '# /// script\n# requires-python = "==3.12.*"\n# ///\n'


@pytest.fixture
def pypi_only(
    make_project: MakeProject, home: Path, interpreter: Callable[[Minor], Interpreter]
) -> CommandLine:
    """A locked script, ``words.py``, all of whose packages come from PyPI."""
    interpreter((3, 12))
    words = f"{PINNED}import humanize, six, yaml\nprint(humanize.intcomma(1234567))\n"
    command = InProcess(make_project({"words.py": words}))
    command("lock", "-c", "interpreters:", "words.py").ok()
    return command


@pytest.mark.parametrize("platform", ["linux-64", "win-64"])
def test_explicit_urls_are_read_by_rattler(project: LockedProject, platform: str) -> None:
    lock = read_lock(project.lock("words.py", "linux-64", "win-64"))
    text = project.command(
        "export", "words.py", "--format", "explicit", "--platform", platform
    ).ok()
    spec = ExplicitEnvironmentSpec.from_str(text.out)
    conda = [package for package in lock.on(platform) if package.manager is Manager.CONDA]
    assert str(spec.platform) == platform
    urls = [package.url for package in spec.packages]
    assert sorted(urls) == sorted(f"{package.url}#{package.md5}" for package in conda)
    place = {package.name: urls.index(f"{package.url}#{package.md5}") for package in conda}
    assert place["python"] < place["pip"]  # which is linked into python's site-packages


def test_conda_lock_reads_the_pinned_environment(
    project: LockedProject, conda_lock: CondaLock, tmp_path: Path
) -> None:
    lock = read_lock(project.lock("words.py", "linux-64", "win-64"))
    for platform in lock.platforms:
        output = tmp_path / f"{platform}.yml"
        options = ("--platform", platform, "-o", output)
        project.command("export", lock.hash, "--format", "environment", *options).ok()
        spec = parse_environment_file(output, [platform], mapping_url=conda_lock.names.as_uri())
        found = {dependency.name: dependency for dependency in spec.dependencies[platform]}
        for package in lock.on(platform):
            read = found[package.name]
            if package.manager is Manager.PYPI:
                assert (read.url, read.hashes) == (package.url, [f"sha256:{package.sha256}"])
            elif package.name != "pip":  # which conda-lock asks for by itself
                assert (read.version, read.build) == (f"{package.version}", package.build)
        assert yaml.safe_load(output.read_text())["channels"] == list(lock.channels)


def test_what_conda_will_not_install_is_reported(project: LockedProject) -> None:
    project.lock("words.py", "linux-64")
    done = project.command("export", "words.py", "--format", "explicit", "--json").ok()
    (caution,) = done.json()["cautions"]
    assert caution.startswith("humanize: from PyPI")
    assert f"caution: {caution}\n" == done.err
    done = project.command("export", "words.py", "--format", "environment", "--json").ok()
    assert (done.json()["cautions"], done.err) == ([], "")


@pytest.mark.slow
@pytest.mark.parametrize("form", ["explicit", "environment"])
def test_conda_installs_them(
    project: LockedProject, conda_lock: CondaLock, conda: str, tmp_path: Path, form: str
) -> None:
    project.lock("words.py", "linux-64")
    output = tmp_path / {"explicit": "conda-linux-64.lock", "environment": "words.yml"}[form]
    project.command("export", "words.py", "--format", form, "-o", output).ok()
    prefix = tmp_path / "prefix"
    if form == "explicit":  # conda skips what is from PyPI, conda-lock does not
        conda_lock("install", "--conda", conda, "--prefix", prefix, output).ok()
    else:
        environment = ["env"] if conda.endswith("/conda") else []
        options = ["create", "--yes", "--prefix", str(prefix), "--file", str(output)]
        project.command.process([conda, *environment, *options]).ok()
    run = project.command.process([str(prefix / "bin/python"), "words.py"]).ok()
    assert run.out.startswith("1,234,567")


@pytest.mark.parametrize(("form", "name"), [("requirements", "r.txt"), ("pylock", "pylock.toml")])
def test_uv_installs_what_comes_from_pypi(
    pypi_only: CommandLine, tmp_path: Path, form: str, name: str
) -> None:
    output = tmp_path / name
    pypi_only("export", "words.py", "--format", form, "-o", output).ok()
    python = pypi_only("path", "--python", "words.py").ok().out.strip()
    command = [uv.find_uv_bin(), "pip", "install", "--python", python, "--dry-run", "--reinstall"]
    options = ["--preview-features", "pylock"] if form == "pylock" else ["--require-hashes"]
    done = pypi_only.process([*command, *options, "--no-deps", "-r", str(output)]).ok()
    (lock,) = (pypi_only.folder / "locks" / ".local").glob("*.conda-lock.yml")
    locked = [package for package in read_lock(lock).packages if package.manager is Manager.PYPI]
    assert len(locked) == 3
    for package in locked:
        assert f"+ {package.name}=={package.version}" in done.err
    first = locked[0].sha256
    output.write_text(output.read_text().replace(first, "0" * 64))
    target = ["--target", str(tmp_path / "target"), "--no-cache"]
    altered = [item for item in (*command, *options) if item not in {"--dry-run", "--reinstall"}]
    assert pypi_only.process([*altered, *target, "-r", str(output)]).code != 0


def test_uv_reads_the_block_of_a_script(pypi_only: CommandLine, tmp_path: Path) -> None:
    script = tmp_path / "pinned.py"
    pypi_only("export", "words.py", "--format", "pep723", "-o", script).ok()
    python = pypi_only("path", "--python", "words.py").ok().out.strip()
    command = [uv.find_uv_bin(), "export", "--python", python, "--script", str(script)]
    shown = pypi_only.process(command).ok()
    (lock,) = (pypi_only.folder / "locks" / ".local").glob("*.conda-lock.yml")
    locked = [it for it in read_lock(lock).packages if it.manager is Manager.PYPI]
    assert len(locked) == 3
    assert all(f"\n{it.name}=={it.version} " in shown.out for it in locked)


def test_uv_locks_what_annotate_declares(pypi_only: CommandLine) -> None:
    script = pypi_only.folder / "declared.py"
    script.write_text("import humanize\n\n\ndef of(*, count: int) -> str: ...\n")
    pypi_only("annotate", "declared.py").ok()
    pypi_only.process([uv.find_uv_bin(), "lock", "--script", str(script)]).ok()
    assert 'requires-python = ">=3.10"' in script.with_name("declared.py.lock").read_text()
    pypi_only("check", "--declared", "declared.py").ok()


def test_a_block_has_what_conda_supplies(project: LockedProject) -> None:
    """condavision requires the same versions of a script that has the block of its lock."""
    lock = read_lock(project.lock("words.py", "linux-64"))
    block = project.command("export", lock.hash, "--format", "pep723").ok().out
    (project.command.folder / "pinned.py").write_text(block)
    found = project.command("explain", "--json", "pinned.py").ok().json()
    conda = {f"{it.name} =={it.version}={it.build}" for it in lock.packages if it.md5}
    assert {it for it in conda if not it.startswith("python ")} <= {*found["conda"]}
    assert {*found["pypi"]} == {
        f"{it.name}=={it.version}" for it in lock.packages if it.manager is Manager.PYPI
    }
    assert found["channels"] == list(lock.channels)
    assert found["python"] == ">=3.12,<3.13,==3.12.1"


ALONE = [it for it in FORMATS if it != "ray" and not (load(it).needs_script or load(it).beside)]
"""The formats that say what is in a lock, and not where it is installed."""


@pytest.mark.parametrize("form", ALONE)
def test_an_export_is_the_same_wherever_it_is_made(
    project: LockedProject, pypi_only: CommandLine, form: str
) -> None:
    command = project.command
    if form not in {"requirements", "pylock", "pep723"}:
        project.lock("words.py", "linux-64")
    texts = {
        command("export", "words.py", "--format", form, environ={"PYTHONHASHSEED": seed}).ok().out
        for seed in "012"
    }
    assert len(texts) == 1


REFUSED = [
    ("words.py", ["--format", "requirements"], "from a conda channel: six"),
    ("words.py", ["--format", "pylock", "-o", "lock.toml"], "under the name lock.toml"),
    ("words.py", ["--format", "explicit", "--platform", "osx-64"], "no packages for osx-64"),
    ("words.py", ["--format", "dockerfile"], "lies on this machine"),
    ("words.py", ["--format", "dockerfile", "--platform", "win-64"], "not for win-64"),
    ("0" * 16, ["--format", "explicit"], "no lock"),
    ("0" * 16, ["--format", "dockerfile"], "for a script"),
    ("sum.py", ["--format", "explicit"], "has no lock"),
]


def test_what_cannot_be_exported_is_said(project: LockedProject) -> None:
    project.lock("words.py", "linux-64")
    for name, options, reason in REFUSED:
        done = project.command("export", name, *options)
        assert done.code not in {0, 1}, reason
        assert reason in done.err
        assert "hint: " in done.err or "images are made for" in done.err
        assert done.out == ""
    assert not (project.command.folder / "lock.toml").exists()


def test_local_interpreters_cannot_leave_the_machine(pypi_only: CommandLine) -> None:
    for form in ("explicit", "environment", "dockerfile"):
        done = pypi_only("export", "words.py", "--format", form)
        assert done.code == 2
        assert "this machine's interpreters" in done.err


def _built(text: str, context: Path, image: Path) -> list[list[str]]:
    """Apply the COPY lines of a Dockerfile; return its commands."""
    commands = []
    for line in text.splitlines():
        instruction, _, rest = line.partition(" ")
        if rest == "condavision.txt /tmp/":  # its hashes, for what is not installed here
            (pip,) = re.findall("^RUN pip install .*", text, re.MULTILINE)
            assert "--require-hashes" in pip
            assert pip.endswith("--requirement /tmp/condavision.txt")
        elif instruction == "COPY":
            *sources, target = (re.sub(r"\\(.)", r"\1", word) for word in json.loads(rest))
            folder = image / target
            folder.mkdir(parents=True, exist_ok=True)
            for source in sources:
                (found,) = glob.glob(source, root_dir=context)  # noqa: PTH207 - as a pattern
                shutil.copy(context / found, folder)
        elif instruction == "WORKDIR":
            assert rest == "/project" or (image / rest).is_dir()
        elif instruction in {"RUN", "ENTRYPOINT"} and "condavision" in rest and rest[0] == "[":
            commands.append([sys.executable, "-m", *json.loads(rest)])
    return commands


LOCKS = {"the default folder": [], "another folder": ["--locks", "other locks"]}


@pytest.mark.slow
@pytest.mark.parametrize("locks", LOCKS.values(), ids=LOCKS.keys())
def test_an_image_has_all_that_a_script_needs(
    make_project: MakeProject, channel: Channel, home: Path, tmp_path: Path, locks: list[str]
) -> None:
    script = "tools/it's [1] $HOME.py"
    project = make_project(
        {
            "condavision.toml": f'channels = ["{channel.http_url}"]\npaths = ["lib"]\n',
            script: "import six, sys, near, far\nprint(near.name, far.name, *sys.argv[1:])\n",
            "tools/near.py": "name = 'near'\n",
            "lib/far/__init__.py": "from far.other import name\n",
            "lib/far/other.py": "name = 'far'\n",
            "unrelated.py": "import numpy\n",
        }
    )
    command = InProcess(project)
    command("lock", *locks, script).ok()
    text = command("export", *locks, script, "--format", "dockerfile").ok().out
    assert text.count("FROM --platform=linux/amd64") == 1
    image = tmp_path / "image" / "project"
    install, entry = _built(text, project, image)
    assert not (image / "unrelated.py").exists()
    shutil.rmtree(project)
    environ = {"CONDAVISION_HOME": str(tmp_path / "home of the image")}
    command.process(install, cwd=image, environ=environ).ok()
    asked = len(channel.requested)
    done = command.process([*entry, "one", "two"], cwd=image, environ=environ).ok()
    assert done.out == "near far one two\n"
    assert len(channel.requested) == asked
    assert subprocess.run(["test", "-e", project], check=False).returncode == 1


@pytest.mark.slow
@pytest.mark.parametrize("locks", [None, "other locks"])
def test_an_image_of_a_module_runs_in_its_folder(
    make_project: MakeProject, channel: Channel, home: Path, tmp_path: Path, locks: str | None
) -> None:
    show = "import os, sys, six\nprint(os.path.basename(os.getcwd()), *sys.argv[1:])\n"
    project = make_project(
        {
            "condavision.toml": f'channels = ["{channel.http_url}"]\n',
            "tools/it/__main__.py": show,
            "tools/it/__init__.py": "",
            "unrelated.py": "import numpy\n",
        }
    )
    command = InProcess(project)
    options = ["--locks", str(project / locks)] if locks else []
    for module, place in (("it", project / "tools"), ("tools.it", project)):
        command("lock", *options, "-m", module, cwd=place).ok()
        asked = ["export", *options, "-m", module, "--format", "dockerfile"]
        text = command(*asked, cwd=place).ok().out
        image = tmp_path / module / "project"
        install, entry = _built(text, project, image)
        environ = {"CONDAVISION_HOME": str(tmp_path / "home of the image")}
        command.process(install, cwd=image, environ=environ).ok()
        assert ("WORKDIR tools\n" in text) is (place != project)
        start = image / place.relative_to(project)
        done = command.process([*entry, "one"], cwd=start, environ=environ)
        assert done.ok().out == f"{start.name} one\n"


def test_json_says_what_was_exported_and_where_to(pypi_only: CommandLine) -> None:
    asked = ("export", "words.py", "--format", "requirements")
    text = pypi_only(*asked).ok().out
    said = pypi_only(*asked, "--json").ok().json()
    assert (said["format"], said["text"], said["output"]) == ("requirements", text, None)
    (path,) = (pypi_only.folder / "locks" / ".local").glob("*.conda-lock.yml")
    assert path.name == f"{said['hash']}.conda-lock.yml"
    assert said["platform"] in read_lock(path).platforms
    written = pypi_only(*asked, "-o", "requirements.txt", "--json").ok().json()
    output = "requirements.txt"
    assert written == {**said, "output": output, "files": [output], "text": None}
    assert (pypi_only.folder / "requirements.txt").read_text() == text
    refused = pypi_only("export", "words.py", "--format", "explicit", "--json")
    assert (refused.code, refused.json()["code"]) == (2, 2)
