"""``[tool.conda]`` of a PEP 723 block, as conda-exec writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.declared.declarations import strings

if TYPE_CHECKING:
    from condavision.analysis.declared.declarations import Declarations


def read_conda(into: Declarations, table: dict[str, Any]) -> None:
    """Read ``channels`` and ``dependencies``."""
    into.add_channels(strings(into, table, "channels"))
    for spec in strings(into, table, "dependencies"):
        into.add_conda(spec)
