"""Artefacts read in parts, over loopback and from files: what is read, and what is refused."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from condavision.artefacts import ranges, wheel
from condavision.artefacts.artefact import Artefact, UnreadError
from condavision.artefacts.reader import ArtefactReader
from condavision.artefacts.requires import requires_key
from condavision.artefacts.sizes import keep_sizes, known_sizes
from condavision.artefacts.store import EvidenceStore
from condavision.core.evidence import Unproved
from condavision.core.model import LockedPackage, Manager
from condavision.interpreters.conda_package import PackageFile
from tests.channels.package import Package
from tests.channels.server import Channel, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEXTS = {"a/__init__.py": "x = 1\n", "a/b.py": "y = 2\n", "a-1.dist-info/METADATA": "Name: a\n"}
NOISE = bytes(range(256)) * 4


@pytest.fixture
def server(tmp_path: Path, clean_environment: None) -> Iterator[Channel]:
    (tmp_path / "served").mkdir()
    found = Channel(tmp_path / "served")
    found.ranges = True
    yield found
    found.close()


@pytest.fixture
def reader(tmp_path: Path) -> ArtefactReader:
    return ArtefactReader(tmp_path / "home")


def zipped(texts: Mapping[str, str], *, padding: int = 0, comment: bytes = b"") -> bytes:
    """Return a wheel, with a file of so many kilobytes at its start."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.bin", NOISE * padding, zipfile.ZIP_STORED)
        for name, text in texts.items():
            archive.writestr(name, text)
        archive.comment = comment
    return buffer.getvalue()


def served(server: Channel, content: bytes, name: str = "a-1-py3-none-any.whl") -> Artefact:
    (server.path / name).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    return Artefact(f"{server.http_url}/{name}", sha256, Manager.PYPI)


