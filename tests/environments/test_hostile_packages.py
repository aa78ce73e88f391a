"""Packages that would write, or remove, files outside their environment: refused by name."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from condavision.core.model import LockedPackage, Manager
from condavision.core.platforms import current_subdir
from condavision.environments.activation import Activation, store
from condavision.environments.conda_install import install_conda_packages
from condavision.environments.environment import Environment
from condavision.environments.last_use import LAUNCHED, USED, record_launcher, record_use
from condavision.environments.package_files import HostilePackageError
from condavision.errors import InstallError
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

FILE, LINK, FOLDER = "hardlink", "softlink", "directory"


@dataclass(frozen=True)
class Hostile:
    """The members of an archive (a link's target, or a content), and what paths.json says.

    ``OUTSIDE`` in a path or target becomes a folder of the user's.
    """

    members: dict[str, str | bytes]
    paths: tuple[tuple[str, str], ...]
    noarch: str | None = None
    info: dict[str, Any] = field(default_factory=dict)
    files_only: bool = False


def linked(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, FILE) for name in names)


X = b"hostile"
HOSTILE = {
    "up through a link": Hostile(
        {"s": "OUTSIDE", "a": X}, (("s", LINK), ("s/../OUTSIDE/victim", FILE), ("a", FILE))
    ),
    "up": Hostile({"a": X}, linked("a", "../../../victim")),
    "up at the end": Hostile({"a": X}, (("a", FILE), ("d/..", FOLDER))),
    "a folder up": Hostile({"a": X}, (("a", FILE), ("../victim", FOLDER))),
    "absolute": Hostile({"a": X}, linked("a", "OUTSIDE/victim")),
    "absolute folder": Hostile({"a": X}, (("a", FILE), ("OUTSIDE/new", FOLDER))),
    "below a listed link": Hostile({"s": "OUTSIDE"}, (("s", LINK), ("s/victim", FILE))),
    "below an unlisted link": Hostile({"s": "OUTSIDE"}, linked("s/victim")),
    "a folder below a link": Hostile({"s": "OUTSIDE"}, (("s/new", FOLDER),)),
    "a dot": Hostile({"s": "OUTSIDE"}, (("s", LINK), ("./s/victim", FILE))),
    "an old list of files": Hostile({"s": "OUTSIDE"}, linked("s", "s/victim"), files_only=True),
    "our marker": Hostile({"conda-meta/condavision": X}, linked("conda-meta/condavision")),
    "our activation": Hostile(
        {"conda-meta/condavision-activation": "OUTSIDE/victim"},
        (("conda-meta/condavision-activation", LINK),),
    ),
    "a record": Hostile({"conda-meta/python-3.12.json": X}, linked("conda-meta/python-3.12.json")),
    "the folder of records": Hostile({"conda-meta": "OUTSIDE"}, (("conda-meta", LINK),)),
    "a main folder": Hostile({"bin": "OUTSIDE"}, (("bin", LINK),)),
    "a link in site-packages": Hostile(
        {"site-packages/six": "OUTSIDE"}, (("site-packages/six", LINK),), noarch="python"
    ),
    "an entry point": Hostile(
        {"site-packages/m.py": X},
        linked("site-packages/m.py"),
        noarch="python",
        info={"link.json": {"noarch": {"type": "python", "entry_points": ["../../victim = m:f"]}}},
    ),
}


def archive(case: Hostile, folder: Path, outside: Path, name: str = "hostile") -> LockedPackage:
    """Write the package, and return it as a lock has it."""

    def placed(text: str) -> str:
        return text.replace("OUTSIDE", str(outside))

    index = {"name": name, "version": "1", "build": "0", "build_number": 0, "depends": []}
    paths = [
        {"_path": placed(path), "path_type": kind, "sha256": "0" * 64, "size_in_bytes": 7}
        for path, kind in case.paths
    ]
    listing = {"files": "".join(f"{it['_path']}\n" for it in paths)} if case.files_only else {}
    documents = {
        "index.json": index | {"noarch": case.noarch or "generic", "subdir": "noarch"},
        **({} if case.files_only else {"paths.json": {"paths": paths, "paths_version": 1}}),
        **listing,
        **case.info,
    }
    file = folder / f"{name}-1-0.tar.bz2"
    folder.mkdir(exist_ok=True)
    with tarfile.open(file, "w:bz2") as tar:
        for path, document in documents.items():
            text = document if isinstance(document, str) else json.dumps(document)
            _add(tar, f"info/{path}", text.encode())
        for path, content in case.members.items():
            _add(tar, path, placed(content) if isinstance(content, str) else content)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return LockedPackage(
        Manager.CONDA, name, "1", current_subdir(), file.as_uri(), digest, build="0"
    )


def _add(tar: tarfile.TarFile, path: str, content: str | bytes) -> None:
    member = tarfile.TarInfo(path)
    member.mode = 0o6777
    if isinstance(content, str):
        member.type, member.linkname = tarfile.SYMTYPE, content
        tar.addfile(member)
    else:
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "the user's"
    folder.mkdir()
    (folder / "victim").write_text("precious")
    return folder


def untouched(outside: Path) -> bool:
    found = {file.name: file.read_text() for file in outside.iterdir()}
    return found == {"victim": "precious"}


def link(packages: list[LockedPackage], tmp_path: Path) -> Path:
    prefix = tmp_path / "envs" / "prefix"
    prefix.parent.mkdir(exist_ok=True)
    install_conda_packages(packages, prefix, tmp_path / "pkgs", Progress())
    return prefix


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE)
def test_a_file_outside_is_refused(case: Hostile, outside: Path, tmp_path: Path) -> None:
    package = archive(case, tmp_path / "channel", outside)
    for _ in range(2):  # fetched, and from the cache
        with pytest.raises(InstallError) as caught:
            link([package], tmp_path)
        assert "hostile 1" in caught.value.message
        assert untouched(outside)
    assert not list((tmp_path / "envs").glob("*/*"))


def test_a_cached_package_is_checked_too(outside: Path, tmp_path: Path) -> None:
    """As where another tool, or an older release, extracted it: a wrong size got files removed."""
    harmless = archive(Hostile({"a": X}, linked("a")), tmp_path / "channel", outside)
    link([harmless], tmp_path)
    description = tmp_path / "pkgs" / "hostile-1-0" / "info" / "paths.json"
    paths = [{"_path": f"{'../' * 20}{outside}/victim", "path_type": FOLDER, "size_in_bytes": 1}]
    description.write_text(json.dumps({"paths": paths, "paths_version": 1}))
    with pytest.raises(HostilePackageError, match="outside its environment"):
        link([harmless], tmp_path)
    assert untouched(outside)


@pytest.mark.parametrize("target", ["OUTSIDE", "../..", "deep/../../..", "s"])
def test_two_packages_together_are_refused(target: str, outside: Path, tmp_path: Path) -> None:
    one = archive(Hostile({"d/s": target}, (("d/s", LINK),)), tmp_path / "a", outside, "one")
    files = Hostile({"d/s/victim": X}, linked("d/s/victim"))
    other = archive(files, tmp_path / "b", outside, "other")
    with pytest.raises(HostilePackageError, match="other 1 would write outside"):
        link([one, other], tmp_path)
    assert untouched(outside)


@pytest.mark.parametrize("field", ["name", "version", "build"])
def test_a_lock_whose_names_are_paths(field: str, outside: Path, tmp_path: Path) -> None:
    package = archive(Hostile({"a": X}, linked("a")), tmp_path / "channel", outside)
    with pytest.raises(HostilePackageError, match="the lock calls it"):
        link([replace(package, **{field: "../../x"})], tmp_path)  # type: ignore[arg-type]


def test_links_of_good_packages_stay(outside: Path, tmp_path: Path) -> None:
    members: dict[str, str | bytes] = {
        "lib64": "lib",
        "lib/libx.so": "libx.so.1",
        "lib/libx.so.1": X,
        "etc/OpenCL/vendors/system": "OUTSIDE",
        "share/zone": "/usr/share/zone",
        "share/..data": X,
        "conda-meta/pinned": X,
    }
    kinds = tuple((name, LINK if isinstance(it, str) else FILE) for name, it in members.items())
    good = archive(Hostile(members, kinds), tmp_path / "channel", outside, "good")
    prefix = link([good], tmp_path)
    assert (prefix / "lib64" / "libx.so").read_bytes() == X
    assert (prefix / "share" / "zone").readlink().as_posix() == "/usr/share/zone"


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_modes_obey_the_umask(umask: int, outside: Path, tmp_path: Path) -> None:
    package = archive(Hostile({"d/a": X}, linked("d/a")), tmp_path / "channel", outside)
    before = os.umask(umask)
    try:
        prefix = link([package], tmp_path)
    finally:
        os.umask(before)
    for path in (prefix / "d", prefix / "d" / "a"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o777 & ~umask


def test_our_own_files_are_never_written_through_links(outside: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "prefix", "key", current_subdir())
    meta = environment.marker.parent
    meta.mkdir(parents=True)
    for name in ("condavision-activation", USED, LAUNCHED):
        (meta / name).symlink_to(outside / "victim")
    store(Activation(()), environment.prefix)
    record_use(environment, tmp_path / "script.py")
    with pytest.raises(OSError, match="symbolic links"):
        record_launcher(environment)
    assert untouched(outside)
