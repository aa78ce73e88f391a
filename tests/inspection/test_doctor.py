"""The doctor reports problems with fixes, and nothing if there are none."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.cli import main
from condavision.core.platforms import current_subdir
from condavision.environments.environment import Environment, environment_of
from condavision.export.scaffold import template
from condavision.export.vscode import write_setting
from condavision.inspection.doctor import examine
from condavision.inspection.doctor.channels import check_channels
from condavision.inspection.doctor.command import check_command
from condavision.inspection.doctor.finding import Finding, State, Subject
from condavision.inspection.doctor.installation import check_installation
from condavision.inspection.doctor.package_index import check_package_index
from condavision.locks.lockfile import read_lock
from condavision.project.config import Config
from condavision.system.cache_dir import home as cache_folder
from condavision.system.file_lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from condavision.core.model import LockedPackage
    from tests.channels.server import Channel

WHOLE = "import sys\n"
SUBJECT = Subject(Path(), Config(Path()))


@pytest.fixture
def project(
    make_project: Callable[[Mapping[str, str]], Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A project with one locked script, the current folder."""
    root = make_project({"condavision.toml": 'channels = ["interpreters:"]\n', "a.py": WHOLE})
    monkeypatch.chdir(root)
    assert main(["lock", "a.py"]) == 0
    return root


def wrong(findings: Iterator[Finding]) -> dict[str, Finding]:
    """The problems, except those of the machine's own PATH."""
    return {
        finding.what: finding
        for finding in findings
        if finding.state is not State.OK and finding.what not in {"command", "room"}
    }


def test_all_is_well(project: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["doctor", "--offline", "--json"]) == 0
    found = {one["what"]: one for one in json.loads(capsys.readouterr().out)}
    assert "py-rattler 0." in found["dependencies"]["found"]
    assert found["locks/.local"]["found"] == "1 of 1 scripts fit their locks"
    assert wrong(examine(project, home, offline=True)) == {}


def _lock(project: Path) -> Path:
    [path] = (project / "locks" / ".local").glob("*.conda-lock.yml")
    return path


def _environment(project: Path) -> Environment:
    return environment_of(read_lock(_lock(project)), current_subdir(), cache_folder())


def _tamper(project: Path) -> None:
    lock = _lock(project)
    lock.write_text(lock.read_text().replace("version: 1", "version: 2", 1))


PROJECTS: dict[str, tuple[Callable[[Path], object], State, str]] = {
    "stale": (
        lambda root: (root / "a.py").write_text("import yaml\n"),
        State.BROKEN,
        "run `condavision lock a.py`",
    ),
    "gone": (lambda root: (root / "a.py").unlink(), State.WARNING, "condavision lock --prune"),
    "a missing lock": (
        lambda root: _lock(root).unlink(),
        State.BROKEN,
        "run `condavision lock a.py`",
    ),
    "tampered": (_tamper, State.BROKEN, "condavision lock"),
    "orphaned": (
        lambda root: (root / "locks" / ".local" / "scripts.yml").write_text(""),
        State.WARNING,
        "condavision lock --prune",
    ),
    "a script without a lock": (
        lambda root: (root / "b.py").write_text(WHOLE),
        State.WARNING,
        "condavision lock .",
    ),
    "a clone": (
        lambda root: (root / "locks").rename(root.parent / "locks"),
        State.WARNING,
        "condavision lock .",
    ),
    "a conflict": (
        lambda root: (root / "locks" / ".local" / "scripts.yml").write_text("<<<<<<< ours\n"),
        State.BROKEN,
        "resolve the merge conflict",
    ),
    "a wrong setting": (
        lambda root: (root / "condavision.toml").write_text("channels = 3\n"),
        State.BROKEN,
        "correct that line",
    ),
    "the interpreter of another lock": (
        lambda root: write_setting(root, cache_folder() / "envs" / "0" / "bin" / "python"),
        State.WARNING,
        "condavision vscode SCRIPT",
    ),
    "an interpreter that is not installed": (
        lambda root: write_setting(root, _environment(root).python),
        State.WARNING,
        "condavision vscode SCRIPT",
    ),
    "an old Makefile": (
        lambda root: (root / "Makefile").write_text(template("Makefile") + "mine: ;\n"),
        State.WARNING,
        "condavision init",
    ),
}