def conda(server: Channel, texts: Mapping[str, str]) -> Artefact:
    entries = tuple(PackageFile(f"site-packages/{it}", text.encode()) for it, text in texts.items())
    path = Package("a", "1", "py_0", noarch="python", entries=entries).write(server.path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Artefact(f"{server.http_url}/noarch/{path.name}", sha256, Manager.CONDA)


def read(reader: ArtefactReader, artefact: Artefact, *names: str) -> dict[str, bytes]:
    return asyncio.run(reader.read(artefact, names))


def refused(reader: ArtefactReader, artefact: Artefact, *names: str) -> Unproved:
    with pytest.raises(UnreadError) as caught:
        asyncio.run(reader.read(artefact, names) if names else reader.files(artefact))
    return caught.value.reason


@pytest.mark.parametrize("far", [False, True])
def test_requirements_are_kept_if_the_directory_brings_them(
    far: bool, server: Channel, reader: ArtefactReader
) -> None:
    texts = {"a-1.dist-info/METADATA": "Name: a\nRequires-Dist: b>2\nRequires-Dist: c\n\nText\n"}
    noise = {f"a/{number}.bin": random.Random(number).randbytes(2000).hex() for number in range(60)}
    artefact = served(server, zipped({**texts, **noise} if far else {**noise, **texts}))
    asyncio.run(reader.files(artefact))
    key = requires_key(artefact.sha256)
    assert reader.store.load([key]) == ({} if far else {key: b"b>2\nc"})
    assert len(server.requested) == 1


def test_sizes_are_those_that_were_given_or_of_files_here(tmp_path: Path) -> None:
    store = EvidenceStore.below(tmp_path / "home")
    (tmp_path / "a b.whl").write_bytes(b"12345")
    given = LockedPackage(Manager.PYPI, "g", "1", "win-64", "https://x.invalid/g", "1" * 64, size=7)
    keep_sizes([given], store)
    known, unknown, gone, here = (
        LockedPackage(Manager.PYPI, "a", "1", "linux-64", url, digit * 64)
        for url, digit in (
            ("https://x.invalid/g", "1"),
            ("https://x.invalid/u", "2"),
            ((tmp_path / "gone.whl").as_uri(), "3"),
            ((tmp_path / "a b.whl").as_uri(), "4"),
        )
    )
    found = known_sizes([known, unknown, gone, here], store)
    assert found == {known.sha256: 7, here.sha256: 5}


@pytest.mark.parametrize("padding", [0, 200])
@pytest.mark.parametrize("comment", [b"", b"x" * 60_000])
def test_a_wheel_is_read_in_parts(
    server: Channel, reader: ArtefactReader, padding: int, comment: bytes
) -> None:
    artefact = served(server, zipped(TEXTS, padding=padding, comment=comment))
    found = read(reader, artefact, "a/__init__.py", "a/b.py")
    assert found == {"a/__init__.py": b"x = 1\n", "a/b.py": b"y = 2\n"}
    assert {status for _, status in server.answered} == {206}
    assert len(server.requested) <= 3


def test_a_directory_longer_than_the_end_that_is_asked_for(
    server: Channel, reader: ArtefactReader
) -> None:
    many = {f"a/{'m' * 80}{number}.py": "" for number in range(2000)}
    artefact = served(server, zipped({**many, "a/z.py": "z = 1\n"}, padding=200))
    assert read(reader, artefact, "a/z.py") == {"a/z.py": b"z = 1\n"}
    assert len(server.requested) == 3


def test_an_archive_in_the_format_for_many_files(
    server: Channel, reader: ArtefactReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)  # 65,535
    artefact = served(server, zipped(TEXTS))
    assert b"PK\6\6" in (server.path / artefact.name).read_bytes()
    assert asyncio.run(reader.files(artefact)).module("a.b") == "a/b.py"


def test_a_conda_package_is_read_in_parts(server: Channel, reader: ArtefactReader) -> None:
    artefact = conda(server, TEXTS)
    assert read(reader, artefact, "a/b.py") == {"a/b.py": b"y = 2\n"}
    assert 206 in {status for _, status in server.answered}


@pytest.mark.parametrize(
    "make", [lambda it: served(it, zipped(TEXTS)), lambda it: conda(it, TEXTS)]
)
def test_without_ranges_what_is_small_is_fetched_whole(
    server: Channel, reader: ArtefactReader, make: object
) -> None:
    server.ranges = False
    artefact = make(server)  # type: ignore[operator]
    assert read(reader, artefact, "a/b.py") == {"a/b.py": b"y = 2\n"}


def test_without_ranges_what_is_large_is_not_read(
    server: Channel, reader: ArtefactReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "WHOLE", 100_000)
    server.ranges = False
    assert refused(reader, served(server, zipped(TEXTS, padding=200))) is Unproved.NO_RANGES


@pytest.mark.parametrize(
    "make", [lambda it: served(it, zipped(TEXTS)), lambda it: conda(it, TEXTS)]
)
def test_what_was_read_needs_no_server(
    server: Channel, reader: ArtefactReader, tmp_path: Path, make: object
) -> None:
    artefact = make(server)  # type: ignore[operator]
    asyncio.run(reader.files(artefact))
    server.close()
    offline = ArtefactReader(tmp_path / "home", offline=True)
    assert asyncio.run(offline.files(artefact)).module("a.b") == "a/b.py"
    assert refused(ArtefactReader(tmp_path / "other", offline=True), artefact) is Unproved.OFFLINE


def test_a_damaged_store_costs_time_alone(
    server: Channel, reader: ArtefactReader, tmp_path: Path
) -> None:
    artefact = served(server, zipped(TEXTS))
    asyncio.run(reader.files(artefact))
    reader.store.file.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    again = ArtefactReader(tmp_path / "home")
    assert asyncio.run(again.files(artefact)).module("a.b")


def test_local_files_are_read_whole(server: Channel, reader: ArtefactReader) -> None:
    made = served(server, zipped(TEXTS))
    local = Artefact((server.path / made.name).as_uri(), made.sha256, Manager.PYPI)
    assert read(reader, local, "a/b.py") == {"a/b.py": b"y = 2\n"}
    (server.path / made.name).write_bytes(zipped({"other.py": ""}))
    again = Artefact(local.url, hashlib.sha256(b"").hexdigest(), Manager.PYPI)
    assert refused(reader, again) is Unproved.DAMAGED


def test_a_source_distribution_says_nothing(server: Channel, reader: ArtefactReader) -> None:
    assert refused(reader, served(server, b"...", "a-1.tar.gz")) is Unproved.SOURCE
    assert server.requested == []


def test_a_server_that_does_not_answer_is_asked_once(
    server: Channel, reader: ArtefactReader
) -> None:
    artefacts = [served(server, zipped(TEXTS), f"a-{n}-py3-none-any.whl") for n in range(2)]
    server.close()
    assert refused(reader, artefacts[0]) is Unproved.UNREACHABLE
    assert reader._ranges is not None
    assert reader._ranges.dead
    assert refused(reader, artefacts[1]) is Unproved.UNREACHABLE


@pytest.mark.parametrize("fault", [Fault.NOT_FOUND, Fault.ERROR, Fault.TRUNCATED])
def test_faults_of_servers(server: Channel, reader: ArtefactReader, fault: Fault) -> None:
    artefact = served(server, zipped(TEXTS))
    server.fail("a-1", fault)
    assert refused(reader, artefact) is Unproved.UNREACHABLE


def lying(change: str) -> bytes:
    """Return a wheel whose directory, at its end, says something else than its content."""
    content = bytearray(zipped(TEXTS, padding=200))
    end = content.rfind(b"PK\5\6")
    if change == "no directory":
        return bytes(content[:end])
    if change == "a directory beyond the file":
        struct.pack_into("<L", content, end + 16, len(content) * 2)
    elif change == "a directory of another length":
        struct.pack_into("<L", content, end + 12, 10)
    elif change == "a directory of 4 GB":
        struct.pack_into("<L", content, end + 12, 0xFFFFFFF0)
    elif change == "more files":
        struct.pack_into("<HH", content, end + 8, 9000, 9000)
        struct.pack_into("<L", content, end + 12, 0xFFFF)
    elif change == "something in front":
        return b"x" * 1000 + bytes(content)
    return bytes(content)


@pytest.mark.parametrize(
    "change",
    [
        "no directory",
        "a directory of another length",
        "a directory of 4 GB",
        "more files",
    ],
)
def test_a_directory_that_lies_proves_nothing(
    server: Channel, reader: ArtefactReader, change: str
) -> None:
    reason = refused(reader, served(server, lying(change)))
    assert reason in {Unproved.DAMAGED, Unproved.TOO_LARGE, Unproved.UNREACHABLE}
    assert reader.store.load([]) == {}


@pytest.mark.parametrize("change", ["a directory beyond the file", "something in front"])
def test_positions_count_from_the_end(server: Channel, reader: ArtefactReader, change: str) -> None:
    artefact = served(server, lying(change))
    assert read(reader, artefact, "a/b.py") == {"a/b.py": b"y = 2\n"}


def test_a_small_file_with_another_sha256_proves_nothing(
    server: Channel, reader: ArtefactReader
) -> None:
    made = served(server, zipped(TEXTS))
    (server.path / made.name).write_bytes(zipped({"other.py": ""}))
    assert refused(reader, made) is Unproved.DAMAGED


def test_a_file_that_inflates_is_not_read(
    server: Channel, reader: ArtefactReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    artefact = served(server, zipped({"a/__init__.py": "#" * 300_000}))
    monkeypatch.setattr(wheel, "LARGEST_FILE", 200_000)
    assert refused(reader, artefact, "a/__init__.py") is Unproved.TOO_LARGE


def test_a_file_that_is_longer_than_the_directory_says(
    server: Channel, reader: ArtefactReader
) -> None:
    content = bytearray(zipped({"a/__init__.py": "#" * 300_000}, padding=200))
    entry = content.rfind(b"PK\1\2")
    struct.pack_into("<L", content, entry + 24, 10)
    artefact = served(server, bytes(content))
    assert refused(reader, artefact, "a/__init__.py") is Unproved.DAMAGED


def test_bytes_that_changed_are_not_read(server: Channel, reader: ArtefactReader) -> None:
    content = zipped({"a/__init__.py": "x = 1\n"}, padding=200)
    artefact = served(server, content)
    at = content.rfind(b"x = 1") if b"x = 1" in content else content.find(b"__init__.py") + 13
    (server.path / artefact.name).write_bytes(content[:at] + b"\xff\xff" + content[at + 2 :])
    assert refused(reader, artefact, "a/__init__.py") is Unproved.DAMAGED
