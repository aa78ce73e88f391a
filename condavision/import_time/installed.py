"""The packages in a site-packages folder, as their records list them (PEP 376)."""

from __future__ import annotations

import asyncio
import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.artefacts.artefact import UnreadError
from condavision.artefacts.files import listed
from condavision.core.evidence import Unproved
from condavision.import_time.modules import Modules, Package
from condavision.mapping.import_map import normalized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from condavision.import_time.kept import Kept

_TAG = re.compile(r"(?m)^Tag: cp(\d)(\d+)-cp")


@dataclass(frozen=True, slots=True)
class Folder:
    """Reads files below a folder."""

    path: Path

    async def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """Return the content of files.

        Raises:
            UnreadError: one cannot be read.
        """
        return await asyncio.to_thread(self._read, names)

    def _read(self, names: Sequence[str]) -> dict[str, bytes]:
        try:
            return {it: (self.path / it).read_bytes() for it in names}
        except OSError as error:
            raise UnreadError(Unproved.DAMAGED) from error


def installed_modules(
    folder: Path, digests: Mapping[str, str], kept: Mapping[str, Kept]
) -> Modules:
    """Return the modules in a site-packages folder.

    ``digests`` are the SHA-256 of the artefacts by normalized name, and ``kept`` what is known of
    them by SHA-256. Files that no record lists are a package without a name.

    Raises:
        OSError: the folder cannot be read.
    """
    found = dict.fromkeys(_below(folder))
    packages = []
    for info in sorted(it for it in folder.iterdir() if it.name.endswith(".dist-info")):
        paths = [it for it in _recorded(info) if it in found]
        for path in paths:
            del found[path]
        name, _, version = info.name.removesuffix(".dist-info").partition("-")
        digest = digests.get(normalized(name), "")
        packages.append(
            Package(
                f"{normalized(name)} {version}",
                listed(paths, wheel=False, root="site-packages/"),
                Folder(folder),
                digest,
                _made_for(info),
                kept.get(digest, {}),
            )
        )
    others = listed(found, wheel=False, root="site-packages/")
    return Modules([*packages, Package("", others, Folder(folder))])


def _below(folder: Path) -> Iterator[str]:
    """Yield the files below a folder, relative to it; links to folders are not followed."""
    for root, folders, files in os.walk(folder):
        folders[:] = (it for it in folders if it != "__pycache__")
        start = Path(root).relative_to(folder).as_posix()
        yield from (it if start == "." else f"{start}/{it}" for it in files)


def _recorded(info: Path) -> Iterable[str]:
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as stream:
            return [row[0] for row in csv.reader(stream) if row]
    except (OSError, UnicodeDecodeError, csv.Error):
        return ()


def _made_for(info: Path) -> str:
    try:
        match = _TAG.search((info / "WHEEL").read_text("utf-8", "replace"))
    except OSError:
        return ""
    return f"{match[1]}.{match[2]}" if match else ""
