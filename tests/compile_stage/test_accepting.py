"""Names that nobody vouches for: accepted once by a person, and recorded with what was locked."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from condavision.core.model import Lock, LockedPackage, Manager
from condavision.errors import InstallError, LockfileError
from condavision.locks.accepted import (
    FILE_NAME,
    Accepted,
    read_accepted,
    record_accepted,
    require_same_files,
)
from condavision.mapping.import_map import ImportMap
from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter
    from tests.command_line import CommandLine
    from tests.compile_stage.conftest import MakeProject
    from tests.compile_stage.wheels import WheelIndex


NAME = "gidgetlab"  # in the list that nobody has reviewed, and not on conda-forge


def test_names_on_conda_forge_are_vouched_for() -> None:
    found = {name: ImportMap.bundled().provider(name) for name in (NAME, "DockQ", "yaml")}
    candidates = {name: it is not None and it.candidate for name, it in found.items()}
    assert candidates == {NAME: True, "DockQ": False, "yaml": False}
    assert found["DockQ"] is not None
    assert found["DockQ"].pypi == "dockq"
    assert ImportMap.bundled().modules("dockq") == ("DockQ",)


def wheel(name: str, version: str, sha256: str, tag: str = "any") -> LockedPackage:
    url = f"https://host.invalid/{name}-{version}-{tag}.whl#egg"
    return LockedPackage(Manager.PYPI, name, version, "linux-64", url, sha256 * 64)


def locked(*packages: LockedPackage) -> Lock:
    return Lock("0" * 16, (), ("linux-64",), packages)


FIRST = locked(wheel("frob", "1.0", "a"), wheel("six", "1", "b"))


def test_what_is_recorded_is_what_was_locked_first(tmp_path: Path) -> None:
    record_accepted(tmp_path, ["frob"], FIRST)
    recorded = read_accepted(tmp_path)
    assert recorded == {"frob": Accepted("1.0", {"frob-1.0-any.whl": "a" * 64})}
    text = (tmp_path / FILE_NAME).read_bytes()
    record_accepted(tmp_path, ["frob"], locked(wheel("frob", "2.0", "c")))
    assert (tmp_path / FILE_NAME).read_bytes() == text
    record_accepted(tmp_path, ["blib", "frob"], locked(wheel("blib", "1", "d")))
    names = [line.partition(":")[0] for line in (tmp_path / FILE_NAME).read_text().splitlines()[1:]]
    assert names == ['"blib"', '"frob"']
    assert "accepted.yml merge=union\n" in (tmp_path / ".gitattributes").read_text()


RELOCKED = [
    (wheel("frob", "1.0", "a"), True),
    (wheel("frob", "1.0", "f"), False),
    (wheel("frob", "1.0", "f", tag="win"), True),
    (wheel("frob", "1.1", "f"), True),
    (wheel("six", "1.0", "f"), True),
]


@pytest.mark.parametrize(("package", "fits"), RELOCKED)
def test_a_file_that_changed_is_refused(tmp_path: Path, package: LockedPackage, fits: bool) -> None:
    record_accepted(tmp_path, ["frob"], FIRST)
    if fits:
        require_same_files(tmp_path, locked(package))
        return
    with pytest.raises(InstallError, match="is not the file that was accepted"):
        require_same_files(tmp_path, locked(package))


def test_lines_of_two_branches_are_joined(tmp_path: Path) -> None:
    for version, digest in (("1.0", "a"), ("1.1", "b")):
        record_accepted(tmp_path / version, ["frob"], locked(wheel("frob", version, digest)))
    texts = ((tmp_path / version / FILE_NAME).read_text() for version in ("1.0", "1.1"))
    (tmp_path / FILE_NAME).write_text("".join(texts))
    joined = read_accepted(tmp_path)["frob"]
    assert (joined.version, len(joined.files)) == ("1.0", 2)


DAMAGED = [
    "<<<<<<< HEAD",
    '"frob": 1',
    '"frob": {"files": {}}',
    '"frob": {"version": 1, "files": {}}',
    '"frob": {"version": "1", "files": []}',
    '"frob": {"version": "1", "files": {"frob-1.tar.gz": 1}}',
    '"frob": {"version": "1", "files": {"frob-1.tar.gz": ["5c"]}}',
    '"a": {}, "b": {}',
    "\0",
    pytest.param('"frob": ' + "[" * 100_000, id="deep"),
    pytest.param('"frob": {"version": ' + "1" * 5000 + "}", id="digits"),
]


@pytest.mark.parametrize("line", DAMAGED)
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / FILE_NAME).write_text(f"# first\n{line}\n")
    with pytest.raises(LockfileError, match=r"accepted\.yml:2: not a valid entry"):
        read_accepted(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE_NAME)
    with pytest.raises(LockfileError, match=r"accepted\.yml cannot be read: it is not a regular"):
        read_accepted(tmp_path)


@pytest.fixture
def command(
    make_project: MakeProject,
    index: WheelIndex,
    home: Path,
    interpreter: Callable[[Minor], Interpreter],
) -> CommandLine:
    """A project on this machine's interpreters whose first script needs an unreviewed name."""
    interpreter((3, 12))
    index.add(NAME, "1.0")
    settings = 'channels = ["interpreters:"]\n'
    return InProcess(
        make_project(
            {
                "condavision.toml": settings,
                "a.py": f"import {NAME}\n",
                "b.py": "import sys\n",
            }
        )
    )


