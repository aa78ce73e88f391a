"""The zygotes of one script, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.project.targets import Module
from condavision.serving.zygote.process import Order, Zygote
from condavision.serving.zygote.status import ColdReason, SkippedModule, SkipReason, WarmStatus
from condavision.warm import module_names, signature

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from condavision.exec_stage.prepared import Prepared

_log = logging.getLogger(__name__)

_IMPORT = 120.0  # seconds for importing all modules
_LEAVE = 10.0  # seconds for a zygote that has refused a module to clean up
_CRASHES = 3  # in a row

Problem = tuple[ColdReason, str]


class WarmScript:
    """A script as it is at one time, with one set of variables."""

    def __init__(
        self,
        prepared: Prepared,
        variables: Mapping[str, str],
        hook: Callable[[Order], Awaitable[Problem | None]],
        forks: int,
    ) -> None:
        """Start no zygote yet.

        ``variables`` are those its modules are imported with, after activation. ``hook`` finds what
        keeps its Python from becoming a zygote, and each zygote is replaced after ``forks``.
        """
        self.prepared, self.variables = prepared, variables
        self.zygote: Zygote | None = None
        self.used = time.monotonic()
        self._hook, self._forks = hook, forks
        self._stamp = _stamp(prepared)
        self._status = WarmStatus(ColdReason.STARTING)
        self._crashes = 0
        self._warming: asyncio.Task[None] | None = None

    def fits(self, prepared: Prepared, variables: Mapping[str, str]) -> bool:
        """Return whether this is the script that is to be run, as its zygote has seen it."""
        if self.variables != variables:
            return False
        if self.prepared is prepared:  # whoever has prepared it has seen that it is unchanged
            return True
        old, new = (
            replace(it, inputs=replace(it.inputs, started=0)) for it in (self.prepared, prepared)
        )
        if old != new or self._stamp != _stamp(prepared):
            return False
        self.prepared = prepared
        return True

    @property
    def status(self) -> WarmStatus:
        """How its runs start now."""
        return replace(self._status, forks=self.zygote.forks if self.zygote else 0)

    def usable(self, *, start: bool) -> Zygote | None:
        """Return the zygote, if it is ready; with ``start``, start one where it is due."""
        self.used = time.monotonic()
        zygote = self.zygote
        if zygote is not None and not zygote.alive:
            _log.warning("%s: the zygote has ended by itself", self.prepared.target)
            self._crashes = 0 if zygote.forks else self._crashes + 1
            self.zygote = zygote = None
            self._status = replace(self._status, cold=ColdReason.STARTING)
        missing = zygote is None and self._status.cold is ColdReason.STARTING
        old = zygote is not None and zygote.forks >= self._forks
        if start and (missing or old) and self._warming is None:
            self._warming = asyncio.create_task(self._warm())
        return zygote

    async def retire(self) -> None:
        """End the zygote when the last of its runs has ended; the next is started by need."""
        await self._stop_warming()
        zygote, self.zygote = self.zygote, None
        self._status = WarmStatus(ColdReason.STARTING)
        if zygote is not None:
            zygote.retire()
            try:
                await zygote.exit_code()
            except asyncio.CancelledError:
                await zygote.close()

    async def close(self) -> None:
        """End the zygote, and its runs with it."""
        await self._stop_warming()
        if self.zygote is not None:
            await self.zygote.close()

    async def _stop_warming(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)

    async def _warm(self) -> None:
        try:
            found = await self._successor()
        except OSError as error:
            found = ColdReason.CRASH, str(error)
        finally:
            self._warming = None
        predecessor, self.zygote = self.zygote, None if isinstance(found, tuple) else found
        if isinstance(found, tuple):
            self._status = WarmStatus(*found)
        if predecessor is not None:
            predecessor.retire()

    async def _successor(self) -> Zygote | Problem:
        """Return a zygote that is ready, or why there is none."""
        order = _order(self.prepared, self.variables)
        if isinstance(order, tuple):
            return order
        if problem := await self._hook(order):
            return problem
        if self._crashes >= _CRASHES:
            return ColdReason.CRASH, ""
        skipped: dict[str, SkippedModule] = {}
        while True:
            zygote = Zygote(replace(order, skipped=frozenset(skipped)))
            try:
                found = await _imported(zygote)
            except BaseException:
                await zygote.kill()
                raise
            if found is None:
                self._status = WarmStatus(None, "", tuple(zygote.preloaded), (*skipped.values(),))
                return zygote
            if isinstance(found, str) or found.module in skipped:
                return ColdReason.CRASH, found if isinstance(found, str) else found.module
            skipped[found.module] = found


async def _imported(zygote: Zygote) -> SkippedModule | str | None:
    """Wait until a zygote is ready.

    Return the module that it must not import, or why it has ended; it has ended then.
    """
    try:
        found = await asyncio.wait_for(asyncio.shield(zygote.settled), _IMPORT)
    except TimeoutError:
        await zygote.kill()
        return _last(zygote, SkipReason.TAKES_LONG, "")
    if found is None:
        return None
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(zygote.exit_code(), _LEAVE)
    await zygote.kill()
    if isinstance(found, SkippedModule):
        return found
    return _last(zygote, SkipReason.CRASHES, str(await zygote.exit_code()))


def _last(zygote: Zygote, reason: SkipReason, detail: str) -> SkippedModule | str:
    return SkippedModule(zygote.preloaded[-1], reason, detail) if zygote.preloaded else detail


def _stamp(prepared: Prepared) -> tuple[str, ...]:
    """Return what differs once a file, or the modules in a folder, are others."""
    inputs = prepared.inputs
    return (
        *(signature(str(file)) for file in inputs.files),
        *(module_names(str(folder)) for folder in inputs.folders),
    )


def _order(prepared: Prepared, variables: Mapping[str, str]) -> Order | Problem:
    """Return what the zygote of a target is to be, or why it has none."""
    if not hasattr(os, "memfd_create"):
        return ColdReason.PLATFORM, ""
    if prepared.activation.live:
        return ColdReason.ACTIVATION, ""
    searched = tuple(filter(None, variables.get("PYTHONPATH", "").split(os.pathsep)))
    if not all(map(os.path.isabs, searched)):
        return ColdReason.SEARCH_PATH, os.pathsep.join(searched)
    target = prepared.target
    command, _ = prepared.command((), {})
    if isinstance(target, Module):
        script, folder, cwd = "", target.folder, target.folder
        in_main = prepared.inputs.files[0].name == "__main__.py"
        package = target.name if in_main else target.name.rpartition(".")[0]
    else:
        script, package, cwd = command[-1], "", Path("/")
        folder = Path(script).resolve().parent
    source = script or str(prepared.inputs.files[0])
    local = (str(folder), *searched)
    return Order(tuple(command), variables, cwd, script, source, package, local)
