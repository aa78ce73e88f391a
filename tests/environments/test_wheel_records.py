"""Files from PyPI are as in their RECORD, in the environment and in uv's cache, or are replaced."""

from __future__ import annotations

import base64
import hashlib
import io
import socket
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condavision.cli.progress import LineProgress
from condavision.core.model import LockedPackage, Manager
from condavision.core.platforms import current_subdir
from condavision.environments.environment import site_packages
from condavision.environments.install import install
from condavision.environments.inventory import list_environments, remove
from condavision.environments.pypi_install import install_pypi_packages
from condavision.environments.wheel_records import (
    altered_files,
    apply_corrections,
    learn_corrections,
)
from condavision.errors import InstallError
from condavision.inspection.doctor.environments import check_environments
from condavision.inspection.doctor.finding import State, Subject
from condavision.project.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from condavision.environments.environment import Environment
    from tests.environments.conftest import MakeLock

    Build = Callable[..., tuple[Environment, str]]


def test_a_folder_that_a_link_leads_to_is_found_once(tmp_path: Path) -> None:
    folders = [tmp_path / "lib" / name / "site-packages" for name in ("python2.7", "python3.13")]
    for folder in folders:
        folder.mkdir(parents=True)
    (tmp_path / "lib" / "python3.1").symlink_to("python3.13")  # as conda-forge's Pythons have
    assert sorted(site_packages(tmp_path)) == folders


def _digest(content: bytes) -> str:
    found = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"sha256={found.rstrip(b'=').decode()}"


class _Server(ThreadingHTTPServer):
    allow_reuse_port = True