@pytest.mark.parametrize("case", PROJECTS)
def test_what_is_wrong_with_a_project(case: str, project: Path, home: Path) -> None:
    harm, state, fix = PROJECTS[case]
    harm(project)
    found = wrong(examine(project, home, offline=True))
    summary = found.pop("locks/.local", None) if "a.py" in found and state is State.BROKEN else None
    assert {finding.state for finding in found.values()} == {state}
    assert all(fix in finding.fix for finding in list(found.values())[:1])
    if summary is not None:
        assert summary.state is State.WARNING
        assert (summary.found[:6], summary.fix) == ("0 of 1", "condavision check")
    assert main(["doctor", "--offline", "--json"]) == (state is State.BROKEN)


def test_what_is_wrong_with_environments(
    make_environment: Callable[..., Environment], home: Path, tmp_path: Path
) -> None:
    def found() -> dict[str, Finding]:
        return wrong(examine(tmp_path, home, offline=True))

    environment = make_environment("idna", compile_bytecode=False)
    assert found() == {}
    [record] = environment.prefix.glob("conda-meta/idna-*.json")
    document = json.loads(record.read_bytes())
    rewritten = {"_path": "lib/os.pyc", "path_type": "hardlink", "size_in_bytes": 1}
    document["paths_data"]["paths"].append(rewritten)
    record.write_text(json.dumps(document))
    (environment.prefix / "lib" / "os.pyc").write_bytes(b"as Python 2.7 does on first import")
    assert found() == {}
    [module] = environment.prefix.glob("lib/python*/site-packages/idna/core.py")
    kept = module.read_bytes()
    module.unlink()
    assert found()[environment.key].state is State.BROKEN
    assert "idna/core.py missing or altered" in found()[environment.key].found
    module.write_bytes(kept + b"#")
    assert environment.key in found()
    module.write_bytes(kept)
    assert found() == {}
    environment.marker.unlink()
    with exclusive(environment.prefix.with_name(f"{environment.key}.lock"), lambda: None):
        assert found() == {}, "somebody builds it"
    assert found()[environment.key].state is State.WARNING
    assert f"condavision clean {environment.key}" in found()[environment.key].fix


def test_what_is_wrong_with_what_pypi_brought(
    iniconfig: LockedPackage,
    make_environment: Callable[..., Environment],
    home: Path,
    tmp_path: Path,
) -> None:
    def found() -> dict[str, Finding]:
        return wrong(examine(tmp_path, home, offline=True))

    environment = make_environment("idna", extra=(iniconfig,))
    assert found() == {}
    [module] = environment.prefix.glob("lib/python*/site-packages/iniconfig/__init__.py")
    kept = module.read_bytes()
    time.sleep(0.02)
    for altered in (kept + b"#", kept.replace(b"class", b"klass")):
        module.write_bytes(altered)
        assert "iniconfig/__init__.py missing or altered" in found()[environment.key].found
    module.write_bytes(kept)
    assert found() == {}
    module.unlink()
    assert found()[environment.key].state is State.BROKEN
    [record] = environment.prefix.glob("lib/python*/site-packages/iniconfig-*/RECORD")
    record.write_text('"')
    assert environment.key in found(), "and no traceback"


def test_what_killed_builds_left(home: Path, tmp_path: Path) -> None:
    left = home / "uv" / ".tmpABCDEF"
    left.mkdir(parents=True)
    assert wrong(examine(tmp_path, home, offline=True)) == {}, "somebody may be at it"
    os.utime(left, (0, 0))
    assert str(left) in wrong(examine(tmp_path, home, offline=True))["leftovers"].found
    assert main(["clean", "--caches"]) == 0
    assert wrong(examine(tmp_path, home, offline=True)) == {}


def test_a_home_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    found = wrong(examine(tmp_path, tmp_path / "taken", offline=True))["folder"]
    assert found.state is State.BROKEN
    assert "CONDAVISION_HOME" in found.fix


def test_a_file_system_unfit_for_environments(
    tmp_path: Path, small_disk: Callable[..., Path]
) -> None:
    disk = small_disk("size=5m,noexec")
    found = {one.what: one for one in examine(tmp_path, disk, offline=True)}
    assert found["programs"].state is found["room"].state is State.BROKEN
    assert "noexec" in found["programs"].found
    assert "condavision clean" in found["room"].fix
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "pkgs").symlink_to(disk)
    found = wrong(examine(tmp_path, tmp_path / "home", offline=True))
    assert (list(found), found["links"].state) == (["links"], State.WARNING)
    small_disk("ro")
    assert wrong(examine(tmp_path, disk, offline=True))["folder"].state is State.BROKEN


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_fast_start_that_is_off(tmp_path: Path) -> None:
    warm = tmp_path / "home" / "warm"
    warm.mkdir(parents=True)
    warm.chmod(0o777)
    found = wrong(examine(tmp_path, tmp_path / "home", offline=True))
    assert found["fast start"].fix.startswith(f"rm -r {warm}")


