"""``[tool.conda]`` of a PEP 723 block, as conda-exec writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.declared.other_tools import unknown

if TYPE_CHECKING:
    from condavision.analysis.declared.declarations import Declarations

_SETTINGS = frozenset({"channels", "dependencies"})


def read_conda(into: Declarations, table: dict[str, Any]) -> None:
    """Read ``channels`` and ``dependencies``."""
    into.ignore("tool.conda", unknown(table, _SETTINGS))
    into.add_channels(into.strings(table, "channels"))
    for spec in into.strings(table, "dependencies"):
        into.add_conda(spec)