@dataclass
class Index:
    """Wheels made here, on a server that can be switched off: its port stays reserved then."""

    folder: Path
    held: socket.socket
    requested: list[str] = field(default_factory=list)
    server: _Server | None = None

    @property
    def port(self) -> int:
        number: int = self.held.getsockname()[1]
        return number

    def start(self) -> None:
        index = self

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                index.requested.append(self.path)

        handler = partial(Handler, directory=str(self.folder))
        self.server = _Server(("127.0.0.1", self.port), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def wheel(
        self, name: str, version: str, files: dict[str, bytes], *, lies: bool = False
    ) -> LockedPackage:
        """Make a wheel; one that lies records its modules with other sizes and hashes."""
        info = f"{name}-{version}.dist-info"
        tags = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        content = files | {f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": tags.encode()}
        record = f"{info}/RECORD,,\n"
        for path, data in content.items():
            said = b"another" + data if lies and path.endswith(".py") else data
            record += f"{path},{_digest(said)},{len(said)}\n"
        file = self.folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(file, "w") as archive:
            for path, data in (content | {f"{info}/RECORD": record.encode()}).items():
                archive.writestr(path, data)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        url = f"http://127.0.0.1:{self.port}/{file.name}"
        return LockedPackage(Manager.PYPI, name, version, current_subdir(), url, digest)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    (tmp_path / "wheels").mkdir()
    with socket.socket() as held:  # bound, and not listening: it refuses connections
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        made = Index(tmp_path / "wheels", held)
        made.start()
        yield made
        made.stop()


@pytest.fixture
def build(make_lock: MakeLock, home: Path) -> Build:
    """Rebuild the environment of some distributions; return it with the messages."""

    def make(*packages: LockedPackage, conda: tuple[str, ...] = ()) -> tuple[Environment, str]:
        remove(item for item in list_environments(home))
        said = io.StringIO()
        lock = make_lock(*conda, extra=packages)
        made = install(lock, current_subdir(), home=home, progress=LineProgress(said))
        return made, said.getvalue()

    return make


def edit(environment: Environment, name: str) -> None:
    """Edit a module as its user does, in place, and so in the cache."""
    [module] = environment.prefix.glob(f"lib/python*/site-packages/{name}.py")
    time.sleep(0.02)
    module.write_text("edited = True\n")


AGAIN = "fetching again"


def test_a_file_that_two_distributions_bring_is_neithers(build: Build, index: Index) -> None:
    first = index.wheel("alpha", "1", {"alpha.py": b"", "tests/__init__.py": b"# alpha's\n"})
    second = index.wheel("beta", "1", {"beta.py": b"", "tests/__init__.py": b"# of beta\n"})
    environment, said = build(first, second)
    assert AGAIN not in said
    assert list(altered_files(environment.prefix)) == []
    [both] = environment.prefix.glob("lib/python*/site-packages/tests/__init__.py")
    both.rename(both.with_suffix(".gone"))
    assert {name for name, _ in altered_files(environment.prefix)} == {"alpha", "beta"}
    both.with_suffix(".gone").rename(both)
    edit(environment, "beta")
    assert [name for name, _ in altered_files(environment.prefix)] == ["beta"]
    environment, said = build(first, second)
    assert f"{AGAIN}, for files were altered: beta\n" in said
    assert list(altered_files(environment.prefix)) == []


def test_a_file_that_a_conda_package_brings_too_is_whole(
    build: Build, index: Index, home: Path
) -> None:
    def wrong() -> list[str]:
        found = check_environments(Subject(home, Config(home)))
        states = (finding for finding in found if finding.state is not State.OK)
        return [finding.found for finding in states]

    other = index.wheel("foo", "1", {"foo.py": b"x = 1\n", "idna/core.py": b"# another\n"})
    environment, _ = build(other, conda=("idna",))
    assert wrong() == []
    [module] = environment.prefix.glob("lib/python*/site-packages/idna/core.py")
    module.unlink()
    assert "idna/core.py" in wrong()[0]


@pytest.mark.slow
def test_a_wheel_with_a_wrong_record_is_fetched_twice_and_then_known(
    build: Build, index: Index
) -> None:
    """pip and uv accept it too: the locked wheel is the fetched one."""
    liar = index.wheel("liar", "1", {"liar.py": b"x = 1\n", "pkg/__init__.py": b""}, lies=True)
    environment, _ = build(liar)
    assert list(altered_files(environment.prefix)) == []
    index.stop()
    environment, said = build(liar)
    assert AGAIN not in said
    assert list(altered_files(environment.prefix)) == []
    edit(environment, "liar")
    assert [name for name, _ in altered_files(environment.prefix)] == ["liar"]


@pytest.mark.slow
def test_nothing_leaves_the_cache_before_its_replacement_was_fetched(
    build: Build, index: Index
) -> None:
    old = index.wheel("foo", "1", {"foo.py": b"x = 1\n"})
    new = index.wheel("foo", "2", {"foo.py": b"x = 2\n"})
    build(new)
    environment, _ = build(old)
    edit(environment, "foo")
    index.stop()
    with pytest.raises(InstallError, match=r"(?s)altered: foo\b.*site-packages/foo.py") as caught:
        build(old)
    assert "could not be downloaded" in caught.value.message
    assert any("check the network" in hint for hint in caught.value.hints)
    build(new)
    index.start()
    environment, said = build(old)
    assert AGAIN in said
    build(new)  # fetched again too: uv removes all versions of a name
    index.stop()
    for package in (old, new):
        environment, said = build(package)
        assert AGAIN not in said
        assert list(altered_files(environment.prefix)) == []


def test_nothing_to_install_anew_leaves_the_cache(build: Build, index: Index, home: Path) -> None:
    environment, _ = build(index.wheel("foo", "1", {"foo.py": b""}))
    before = sorted((home / "uv").rglob("*"))
    install_pypi_packages([], environment.python, home / "uv", anew=True)
    assert sorted((home / "uv").rglob("*")) == before


def test_fetching_again_leaves_one_copy(build: Build, index: Index, home: Path) -> None:
    package = index.wheel("foo", "1", {"foo.py": b"x = 1\n"})
    environment, _ = build(package)
    edit(environment, "foo")
    build(package)
    assert len(list(home.glob("uv/archive-v*/*/foo.py"))) == 1
    assert not list(home.glob("uv/.tmp*"))


def test_what_stays_altered_is_said(
    build: Build, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example if another program rewrites files."""
    path = "lib/site-packages/foo.py"
    monkeypatch.setattr(
        "condavision.environments.build.altered_files", lambda *_, **__: iter([("foo", path)])
    )
    _, said = build(index.wheel("foo", "1", {"foo.py": b"x = 1\n"}))
    assert f"still not as they were recorded: {path}" in said


RECORDS: dict[str, tuple[bytes, bool]] = {
    "zeros": (b"\0" * 1000, True),
    "more zeros than a field may have": (b"\0" * 200_000, True),
    "a path with a zero": (b"f\0o.py,,\n", True),
    "another encoding": (b"f\xe9.py,,\n", True),
    "nothing": (b"", True),
    "cut off": (b"foo.py,sha", True),
    "a size of 5000 digits": (b"foo.py,sha256=abc," + b"9" * 5000, True),
    "another hash": (b"foo.py,sha256=abc,3\n", True),
    "a hash that is none": ("foo.py,sha256=\u00e9,3\n".encode(), True),
    "a hash of any length": (b"foo.py,shake_128=abc,3\n", False),
    "a hash that is too weak to count": (b"foo.py,md5=abc,3\n", False),
    "a weak hash and another size": (b"foo.py,md5=abc,4\n", True),
}


def _installed(prefix: Path, record: bytes) -> None:
    """A module and its metadata, as uv leaves them but for the RECORD."""
    site = prefix / "lib" / "python3.11" / "site-packages"
    info = site / "foo-1.dist-info"
    info.mkdir(parents=True)
    (info / "INSTALLER").write_text("uv")
    (info / "direct_url.json").write_text('{"archive_info": {}}')
    (info / "RECORD").write_bytes(record)
    (site / "foo.py").write_text("x=1")


@pytest.mark.parametrize(("record", "altered"), RECORDS.values(), ids=RECORDS)
def test_any_record_is_read(record: bytes, altered: bool, tmp_path: Path) -> None:
    _installed(tmp_path, record)
    assert bool(list(altered_files(tmp_path))) is altered


NOISE = st.binary() | st.text('fo.py,"\0\n\r=/é²9sha256').map(str.encode)


@given(before=NOISE, after=NOISE)
def test_a_record_with_noise_is_read(before: bytes, after: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _installed(Path(folder), before + b"foo.py,sha256=abc,3\n" + after)
        for name, path in altered_files(Path(folder)):
            assert (name, path[:1] != "/") == ("foo", True)
        kept = {"foo": Path(folder, "kept")}
        learn_corrections(Path(folder), kept)
        apply_corrections(Path(folder), kept)
