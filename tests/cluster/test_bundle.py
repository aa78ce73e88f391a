"""What travels to other machines of a script, and what a machine unpacks."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rattler.index import index_fs

from condavision.cluster import bundle as bundles
from condavision.cluster import worker
from condavision.cluster.bundle import Bundle, pack, prepare_bundle, unpack, unpacked
from condavision.environments.inventory import remove_caches
from condavision.errors import CondavisionError
from condavision.inference.runnable import runnable
from condavision.inference.workspace import Workspace
from condavision.interpreters.conda_package import PackageFile
from condavision.system.progress import Progress
from tests.channels.package import Package
from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def packed(script: Path) -> Bundle:
    return pack(runnable(script, Workspace()))


def names(bundle: Bundle) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(bundle.content)) as archive:
        return archive.getnames()


def test_the_sources_and_the_lock_alone_travel(project: Path) -> None:
    project.joinpath(".env").write_text("SECRET=1")
    project.joinpath("unused.py").write_text("import antigravity")
    lock, plan, script = names(packed(project / "script.py"))
    assert lock.endswith(".conda-lock.yml")
    assert (plan, script) == ("plan.json", "sources/script.py")


def test_the_same_content_has_the_same_digest_anywhere(project: Path, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(project, tmp_path / "elsewhere" / "moved"))
    assert packed(project / "script.py").digest == packed(moved / "script.py").digest
    with moved.joinpath("script.py").open("a") as stream:
        stream.write("# edited\n")
    assert packed(project / "script.py").digest != packed(moved / "script.py").digest


def test_it_is_ready_to_start_where_it_is_unpacked(project: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(project, tmp_path / "other"))
    with other.joinpath("script.py").open("a") as stream:
        stream.write("# which no other test unpacks\n")
    bundle = packed(other / "script.py")
    assert unpacked(bundle.digest) is None
    unpack(bundle.digest, bundle.content)
    folder = unpacked(bundle.digest)
    assert folder is not None
    unpack(bundle.digest, bundle.content)
    assert not [*folder.parent.glob(".new-*")]
    prepared = prepare_bundle(folder, None, Progress())
    assert prepared.target == folder / "sources" / "script.py"
    assert prepared.environment.is_ready
    shutil.rmtree(folder)


def test_a_link_to_the_script_takes_along_what_is_beside_it(project: Path, tmp_path: Path) -> None:
    link = project / "link.py"
    link.symlink_to("script.py")
    assert "sources/script.py" in names(packed(link))


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


BAD = {
    "absolute": entry("/tmp/out"),
    "above": entry("sources/../../out"),
    "link": entry("sources/out", tarfile.SYMTYPE, "/etc"),
    "inside link": entry("sources/out", tarfile.SYMTYPE, "plan.json"),
    "hard link": entry("sources/out", tarfile.LNKTYPE, "/etc/passwd"),
    "device": entry("sources/out", tarfile.CHRTYPE),
    "pipe": entry("sources/out", tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_nothing_leads_out_of_the_folder(home: Path, bad: tarfile.TarInfo) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(entry("plan.json"))
        archive.addfile(bad)
    content = stream.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    with pytest.raises(CondavisionError, match="not valid"):
        unpack(digest, content)
    assert not [*home.joinpath("bundles").iterdir()]


def test_clean_removes_what_was_unpacked(home: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(entry("plan.json"))
    bundle = Bundle(stream.getvalue())
    unpack(bundle.digest, bundle.content)
    assert unpacked(bundle.digest) is not None
    remove_caches(home)
    assert unpacked(bundle.digest) is None


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 1024])
def test_what_arrives_damaged_is_not_unpacked(home: Path, content: bytes) -> None:
    with pytest.raises(CondavisionError, match="damaged"):
        unpack("0" * 64, content)
    assert not home.joinpath("bundles").exists()


SUBDIRS = ("linux-64", "linux-aarch64", "osx-arm64")


@pytest.fixture
def everywhere(tmp_path: Path) -> str:
    """A channel whose Python is the one that runs the tests, as built for several platforms."""
    channel = tmp_path / "channel"
    channel.joinpath("noarch").mkdir(parents=True)
    version = platform.python_version()
    program = f'#!/bin/sh\nexec {sys.executable} -S -E "$@"\n'.encode()
    for subdir in SUBDIRS:
        entries = (
            PackageFile("bin/python", program, executable=True),
            PackageFile("built-for", f"{subdir}\n".encode()),
        )
        Package("python", version, "h0_0_cpython", subdir, entries=entries).write(channel)
    asyncio.run(index_fs(channel))
    return channel.as_uri()


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_a_worker_takes_the_part_of_its_platform(
    subdir: str,
    everywhere: str,
    tmp_path: Path,
    home: Path,
    make_project: Callable[[Mapping[str, str]], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what says which platform a machine has is replaced."""
    settings = f"channels = [{json.dumps(everywhere)}]\nplatforms = {json.dumps(SUBDIRS)}\n"
    code = "import os\nprint(open(os.environ['CONDA_PREFIX'] + '/built-for').read())\n"
    folder = make_project({"condavision.toml": settings, "where.py": code})
    InProcess(folder)("lock", "-q", "where.py").ok()
    bundle = packed(folder / "where.py")
    unpack(bundle.digest, bundle.content)
    there = unpacked(bundle.digest)
    assert there is not None
    for module in (bundles, worker):
        monkeypatch.setattr(module, "current_subdir", lambda: subdir)
    argv, environ = prepare_bundle(there, None, Progress()).command([], os.environ)
    found = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == subdir
