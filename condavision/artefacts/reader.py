"""The files of artefacts, from what was read before or from where they are served."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from condavision.artefacts.artefact import UnreadError
from condavision.artefacts.files import Files
from condavision.artefacts.requires import requires_dist, requires_key
from condavision.artefacts.sizes import size_key
from condavision.artefacts.store import EvidenceStore
from condavision.core.evidence import Unproved
from condavision.core.model import Manager

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from pathlib import Path

    from rattler import Client

    from condavision.artefacts.artefact import Artefact
    from condavision.artefacts.conda_archive import CondaArchive
    from condavision.artefacts.ranges import Ranges
    from condavision.artefacts.wheel import RemoteWheel

_T = TypeVar("_T")
_AT_ONCE = 16

MOST = 8 << 20
"""Bytes that are read of an artefact by default."""


class ArtefactReader:
    """Reads artefacts; it keeps what it has read below ``home``, and reads nothing twice.

    With ``offline`` it reads only local files and what it has. It belongs to one event loop.
    """

    def __init__(self, home: Path, *, offline: bool = False) -> None:
        self.store = EvidenceStore.below(home)
        self.kept: dict[str, bytes] = {}
        """What is kept of the artefacts that were looked up, by key."""
        self._offline = offline
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._files: dict[str, asyncio.Future[Files]] = {}
        self._opened: dict[str, asyncio.Future[RemoteWheel | CondaArchive]] = {}
        self._ranges: Ranges | None = None
        self._client: Client | None = None

    def preload(self, artefacts: Iterable[Artefact]) -> None:
        """Look up the lists of many artefacts at once."""
        digests = {it.sha256 for it in artefacts if it.sha256 not in self._files}
        known = self.store.load(digests) if digests else {}
        self.kept.update(known)
        for sha256 in digests & known.keys():
            self._files[sha256] = asyncio.get_running_loop().create_future()
            self._files[sha256].set_result(Files.load(known[sha256]))

    def keep(self, key: str, value: bytes) -> None:
        """Keep what is known for ever, under a digest, or a digest, a colon and a name."""
        self.kept[key] = value
        self.store.keep({key: value})

    def built(self, sha256: str) -> str:
        """Return the day that a wheel's compiled modules are of, empty if none is known."""
        return self.kept.get(_built_key(sha256), b"").decode()

    async def files(self, artefact: Artefact) -> Files:
        """Return the files of an artefact.

        Raises:
            UnreadError: they cannot be found out.
        """
        self.preload([artefact])
        return await _once(self._files, artefact.sha256, lambda: self._list(artefact))

    async def read(
        self,
        artefact: Artefact,
        names: Iterable[str],
        most: int = MOST,
        beside: Iterable[str] = (),
    ) -> dict[str, bytes]:
        """Return the content of files, by their names in :class:`Files`.

        Those ``beside`` them are fetched too, for a later call, and returned if that costs nothing.
        All may have ``most`` bytes together; of a conda package, which has to be read from its
        start, so may all files of the package.

        Raises:
            UnreadError: one cannot be read.
            KeyError: the artefact has no such file.
        """
        files = await self.files(artefact)
        asked = {files.archived(name): name for name in names}
        others = {files.archived(name): name for name in beside}
        opened = await self._open(artefact)
        async with self._turns:
            found = await opened.read((*asked,), most, (*others,))
        paths = others | asked
        return {paths[path]: content for path, content in found.items()}

    async def requires(self, artefact: Artefact) -> bytes:
        """Return what the metadata in a wheel require, a line each.

        Raises:
            UnreadError: it cannot be read.
        """
        files = await self.files(artefact)
        known = self.kept.get(requires_key(artefact.sha256))
        if known is not None:
            return known
        metadata = [it for it in files.names if it.endswith(".dist-info/METADATA")]
        read = await self.read(artefact, metadata)
        return b"\n".join(map(requires_dist, read.values()))

    async def _list(self, artefact: Artefact) -> Files:
        opened = await self._open(artefact)
        files = opened.files
        new = {artefact.sha256: files.dump()}
        if opened.built is not None:
            new[_built_key(artefact.sha256)] = opened.built.encode()
        metadata = opened.metadata()
        if metadata is not None:
            new[requires_key(artefact.sha256)] = requires_dist(metadata)
        if opened.size is not None:
            new[size_key(artefact.sha256)] = b"%d" % opened.size
        self.kept |= new
        self.store.keep(new)
        return files

    async def _open(self, artefact: Artefact) -> RemoteWheel | CondaArchive:
        return await _once(self._opened, artefact.sha256, lambda: self._open_now(artefact))

    async def _open_now(self, artefact: Artefact) -> RemoteWheel | CondaArchive:
        from condavision.artefacts.conda_archive import CondaArchive, open_archives  # noqa: PLC0415 - rattler costs 0.1 s
        from condavision.artefacts.ranges import Ranges, require_intact  # noqa: PLC0415
        from condavision.artefacts.wheel import RemoteWheel  # noqa: PLC0415

        if artefact.manager is Manager.PYPI and not artefact.is_wheel:
            raise UnreadError(Unproved.SOURCE)
        if self._offline and not artefact.is_local:
            raise UnreadError(Unproved.OFFLINE)
        self._ranges = self._ranges or Ranges()
        async with self._turns:
            if artefact.is_local:
                await asyncio.to_thread(require_intact, artefact)
            if artefact.is_wheel:
                return await RemoteWheel.open(artefact, self._ranges)
            self._client = self._client or open_archives()
            return await CondaArchive.open(artefact, self._client)


def _built_key(sha256: str) -> str:
    return f"{sha256}:built"


async def _once(
    known: dict[str, asyncio.Future[_T]], key: str, make: Callable[[], Coroutine[Any, Any, _T]]
) -> _T:
    """Return what is known or being made under a key, else make it."""
    if key not in known:
        known[key] = asyncio.ensure_future(make())
    return await asyncio.shield(known[key])
