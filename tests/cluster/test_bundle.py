"""What travels to other machines of a script, and what a machine unpacks."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

import pytest

from condavision.cluster.bundle import Bundle, pack, prepare_bundle, unpack, unpacked
from condavision.environments.inventory import remove_caches
from condavision.errors import CondavisionError
from condavision.inference.runnable import runnable
from condavision.inference.workspace import Workspace
from condavision.system.progress import Progress


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
    if bad.name.startswith("/"):  # is taken for relative
        unpack(digest, content)
        assert home.joinpath("bundles", digest, "tmp/out").is_file()
        remove_caches(home)
        assert unpacked(digest) is None
        return
    with pytest.raises(CondavisionError, match="not valid"):
        unpack(digest, content)
    assert not [*home.joinpath("bundles").iterdir()]


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 1024])
def test_what_arrives_damaged_is_not_unpacked(home: Path, content: bytes) -> None:
    with pytest.raises(CondavisionError, match="damaged"):
        unpack("0" * 64, content)
    assert not home.joinpath("bundles").exists()
