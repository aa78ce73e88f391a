"""Write conda packages in the ``.conda`` format; equal input gives equal bytes.

A package is a zip of two zstd-compressed tarballs, ``info-*`` and ``pkg-*`` (CEP 35 and
https://docs.conda.io/projects/conda/en/stable/dev-guide/specs/package-format.html). Nothing here
records a time, a user or the order of a directory listing: the bytes depend on the content alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EPOCH = 1_577_836_800
"""The time stamp of everything written here, in seconds: 2020-01-01."""

_SHA256_OF_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Link:
    """The target of a symbolic link: relative to the link's folder, or absolute."""

    target: str


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file or symbolic link of a package.

    ``path`` is relative to the prefix, with forward slashes. ``content`` is bytes, a file to read
    them from, or a link. Where ``placeholder`` is set, the installer replaces it with the prefix:
    in place in text, padded with NULs where the file is ``binary``.
    """

    path: str
    content: bytes | Path | Link
    executable: bool = False
    placeholder: str | None = None
    binary: bool = False

    def read(self) -> bytes:
        """Return the bytes of a regular file."""
        if isinstance(self.content, Link):
            raise TypeError(f"{self.path} is a link")
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


def package_filename(index: Mapping[str, Any]) -> str:
    """Return ``name-version-build.conda``."""
    return f"{index['name']}-{index['version']}-{index['build']}.conda"


def conda_package(
    index: Mapping[str, Any],
    entries: Iterable[PackageFile],
    info: Mapping[str, object] | None = None,
    level: int = 3,
) -> bytes:
    """Return the bytes of a package.

    Args:
        index: the content of ``index.json``: at least name, version, build, depends, subdir.
        entries: the files; their order does not matter.
        info: further files of the ``info`` folder: objects are written as JSON, bytes as they are.
        level: zstd compression level.

    Raises:
        OSError: a file to be packed cannot be read.
    """
    files = {entry.path: entry for entry in sorted(entries, key=lambda entry: entry.path)}
    described = [_describe(entry, files) for entry in files.values()]
    documents: dict[str, object] = {
        "about.json": {},
        **(info or {}),
        "files": "".join(f"{path}\n" for path in files).encode(),
        "index.json": index,
        "paths.json": {"paths": described, "paths_version": 1},
    }
    metadata = [
        PackageFile(f"info/{name}", document if isinstance(document, bytes) else _json(document))
        for name, document in sorted(documents.items())
    ]
    stem = package_filename(index).removesuffix(".conda")
    compressor = zstandard.ZstdCompressor(level=level)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as package:
        for name, content in (
            ("metadata.json", _json({"conda_pkg_format_version": 2})),
            (f"pkg-{stem}.tar.zst", compressor.compress(_tar(files.values()))),
            (f"info-{stem}.tar.zst", compressor.compress(_tar(metadata))),
        ):
            member = zipfile.ZipInfo(name)  # its default date is fixed: 1980-01-01
            member.create_system = 3  # the same on every platform
            member.external_attr = 0o644 << 16
            package.writestr(member, content)
    return archive.getvalue()


def read_about(package: Path) -> dict[str, Any]:
    """Return the ``about.json`` of a package that :func:`conda_package` made."""
    with zipfile.ZipFile(package) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith("info-"))
        content = zstandard.ZstdDecompressor().stream_reader(archive.open(name)).read()
    with tarfile.open(fileobj=io.BytesIO(content)) as info:
        member = info.extractfile("info/about.json")
        about: dict[str, Any] = json.load(member) if member else {}
    return about


def _json(document: object) -> bytes:
    return json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"


def _describe(entry: PackageFile, files: Mapping[str, PackageFile]) -> dict[str, object]:
    described: dict[str, object] = {"_path": entry.path}
    if isinstance(entry.content, Link):
        content = _linked(entry, entry.content, files)
        described["path_type"] = "softlink"
    else:
        content = entry.read()
        described["path_type"] = "hardlink"
        if entry.placeholder:
            described["prefix_placeholder"] = entry.placeholder
            described["file_mode"] = "binary" if entry.binary else "text"
    described["sha256"] = hashlib.sha256(content).hexdigest() if content else _SHA256_OF_NOTHING
    described["size_in_bytes"] = len(content)
    return described


def _linked(entry: PackageFile, link: Link, files: Mapping[str, PackageFile]) -> bytes:
    """Return the content of a link's target; nothing for a folder, as conda-build records it."""
    if Path(link.target).is_absolute():
        target = Path(link.target)
        return target.read_bytes() if target.is_file() else b""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), link.target))
    inside = files.get(path)
    if inside is None:
        return b""
    if isinstance(inside.content, Link):
        return _linked(inside, inside.content, files)
    return inside.read()


def _tar(entries: Iterable[PackageFile]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            member = tarfile.TarInfo(entry.path)
            member.mtime = EPOCH
            if isinstance(entry.content, Link):
                member.type = tarfile.SYMTYPE
                member.linkname = entry.content.target
                member.mode = 0o777
                archive.addfile(member)
            else:
                content = entry.read()
                member.size = len(content)
                member.mode = 0o755 if entry.executable else 0o644
                archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