def test_a_name_is_accepted_once(command: CommandLine, index: WheelIndex) -> None:
    (explained,) = command("explain", "a.py", "--json").ok().json()["candidates"]
    assert explained == {
        "file": "a.py",
        "line": 1,
        "name": NAME,
        "pypi": NAME,
        "accepted": False,
    }
    refused = command("lock", ".", "--json")
    assert refused.code == 66
    assert f"run `condavision lock a.py --accept {NAME}`" in refused.err
    states = {it["script"]: it for it in refused.json()}
    assert states["a.py"]["candidates"] == [NAME]
    assert states["b.py"]["status"] == "written"

    command("lock", "a.py", "--accept", "Gidgetlab").ok()
    recorded = read_accepted(command.folder / "locks")
    assert recorded[NAME].version == "1.0"
    (checked,) = command("check", "a.py", "--json").ok().json()
    assert any("it was accepted" in note for note in checked["notes"])
    assert command("lock", ".", "--upgrade").code == 0
    (explained,) = command("explain", "a.py", "--json").ok().json()["candidates"]
    assert explained["accepted"]

    index.files[NAME].clear()
    index.add(NAME, "1.0", "six")  # the same file, with another content
    index.add("six", "1.0")
    (refused_again,) = command(
        "lock", "a.py", "--upgrade", "--json", environ={"UV_NO_CACHE": "1"}
    ).json()
    assert refused_again["code"] == 73, refused_again
    assert "is not the file that was accepted" in refused_again["error"]


DECLARED = {
    "block": f'# /// script\n# dependencies = ["{NAME}"]\n# ///\nimport {NAME}\n',
    "override": (
        f'# /// script\n# [tool.condavision.imports]\n# {NAME} = "pypi:{NAME}"\n# ///\n'
        f"import {NAME}\n"
    ),
    "optional": f"try:\n    import {NAME}\nexcept ImportError:\n    {NAME} = None\n",
}


@pytest.mark.parametrize("way", DECLARED)
def test_what_an_author_declares_needs_no_acceptance(command: CommandLine, way: str) -> None:
    (command.folder / "a.py").write_text(DECLARED[way])
    assert command("explain", "a.py", "--json").ok().json()["candidates"] == []


def test_a_requirements_file_and_a_setting_need_none(command: CommandLine) -> None:
    (command.folder / "requirements.txt").write_text(f"{NAME}\n")
    assert command("explain", "a.py", "--json").ok().json()["candidates"] == []
    (command.folder / "requirements.txt").unlink()
    command("lock", "a.py", "--allow-unverified").ok()
    assert not (command.folder / "locks" / FILE_NAME).exists()


def test_a_name_that_nothing_needs_is_refused(command: CommandLine) -> None:
    refused = command("lock", "b.py", "--accept", "frob")
    assert refused.code == 2
    assert "nothing here needs --accept frob" in refused.err


def test_acceptance_changes_no_hash(command: CommandLine) -> None:
    before = command("explain", "a.py", "--json").json()["hash"]
    command("lock", "a.py", "--accept", NAME).ok()
    assert command("explain", "a.py", "--json").json()["hash"] == before
    line = (command.folder / "locks" / FILE_NAME).read_text().splitlines()[1]
    assert json.loads(f"{{{line}}}")[NAME]["version"] == "1.0"
