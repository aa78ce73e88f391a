"""Where releases are looked up: the channels of a lock, and the package indexes that uv has."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from condavision.artefacts.artefact import UnreadError
from condavision.core.evidence import Unproved
from condavision.core.modules import prefixes

if TYPE_CHECKING:
    from condavision.compile_stage.proof.questions import Installed
    from condavision.compile_stage.proof.releases import Release
    from condavision.compile_stage.solving.solve import LockSolver
    from condavision.system.package_indexes import PackageIndexes

_ACCEPTED = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"
_LARGEST_PAGE = 64 << 20  # bytes


class Solver(Protocol):
    """Whether the command may use the network, and what reads channels, opened on first use."""

    @property
    def offline(self) -> bool:
        """Whether only caches are used."""
        ...

    @property
    def opened(self) -> LockSolver:
        """What reads the records of packages."""
        ...


@dataclass(slots=True)
class Supply:
    """Looks up releases, each package once."""

    solver: Solver
    _pages: dict[str, asyncio.Future[tuple[bytes, str]]] = field(default_factory=dict)
    _indexes: asyncio.Future[PackageIndexes] | None = None

    async def in_channels(self, name: str, place: Installed) -> tuple[Release, ...]:
        """Return the releases of a conda package.

        Raises:
            ChannelError: a channel cannot be read.
        """
        from condavision.compile_stage.proof.releases import releases_of_records  # noqa: PLC0415

        found = await self.solver.opened.records(place.channels, [name], place.platform)
        return releases_of_records(found.get(name, ()), place.python, place.newest)

    async def namesakes(self, module: str, place: Installed) -> tuple[str, ...]:
        """Return the packages of Python modules that trusted channels have by a module's name.

        Raises:
            ChannelError: a channel cannot be read.
        """
        from condavision.compile_stage.solving.channel_index import is_python_package  # noqa: PLC0415

        if not place.trusted:
            return ()
        spelt = (it.replace(".", "-") for it in prefixes(module.lower()))
        names = tuple(dict.fromkeys(it for name in spelt for it in (name, name.replace("_", "-"))))
        found = await self.solver.opened.records(place.trusted, names, place.platform)
        return tuple(it for it in names if any(map(is_python_package, found.get(it, ()))))

    async def on_index(self, name: str, place: Installed) -> tuple[Release, ...]:
        """Return the releases of a distribution that have wheels.

        Raises:
            UnreadError: no index can be read.
            ChannelError: uv does not understand its settings.
        """
        from condavision.compile_stage.proof.releases import releases_on_page  # noqa: PLC0415

        if self.solver.offline:
            raise UnreadError(Unproved.OFFLINE)
        if name not in self._pages:
            self._pages[name] = asyncio.ensure_future(self._page(name))
        page, url = await asyncio.shield(self._pages[name])
        try:
            return releases_on_page(name, page, url, place.platform, place.python, place.newest)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadError(Unproved.DAMAGED) from error

    async def _page(self, name: str) -> tuple[bytes, str]:
        from rattler.package_streaming import download_to_writer  # noqa: PLC0415 - all rarely needed

        from condavision.artefacts.ranges import Sink, wait_seconds  # noqa: PLC0415
        from condavision.system.package_indexes import configured_indexes  # noqa: PLC0415
        from condavision.system.rattler_client import open_client  # noqa: PLC0415

        if self._indexes is None:
            self._indexes = asyncio.ensure_future(asyncio.to_thread(configured_indexes))
        indexes = await asyncio.shield(self._indexes)
        client = open_client(wait_seconds(), {"Accept": _ACCEPTED}, retries=1)
        for index in indexes.urls:
            url, sink = f"{index.rstrip('/')}/{name}/", Sink(_LARGEST_PAGE)
            try:
                await download_to_writer(client, url, sink)
            except (OSError, RuntimeError) as error:  # rattler has no narrower class
                if "404" not in str(error):
                    raise UnreadError(Unproved.UNREACHABLE) from error
            else:
                return bytes(sink.content), url
        raise UnreadError(Unproved.UNREACHABLE)
