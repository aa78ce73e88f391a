"""The files of an extracted package: whether they are as extracted, and whether any leads outside.

rattler 0.28 links whatever ``paths.json`` names, also ``link/../../.bashrc``. Nothing of a package
may be outside the environment, below a link that leads out of it, or where our own files are.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condavision.errors import InstallError
from condavision.system.documents import read_json
from condavision.system.files import read_file, read_text_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from condavision.core.model import LockedPackage

_META = "conda-meta"
_SUSPECT = tuple(f"{a}{dots}{b}" for a in "\0/" for dots in ("", ".", "..") for b in "\0/")
"""Parts of a path that lead elsewhere, in paths between NULs."""

_DEEPEST = 40  # links on the way to a file, as in Linux
_PART = re.compile(r"[A-Za-z0-9_.+!-]+\Z")
_FOLDS_CASE = sys.platform in {"darwin", "win32"}


class HostilePackageError(InstallError):
    """A package has a file that would be outside the environment."""


@dataclass(frozen=True, slots=True)
class PackageFiles:
    """Where a package's files go: the folders with files, and the links with their targets.

    Paths are relative to the environment, where ``site-packages/`` and ``python-scripts/`` are
    still those of a noarch package.
    """

    package: LockedPackage
    noarch: bool
    folders: frozenset[str]
    links: Mapping[str, str]


def entry_name(package: LockedPackage) -> str:
    """Return the name of a package's folder in a cache, and of its record in an environment.

    Raises:
        HostilePackageError: the lock has a name, version or build that is no part of a file name.
    """
    parts = (package.name, package.version, package.build or "")
    if not all(_PART.match(part) for part in parts):
        raise _hostile(package, f"the lock calls it {'-'.join(parts)!r}")
    return "-".join(parts)


def intact_files(
    entry: Path, package: LockedPackage, extracted: int | None = None, *, deep: bool = False
) -> PackageFiles | None:
    """Return the files of an extracted package, None where some are missing or altered.

    A file is altered if it has another size, or was modified after ``extracted``, in nanoseconds;
    without that, only whether they are all there is checked. With ``deep`` its digest decides too,
    which also finds an edit of the same size with the time put back.
    Cached files are hard-linked into environments: editing one there edits it everywhere.

    Raises:
        HostilePackageError: a file leads outside.
    """
    try:
        return _inspect(entry, package, extracted, deep=deep)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def sha256_of(path: str) -> str:
    """Return the digest of a file.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as stream:  # noqa: PTH123 - thousands of files
        return hashlib.file_digest(stream, "sha256").hexdigest()


def require_inside(packages: Iterable[PackageFiles], site_packages: str) -> None:
    """Refuse packages that together put a file outside: below a link that another one has.

    ``site_packages`` is the folder of noarch packages. Other tools write there, so that no link in
    it may lead out.

    Raises:
        HostilePackageError: a file or link leads outside.
    """
    packages = tuple(packages)
    noarch = {"site-packages": site_packages, "python-scripts": "bin"}
    links = {
        _key(_placed(path, noarch if files.noarch else {})): target
        for files in packages
        for path, target in files.links.items()
    }
    if not links:
        return
    first_parts = {path.partition("/")[0] for path in links}
    for files in packages:
        mapped = noarch if files.noarch else {}
        for folder in files.folders:
            placed = _placed(folder, mapped)
            if _key(placed.partition("/")[0]) in first_parts and _leaves(placed, links):
                raise _hostile(files.package, f"{folder} leads out of it")
        for path in files.links:
            placed = _placed(path, mapped)
            watched = "/" not in placed or f"{placed}/".startswith(f"{site_packages}/")
            if watched and _leaves(placed, links):
                raise _hostile(files.package, f"the link {path} leads out of it")


