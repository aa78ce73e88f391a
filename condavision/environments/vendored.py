"""A folder of vendored artefacts: where each locked file is in it, and whether it is intact.

``channel/SUBDIR/`` has the conda packages as an indexed channel, ``wheels/`` those from PyPI.
Both are useful without condavision: as ``file://`` channel, and to ``pip --find-links``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from condavision.core.model import Manager
from condavision.errors import InstallError, LockfileError
from condavision.system.files import open_file
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from condavision.core.model import LockedPackage

CHANNEL = "channel"
WHEELS = "wheels"

_NAME = re.compile(r"[^./\\:\0][^/\\:\0]*\Z")
_SUBDIR = re.compile(r"[a-z0-9]+(-[a-z0-9]+)?\Z")


def vendored_path(package: LockedPackage, folder: Path) -> Path:
    """Return the path of a locked package's artefact in a vendored folder.

    Raises:
        LockfileError: its url does not end in a file name, or in the subdir of a channel.
    """
    parent, _, last = urlsplit(package.url).path.rpartition("/")
    name, subdir = unquote(last), parent.rpartition("/")[2]
    conda = package.manager is Manager.CONDA
    if not _NAME.match(name) or (conda and not _SUBDIR.match(subdir)):
        raise LockfileError(
            f"{package.url} is not the url of a package",
            "lock again: run `condavision lock --upgrade SCRIPT`",
        )
    return folder / CHANNEL / subdir / name if conda else folder / WHEELS / name


def is_intact(path: Path, package: LockedPackage) -> bool:
    """Return whether a file has the content that was locked.

    Raises:
        OSError: it is missing or cannot be read.
    """
    with open_file(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == package.sha256


def from_vendored(packages: Iterable[LockedPackage], folder: Path) -> list[LockedPackage]:
    """Return the packages with ``file://`` urls in a vendored folder instead of their own.

    Raises:
        InstallError: files are missing or damaged; all are named.
    """
    local = []
    missing: list[str] = []
    damaged: list[str] = []
    for package in packages:
        path = vendored_path(package, folder)
        try:
            if not is_intact(path, package):
                damaged.append(str(path))
        except OSError:
            missing.append(str(path))
        local.append(replace(package, url=path.absolute().as_uri()))
    problems = [
        f"{what}: {', '.join(paths)}"
        for what, paths in (("missing", missing), ("damaged (another sha256 than locked)", damaged))
        if paths
    ]
    if problems:
        raise InstallError(
            f"The vendored folder {folder} lacks locked files; {'; '.join(problems)}",
            f"with a network, run `condavision vendor {shell_word(folder)} SCRIPT`",
        )
    return local
