"""Starts runs in forks of a zygote where there is one, and cold where there is none yet, or never.

A zygote is the interpreter of one script, which was started to run it and stops just before. The
first run of a script starts it and is cold, as are those that follow until it is ready. It is
replaced when the script, its modules, its lock or the folders searched for modules have changed;
when it ends by itself; and after some forks, so that what differs between processes by chance alone
(the hashes of strings) does not stay for ever. Where memory runs low, zygotes end, the one not used
for longest first.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from condavision.serving.zygote.hook import Hooks
from condavision.serving.zygote.memory import is_memory_low
from condavision.serving.zygote.process import ZygoteEndedError
from condavision.serving.zygote.script import WarmScript
from condavision.serving.zygote.status import ColdReason, WarmStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from condavision.exec_stage.prepared import Prepared
    from condavision.serving.starting import Child, Job, Starter
    from condavision.serving.zygote.process import Zygote

_log = logging.getLogger(__name__)

FORKS = 10_000
"""Runs of one zygote."""

_LOOK = 1.0  # seconds between two looks at the memory
_IDLE = 3600.0  # seconds without a run, after which a zygote ends


class ZygoteStarter:
    """Starts jobs warm where it can; elsewhere ``cold`` does."""

    def __init__(
        self,
        cold: Starter,
        *,
        varying: Collection[str] = (),
        forks: int = FORKS,
        memory_low: Callable[[], bool] = is_memory_low,
    ) -> None:
        """Start no zygote yet.

        ``varying`` are the variables that differ between the runs of a script; its modules are
        imported without them. A zygote is replaced after ``forks``.
        """
        self._cold = cold
        self._varying = frozenset(varying)
        self._forks = forks
        self._memory_low = memory_low
        self._looked, self._low = 0.0, False
        self._leaving: set[asyncio.Task[None]] = set()
        self._hooks = Hooks()
        self._scripts: dict[str, WarmScript] = {}  # the one used last is the last
        self._sandboxed: set[str] = set()

    def status(self, prepared: Prepared) -> WarmStatus:
        """Return how the runs of a target start now."""
        target = str(prepared.target)
        if target in self._sandboxed:
            return WarmStatus(ColdReason.SANDBOX)
        script = self._scripts.get(target)
        status = script.status if script else WarmStatus(ColdReason.STARTING)
        if self._low and status.cold is ColdReason.STARTING:
            return WarmStatus(ColdReason.MEMORY)
        return status

    def zygote(self, prepared: Prepared) -> Zygote | None:
        """Return the zygote that a target has now."""
        script = self._scripts.get(str(prepared.target))
        return script.zygote if script else None

    async def start(self, job: Job) -> Child:
        """Start the process of a job, as :meth:`condavision.serving.starting.Starter.start`."""
        if job.sandbox:
            self._sandboxed.add(str(job.prepared.target))
            return await self._cold.start(job)
        _, variables = job.command()
        if zygote := self._usable(job.prepared, variables):
            try:
                return await zygote.fork(job, variables)
            except ZygoteEndedError:
                pass  # it has not run the script, and never will
        return await self._cold.start(job)

    async def close(self) -> None:
        """End every zygote, and the runs that they have started."""
        scripts = [*self._scripts.values()]
        self._scripts.clear()
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*(script.close() for script in scripts), *self._leaving)

    def _usable(self, prepared: Prepared, variables: Mapping[str, str]) -> Zygote | None:
        """Return the zygote of a target, if it is ready."""
        self._look_at_memory()
        kept = {name: value for name, value in variables.items() if name not in self._varying}
        target = str(prepared.target)
        script = self._scripts.pop(target, None)
        if script is not None and not script.fits(prepared, kept):
            _log.info("%s: its files or variables have changed", target)
            self._retire(script)
            script = None
        if script is None:
            script = WarmScript(prepared, kept, self._hooks.problem, self._forks)
        self._scripts[target] = script
        return script.usable(start=not self._low)

    def _look_at_memory(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked, self._low = now, self._memory_low()
        longest_unused = next((it for it in self._scripts.values() if it.zygote), None)
        if longest_unused and (self._low or now - longest_unused.used > _IDLE):
            _log.info("%s: its zygote ends, for memory", longest_unused.prepared.target)
            self._retire(longest_unused)

    def _retire(self, script: WarmScript) -> None:
        task = asyncio.create_task(script.retire())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