def _inspect(
    entry: Path, package: LockedPackage, extracted: int | None, *, deep: bool
) -> PackageFiles:
    noarch = read_json(read_file(entry / "info" / "index.json")).get("noarch") == "python"
    if noarch:
        _check_entry_points(entry, package)
    described = _described(entry)
    names: list[str] = [item["_path"] for item in described]
    _check_paths(names, package)
    root = f"{entry}/"
    links: dict[str, str] = {}
    for name, item in zip(names, described, strict=True):
        status = os.lstat(root + name)
        mode = status.st_mode
        if stat.S_ISREG(mode):
            if extracted and _is_altered(root + name, status, item, extracted, deep=deep):
                raise ValueError(name)
        elif stat.S_ISLNK(mode):
            if name.lower().startswith(f"{_META}/"):
                raise _hostile(package, f"{name} is a link")
            links[name] = os.readlink(root + name)  # noqa: PTH115
        elif not stat.S_ISDIR(mode):
            raise _hostile(package, f"{name} is no file")
    folders: set[str] = set()
    for parent in {name.rpartition("/")[0] for name in names}:
        folder = parent
        while folder and folder not in folders:
            folders.add(folder)
            if stat.S_ISLNK(os.lstat(root + folder).st_mode):
                raise _hostile(package, f"{folder} is a link with files below it")
            folder = folder.rpartition("/")[0]
    return PackageFiles(package, noarch, frozenset(folders), links)


def _is_altered(
    path: str, status: os.stat_result, item: Mapping[str, Any], extracted: int, *, deep: bool
) -> bool:
    expected = item.get("size_in_bytes", status.st_size)
    if status.st_size != expected or status.st_mtime_ns > extracted:
        return True
    return deep and item.get("sha256", "") not in {"", sha256_of(path)}


def _described(entry: Path) -> list[dict[str, Any]]:
    """Return what describes each file; packages of before 2017 have only a list of names."""
    try:
        described = read_json(read_file(entry / "info" / "paths.json"))
    except FileNotFoundError:
        names = read_text_file(entry / "info" / "files").splitlines()
        return [{"_path": name} for name in names if name]
    return list(described["paths"])


def _check_paths(names: list[str], package: LockedPackage) -> None:
    """Refuse paths that lead out, and files that conda or we would take for our own."""
    text = "\0".join(("", *names, ""))
    if any(it in text for it in _SUSPECT) or (os.name == "nt" and ("\\" in text or ":" in text)):
        for name in names:
            parts = (
                name.replace("\\", "/" if os.name == "nt" else "\\").removesuffix("/").split("/")
            )
            if not {"", ".", ".."}.isdisjoint(parts) or os.path.isabs(name):  # noqa: PTH117
                raise _hostile(package, f"{name!r} leads out of it")
    if f"\0{_META}" not in text.lower():
        return
    for name in names:
        first, _, rest = name.lower().partition("/")
        if first == _META and (
            not rest or rest.endswith(".json") or rest.startswith("condavision")
        ):
            raise _hostile(package, f"{name} is not a package's to bring")


def _check_entry_points(entry: Path, package: LockedPackage) -> None:
    try:
        link = read_json(read_file(entry / "info" / "link.json"))
    except FileNotFoundError:
        return
    for point in link["noarch"].get("entry_points") or ():
        name = point.partition("=")[0].strip()
        if name in {"", ".", ".."} or "/" in name or "\\" in name:
            raise _hostile(package, f"its entry point {name!r} is no file name")


def _placed(path: str, mapped: Mapping[str, str]) -> str:
    first, slash, rest = path.partition("/")
    return f"{mapped.get(first, first)}{slash}{rest}"


def _key(path: str) -> str:
    return path.casefold() if _FOLDS_CASE else path


def _leaves(path: str, links: Mapping[str, str]) -> bool:
    """Return whether a path leads out of the environment through links."""
    done: list[str] = []
    ahead = path.split("/")[::-1]
    followed = 0
    while ahead:
        part = ahead.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not done:
                return True
            done.pop()
            continue
        done.append(part)
        target = links.get(_key("/".join(done)))
        if target is not None:
            followed += 1
            if os.path.isabs(target) or followed > _DEEPEST:  # noqa: PTH117
                return True
            done.pop()
            ahead.extend(target.split("/")[::-1])
    return False


def _hostile(package: LockedPackage, detail: str) -> HostilePackageError:
    return HostilePackageError(
        f"{package.name} {package.version} would write outside its environment, so it is not"
        f" installed: {detail} ({package.url}).",
        "do not use this package; report it to the channel",
    )
