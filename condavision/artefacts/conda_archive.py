"""A conda package's list of files, ``info/paths.json``, and files of small packages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rattler.package_streaming import PackageArchive

from condavision.artefacts.artefact import UnreadError, local_file
from condavision.artefacts.files import Files, listed
from condavision.artefacts.ranges import WHOLE, wait_seconds
from condavision.core.evidence import Unproved
from condavision.system.documents import read_json
from condavision.system.rattler_client import open_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rattler import Client

    from condavision.artefacts.artefact import Artefact

_LARGEST_LIST = 64 << 20
"""Bytes of ``paths.json``: 300,000 files."""


class CondaArchive:
    """A conda package whose list of files was read."""

    def __init__(self, archive: PackageArchive, sizes: dict[str, int]) -> None:
        """``sizes`` are those of all files, in bytes, by path."""
        self._archive = archive
        self._sizes = sizes

    @classmethod
    async def open(cls, artefact: Artefact, client: Client) -> CondaArchive:
        """Read the list of a package, of an ``.tar.bz2`` or without ranges by fetching it whole.

        Raises:
            UnreadError: it cannot be fetched or is no package, or too large to be fetched whole.
        """
        try:
            async with asyncio.timeout(wait_seconds()):
                archive = await _opened(artefact, client)
                text = await _list(archive)
        except TimeoutError as error:
            raise UnreadError(Unproved.UNREACHABLE) from error
        except (OSError, RuntimeError) as error:  # rattler has no narrower class
            raise UnreadError(_reason(error)) from error
        try:
            paths = read_json(text)["paths"]
            return cls(archive, {it["_path"]: int(it.get("size_in_bytes") or 0) for it in paths})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadError(Unproved.DAMAGED) from error

    @property
    def size(self) -> None:
        """Its size in bytes, which is not known: a part of it was read."""
        return None

    @property
    def built(self) -> None:
        """The day that it was built, None: its dependencies have the bounds of its build."""
        return None

    @property
    def files(self) -> Files:
        """Its files.

        Raises:
            UnreadError: there are too many.
        """
        return listed(self._sizes, wheel=False)

    def metadata(self) -> None:
        """Return None: a lock has what a conda package requires."""

    async def read(
        self, paths: Sequence[str], most: int, beside: Sequence[str] = ()
    ) -> dict[str, bytes]:
        """Return the content of files by their paths, of a package with up to ``most`` bytes.

        They come as one stream, so those ``beside`` them are returned too.

        Raises:
            UnreadError: one cannot be fetched, or the package is too large for that.
            KeyError: there is no such file.
        """
        if sum(self._sizes.values()) > most:
            raise UnreadError(Unproved.TOO_LARGE)
        wanted, found = {*paths, *beside}, {}
        try:
            async with asyncio.timeout(wait_seconds()):
                size = 0
                async for entry in self._archive.stream("pkg"):
                    size += entry.size
                    if size > most:  # the list is wrong
                        raise UnreadError(Unproved.DAMAGED)
                    if entry.name in wanted and entry.is_file:
                        found[entry.name] = await entry.read()
                        if found.keys() == wanted:
                            break
        except TimeoutError as error:
            raise UnreadError(Unproved.UNREACHABLE) from error
        except (OSError, RuntimeError) as error:
            raise UnreadError(_reason(error)) from error
        return {path: found[path] for path in wanted}


def open_archives() -> Client:
    """Return the client for :meth:`CondaArchive.open`."""
    return open_client(wait_seconds(), retries=1)


async def _opened(artefact: Artefact, client: Client) -> PackageArchive:
    local = local_file(artefact.url)
    if local is not None:
        return await PackageArchive.from_path(local)
    return await PackageArchive.from_url(
        client, artefact.url, sparse="prefer", max_spool_size=WHOLE
    )


async def _list(archive: PackageArchive) -> bytes:
    async for entry in archive.stream("info"):
        if entry.name == "info/paths.json":
            if entry.size > _LARGEST_LIST:
                raise UnreadError(Unproved.TOO_LARGE)
            return await entry.read()
    raise UnreadError(Unproved.DAMAGED)


def _reason(error: Exception) -> Unproved:
    text = str(error)
    if "HTTP" in text or "error sending request" in text or "connect" in text:
        return Unproved.UNREACHABLE
    return Unproved.DAMAGED
