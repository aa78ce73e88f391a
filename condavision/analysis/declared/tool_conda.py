"""``[tool.conda]`` of a PEP 723 block, as conda-exec writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condavision.analysis.declared.declarations import Declarations


def read_conda(into: Declarations, table: dict[str, Any]) -> None:
    """Read ``channels`` and ``dependencies``."""
    into.add_channels(into.strings(table, "channels"))
    for spec in into.strings(table, "dependencies"):
        into.add_conda(spec)
