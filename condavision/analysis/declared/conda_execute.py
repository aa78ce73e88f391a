"""The ``# conda execute`` comment of older scripts: YAML behind hash signs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from condavision.analysis.declared.declarations import Declarations
from condavision.analysis.declared.other_tools import unknown
from condavision.analysis.declared.tool_conda import read_packages
from condavision.errors import AnalysisError
from condavision.system.documents import DocumentError, read_yaml
from condavision.system.secrets import redacted_spelling

if TYPE_CHECKING:
    from condavision.analysis.source.source import Source

MARK = re.compile(rb"(?mi)^[ \t]*#[ \t]*conda[ _-]execute[ \t]*:?[ \t]*$")
"""The line above the block."""

_KEYS = frozenset({"channels", "env", "run_with"})
_EXAMPLE = "write `# env:` and below it one `#  - package` a line"


def open_comment(source: Source) -> tuple[Declarations, dict[str, Any]] | None:
    """Return the YAML of the comment; a string where a list belongs is a list of one.

    Raises:
        AnalysisError: it is not YAML, or not a mapping.
    """
    start = MARK.search(source.text)
    if start is None:
        return None
    row = source.text.count(b"\n", 0, start.start())
    lines = []
    for line in source.text[start.end() + 1 :].decode("utf-8", "replace").splitlines():
        if not line.strip().startswith("#"):
            break
        lines.append(line.strip().removeprefix("#").strip())  # as conda execute itself read it
    table = _yaml(source, row, lines)
    listed = {key: [value] if isinstance(value, str) else value for key, value in table.items()}
    return Declarations(source, row, lines), listed


def read_execute(into: Declarations, table: dict[str, Any]) -> None:
    """Read ``channels`` and ``env``."""
    into.ignore("", unknown(table, _KEYS))
    read_packages(into, table, "env")


def _yaml(source: Source, row: int, lines: list[str]) -> dict[str, Any]:
    try:
        table = read_yaml("\n".join(lines))
    except DocumentError as error:
        place = source.location(row + (error.line or 1))
        problem = redacted_spelling(error.problem)
        raise AnalysisError(
            f"{place}: the `# conda execute` block is not valid YAML: {problem}", _EXAMPLE
        ) from error
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise AnalysisError(
            f"{source.location(row)}: the `# conda execute` block is not a mapping", _EXAMPLE
        )
    return table
