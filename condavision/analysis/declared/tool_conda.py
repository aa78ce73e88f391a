"""``[tool.conda]`` of a PEP 723 block, as conda-exec writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.declared.other_tools import unknown

if TYPE_CHECKING:
    from condavision.analysis.declared.declarations import Declarations

_SETTINGS = frozenset({"channels", "dependencies"})


def read_conda(into: Declarations, table: dict[str, Any]) -> None:
    """Read the table."""
    into.ignore("tool.conda", unknown(table, _SETTINGS))
    read_packages(into, table)


def read_packages(into: Declarations, table: dict[str, Any], key: str = "dependencies") -> None:
    """Read ``channels``, and the conda specs of ``key``."""
    into.add_channels(into.strings(table, "channels"))
    for spec in into.strings(table, key):
        into.add_conda(spec)
