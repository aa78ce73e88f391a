"""Whether a Python asks the zygote's hook before it runs a script, tried with an empty one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.serving.zygote.process import PROGRAM, Order, Zygote
from condavision.serving.zygote.status import ColdReason

if TYPE_CHECKING:
    from condavision.serving.zygote.script import Problem

_PATIENCE = 60.0  # seconds


class Hooks:
    """What was found, once for each interpreter."""

    def __init__(self) -> None:
        """Try nothing yet."""
        self._found: dict[str, Problem | None] = {}

    async def problem(self, order: Order) -> Problem | None:
        """Return what keeps the interpreter of an order from becoming a zygote.

        Raises:
            OSError: it cannot be started.
        """
        python = order.command[0]
        if python not in self._found:
            self._found[python] = await _tried(order)
        return self._found[python]


async def _tried(order: Order) -> Problem | None:
    script = str(PROGRAM / "probe.py")
    command = (order.command[0], script)
    zygote = Zygote(replace(order, command=command, script=script, source=script, probe=True))
    try:
        found = await asyncio.wait_for(asyncio.shield(zygote.settled), _PATIENCE)
    except TimeoutError:
        found = ""
    finally:
        await zygote.kill()
    if found is None:
        return None
    return (ColdReason.PYTHON, str(found)) if found else (ColdReason.HOOK, "")
