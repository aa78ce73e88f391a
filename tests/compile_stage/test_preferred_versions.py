"""Locks that keep agreed versions, and report those that they could not keep."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from condavision.compile_stage.preferred_versions import Agreed, Agreement, read_agreement
from condavision.core.model import Manager
from condavision.errors import UsageError
from tests.channels.engine import solve
from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel

    MakeProject = Callable[[Mapping[str, str]], Path]

CONDA, PYPI = Manager.CONDA, Manager.PYPI
BLOCK = "# /// script\n# requires-python = '>=3.8'\n# ///\n"
SCRIPTS = {
    "six_only.py": f"{BLOCK}import six\n",
    "words.py": f"{BLOCK}import humanize, six\n",
    "sum.py": f"{BLOCK}import numpy\n",
}


@pytest.fixture
def command(
    make_project: MakeProject,
    channel: Channel,
    home: Path,
    interpreter: Callable[[Minor], Interpreter],
) -> CommandLine:
    """A project on the test channel, which has two versions of six and two of numpy."""
    for minor in ((3, 8), (3, 12)):
        interpreter(minor)
    settings = f'channels = ["{channel.url}"]\npython-floor = "3.8"\n'
    return InProcess(make_project({"condavision.toml": settings, **SCRIPTS}))


def _locked(command: CommandLine, *arguments: str | Path) -> dict[str, object]:
    (locked,) = command("lock", *arguments, "--json").ok().json()
    return {**locked["packages"], "not_kept": locked["not_kept"], "status": locked["status"]}


ENVIRONMENTS = {
    "an exact version": (["six=1.16.0"], {"six": "1.16.0"}, []),
    "a range": (["six<1.17"], {"six": "1.16.0"}, []),
    "a channel and a build": (["conda-forge::six=1.16.0=nobody_0"], {"six": "1.16.0"}, []),
    "Python too": (["python=3.8", "six=1.16"], {"six": "1.16.0", "python": "3.8.18"}, []),
    "no version": (["six"], {"six": "1.17.0"}, []),
    "another package": (["numpy=1.24.4"], {"six": "1.17.0"}, []),
    "a version that no channel has": (["six=1.0"], {"six": "1.17.0"}, ["six"]),
    "one of two": (["python=3.8", "six=1.0"], {"python": "3.8.18"}, ["six"]),
    "as one of PyPI": ([{"pip": ["six==1.16.0", "-e ."]}], {"six": "1.16.0"}, []),
}


@pytest.mark.parametrize(
    ("dependencies", "locked", "not_kept"), ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys()
)
def test_versions_of_an_environment_are_kept(
    command: CommandLine,
    dependencies: list[object],
    locked: dict[str, str],
    not_kept: list[str],
) -> None:
    (command.folder / "env.yml").write_text(f"name: team\ndependencies: {dependencies}\n")
    found = _locked(command, "six_only.py", "--from", "env.yml")
    assert {name: found[name] for name in locked} == locked
    assert [one["name"] for one in found["not_kept"]] == not_kept  # type: ignore[attr-defined]


def test_of_what_excludes_each_other_the_weightier_is_kept(command: CommandLine) -> None:
    # numpy 2.2.6 is there for 3.12 alone; the Python goes first
    (command.folder / "env.yml").write_text("dependencies: ['numpy=2.2.6', 'python=3.8']\n")
    found = _locked(command, "sum.py", "--from", "env.yml")
    assert (found["python"], found["numpy"]) == ("3.8.18", "1.24.4")
    said = command("lock", "sum.py", "--from", "env.yml").ok().out
    heading = said.splitlines().index(next(x for x in said.splitlines() if "agreed" in x))
    assert said.splitlines()[heading + 1].split() == ["numpy", "2.2.6.*", "1.24.4", "linux-64"]


def test_a_distribution_of_pypi_is_kept(command: CommandLine) -> None:
    (command.folder / "env.yml").write_text("dependencies: [{pip: ['humanize==4.9.0']}]\n")
    assert _locked(command, "words.py", "--from", "env.yml")["humanize"] == "4.9.0"


def test_a_lock_that_has_the_versions_is_not_made_again(command: CommandLine) -> None:
    newest = _locked(command, "six_only.py")
    (command.folder / "env.yml").write_text("dependencies: ['six=1.17']\n")
    assert _locked(command, "six_only.py", "--from", "env.yml")["status"] == "reused"
    (command.folder / "env.yml").write_text("dependencies: ['six=1.16']\n")
    found = _locked(command, "six_only.py", "--from", "env.yml")
    assert (newest["six"], found["six"], found["status"]) == ("1.17.0", "1.16.0", "written")
    assert _locked(command, "six_only.py")["six"] == "1.16.0"  # the lock keeps it from here on


def test_versions_of_a_conda_lock_file_are_kept(command: CommandLine, tmp_path: Path) -> None:
    (command.folder / "env.yml").write_text(
        "dependencies: ['six=1.16', 'python=3.8', {pip: ['humanize==4.9.0']}]\n"
    )
    team = _locked(command, "words.py", "--from", "env.yml")
    (lock,) = (command.folder / "locks").glob("*.conda-lock.yml")
    shutil.move(lock, tmp_path / "conda-lock.yml")
    shutil.rmtree(command.folder / "locks")
    found = _locked(command, "words.py", "--from", tmp_path / "conda-lock.yml")
    assert found == team
    other = _locked(command, "sum.py", "--from", tmp_path / "conda-lock.yml")
    assert (other["python"], other["numpy"]) == (team["python"], "1.24.4")


def _pixi_lock(local: str) -> str:
    """What pixi writes for an environment with an older Python and six, from another channel."""
    records = solve(local, ["python 3.8.*", "six 1.16.*"])
    channel = "https://channels.example/team"
    urls = {record.url.replace(local, channel): record.sha256 or b"" for record in records}
    listed = "".join(f"      - conda: {url}\n" for url in urls)
    described = "".join(f"- conda: {url}\n  sha256: {sha.hex()}\n" for url, sha in urls.items())
    return (
        "version: 6\nenvironments:\n  default:\n"
        f"    channels:\n    - url: {channel}/\n    packages:\n      linux-64:\n{listed}"
        f"packages:\n{described}"
    )


def test_versions_of_a_pixi_lock_are_kept(command: CommandLine, channel: Channel) -> None:
    (command.folder / "pixi.lock").write_text(_pixi_lock(channel.url))
    found = _locked(command, "six_only.py", "--from", "pixi.lock")
    assert (found["python"], found["six"], found["not_kept"]) == ("3.8.18", "1.16.0", [])


def test_a_platform_that_the_file_lacks_gets_the_first_one_s() -> None:
    agreement = Agreement(
        (
            Agreed(CONDA, "six", "==1.16.0", "osx-64"),
            Agreed(CONDA, "six", "==1.17.0", "win-64"),
        )
    )
    versions = {
        platform: agreement.on(platform)[CONDA, "six"].constraint
        for platform in ("osx-64", "win-64", "linux-64")
    }
    assert versions == {"osx-64": "==1.16.0", "win-64": "==1.17.0", "linux-64": "==1.16.0"}


UNREADABLE = {
    "a date that does not exist": "dependencies: [2024-13-45]\n",
    "a key twice": "name: x\nname: y\ndependencies: [numpy=1]\n",
    "not YAML": "a: [",
    "a list": "[1]",
    "another document": "version: 3\n",
    "no match spec": "dependencies: ['six ===== 1']\n",
    "a lock of a later version": "version: 99\npackages: []\n",
    "half a lock": "version: 1\npackage:\n  - name: six\n",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file.yml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"file\.yml") as raised:
        read_agreement(path)
    assert "\n" not in raised.value.message


def test_a_file_of_another_kind_is_refused_before_anything_is_solved(
    command: CommandLine,
) -> None:
    assert command("lock", "six_only.py", "--from", "six_only.py").code == 2
    assert command("lock", "six_only.py", "--from", "missing.yml").code == 2
    assert not (command.folder / "locks").exists()


REQUIREMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "exact, with hashes": (
        "six==1.16.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n",
        {"six": "==1.16.0"},
    ),
    "comments and names": ("# x==1\nSix >= 1.15,<2  # why\n\n", {"six": "<2,>=1.15"}),
    "no version": ("six\n-e .\n./wheel.whl\nsix @ https://example.org/six.whl\n", {}),
    "options": (
        "--index-url https://example.org/simple\n--no-binary six\nsix==1.16.0\n",
        {"six": "==1.16.0"},
    ),
    "extras": ("requests[socks]==2.31.0\n", {"requests": "==2.31.0"}),
    "one marker": ("six==1.16.0 ; python_version < '4'\n", {"six": "==1.16.0"}),
    "markers that choose": (
        "x==1 ; python_version < '3.12'\nx==2 ; python_version >= '3.12'\nsix==1.16.0",
        {"six": "==1.16.0"},
    ),
    "included": ("-r more.txt\nsix==1.16.0\n", {"six": "==1.16.0", "attrs": "==23.1.0"}),
    "constraints": ("-c more.txt\nsix\n", {"attrs": "==23.1.0"}),
    "a loop": ("--requirement=requirements.txt\nsix==1.16.0\n", {"six": "==1.16.0"}),
    "twice": ("six>=1.15\nsix<1.17\n", {"six": "<1.17,>=1.15"}),
}


@pytest.mark.parametrize(("text", "found"), REQUIREMENTS.values(), ids=REQUIREMENTS)
def test_versions_of_a_requirements_file(text: str, found: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("attrs==23.1.0\n")
    (tmp_path / "requirements.txt").write_text(text)
    agreement = read_agreement(tmp_path / "requirements.txt")
    assert {it.name: it.constraint for it in agreement.entries} == found
    assert {it.manager for it in agreement.entries} <= {PYPI}


def test_an_included_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-r more.txt\n")
    with pytest.raises(UsageError, match="No such file"):
        read_agreement(tmp_path / "requirements.txt")