@pytest.mark.skipif(os.name == "nt", reason="a command there is an .exe")
@pytest.mark.parametrize(
    ("found_first", "said"),
    [
        ("own", ""),
        ("a symlink to it", ""),
        ("another", "is not this installation's"),
        (None, "on PATH"),
    ],
)
def test_the_command(
    found_first: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = tmp_path / "own bin" / "condavision", tmp_path / "bin" / "condavision"
    for path in (own, other):
        path.parent.mkdir()
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    if found_first == "a symlink to it":
        other.unlink()
        other.symlink_to(own)
    installed = _dist_info(tmp_path / "site")
    (installed / "RECORD").write_text("../own bin/condavision,,\ncondavision/__init__.py,,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    folders = {None: tmp_path, "own": own.parent}
    monkeypatch.setenv("PATH", str(folders.get(found_first, other.parent)))
    [found] = check_command(SUBJECT)
    assert found.state is (State.WARNING if said else State.OK)
    assert said in found.found
    if said:
        assert f"export PATH='{own.parent}':$PATH" in found.fix


@pytest.mark.skipif(os.name == "nt", reason="a command there is an .exe")
@pytest.mark.parametrize(
    ("mark", "fix"),
    [("uv-receipt.toml", "uv tool update-shell"), ("pipx_metadata.json", "pipx ensurepath")],
)
def test_the_command_of_a_tool_s_environment(
    mark: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder holds a Python too, which would come before the user's own."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "condavision").touch()
    (tmp_path / mark).touch()
    installed = _dist_info(tmp_path / "site")
    (installed / "RECORD").write_text("../bin/condavision,,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("PATH", str(tmp_path))
    [found] = check_command(SUBJECT)
    assert fix in found.fix
    assert str(tmp_path / "bin") not in found.fix


def _dist_info(site: Path, *lines: str) -> Path:
    """The metadata of an installed condavision 1."""
    folder = site / "condavision-1.dist-info"
    folder.mkdir(parents=True)
    metadata = ["Metadata-Version: 2.1", "Name: condavision", "Version: 1", *lines]
    (folder / "METADATA").write_text("\n".join(metadata) + "\n")
    return folder


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (None, "condavision"),
        ({"url": "file:///a%20b/c", "dir_info": {"editable": True}}, "-e '/a b/c'"),
        ({"url": "file:///a/c", "dir_info": {}}, "/a/c"),
        ({"url": "file:///a/condavision-1-py3-none-any.whl"}, "/a/condavision-1-py3-none-any.whl"),
        (
            {"url": "https://x.invalid/c", "vcs_info": {"vcs": "git", "commit_id": "0ab"}},
            "git+https://x.invalid/c@0ab",
        ),
        ([], "condavision"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="paths are POSIX's")
def test_what_lacks_a_dependency_is_installed_from_where_it_came(
    document: object, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package installed from a checkout may be missing on the index."""
    installed = _dist_info(tmp_path / "site", "Requires-Dist: no-such-distribution-anywhere")
    if document is not None:
        (installed / "direct_url.json").write_text(json.dumps(document))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    [found] = [one for one in check_installation(SUBJECT) if one.what == "dependencies"]
    assert found.found == "no-such-distribution-anywhere is missing"
    assert found.fix == f"pip install --upgrade {given}"


def test_channels(channel: Channel, home: Path, tmp_path: Path) -> None:
    spelled = [channel.url, channel.http_url, tmp_path.as_uri(), f"{channel.http_url}/none"]
    config = Config(tmp_path, channels=(*spelled, "http://127.0.0.1:9/x"))
    states = [one.state for one in check_channels(Subject(home, config))]
    assert states == [State.OK, State.OK, State.BROKEN, State.BROKEN, State.BROKEN]


@pytest.mark.slow
def test_certificates_nobody_vouches_for(
    untrusted_url: str,
    project: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{untrusted_url}/simple")
    subject = Subject(home, Config(project, channels=(untrusted_url,)))
    [channel] = check_channels(subject)
    [index] = check_package_index(subject)
    assert "export SSL_CERT_FILE=" in channel.fix
    assert "export UV_SYSTEM_CERTS=1" in index.fix
    assert not any("proxy" in one.fix for one in (channel, index))
    assert main(["lock", "-c", untrusted_url, "a.py"]) == 69
    assert channel.fix in capsys.readouterr().err
