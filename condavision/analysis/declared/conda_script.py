"""The ``/// conda-script`` block, a draft of the conda community that pixi reads.

See https://github.com/prefix-dev/pixi/issues/3751. It is for any language; here it is in comments
of Python, and its ``entrypoint`` is not used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from condavision.analysis.declared.declarations import Declarations
from condavision.analysis.declared.other_tools import unknown
from condavision.analysis.declared.pep723 import script_blocks
from condavision.analysis.declared.tool_pixi import match_spec
from condavision.core.platforms import FAMILIES
from condavision.errors import AnalysisError
from condavision.system.documents import DocumentError, read_toml
from condavision.system.secrets import redacted_spelling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.analysis.source.source import Source

MARK = re.compile(rb"(?m)^[^\w\n#]*#[^\w\n]*/// conda-script[ \t]*$")
"""What begins a block."""

_CLOSING = "/// end-conda-script"
_KEYS = frozenset({"version", "build", "channel", "when"})
_FIELDS = frozenset({"channels", "dependencies", "entrypoint", "tool"})
_CONDITIONS = {
    "__unix": frozenset(FAMILIES) - {"win"},
    **{f"__{family}": frozenset({family}) for family in FAMILIES},
}


def open_block(source: Source) -> tuple[Declarations, dict[str, Any]] | None:
    """Return the TOML of the block.

    Raises:
        AnalysisError: there are two, or one of PEP 723 too; it has no end, or is not TOML.
    """
    if not MARK.search(source.text):
        return None
    lines = source.text.decode("utf-8", "replace").split("\n")
    starts = [source.text.count(b"\n", 0, it.start()) for it in MARK.finditer(source.text)]
    others = [source.text.count(b"\n", 0, start) for start, _ in script_blocks(source.text)]
    for row in (*starts[1:], *others):
        raise AnalysisError(
            f"{source.location(row)}: a second block; the `/// conda-script` block is at"
            f" {source.location(starts[0])}",
            "merge the two: tools read one block",
        )
    content = _content(lines, starts[0])
    if content is None:
        raise AnalysisError(
            f"{source.location(starts[0])}: the `/// conda-script` block has no end",
            f"begin each of its lines as the first one, and add `{_prefix(lines[starts[0]])}"
            f"{_CLOSING}` below them",
        )
    try:
        return Declarations(source, starts[0], content), read_toml("\n".join(content))
    except DocumentError as error:
        raise AnalysisError(
            f"{source.location(starts[0] + (error.line or 0))}: the `/// conda-script` block is not"
            f" valid TOML: {redacted_spelling(error.problem)}",
            "see https://github.com/prefix-dev/pixi/issues/3751",
        ) from error


def _prefix(line: str) -> str:
    """Return what begins each line of the block that a line opens."""
    return line.rstrip().removesuffix("/// conda-script")


def _content(lines: Sequence[str], start: int) -> list[str] | None:
    """Return the lines of a block without what begins them; None if it has no end."""
    prefix = _prefix(lines[start])
    content: list[str] = []
    for line in lines[start + 1 :]:
        if line.startswith(prefix):
            content.append(line.removeprefix(prefix))
        elif line.rstrip() == prefix.rstrip():
            content.append("")
        else:
            return None
        if content[-1].rstrip() == _CLOSING:
            return content[:-1]
    return None


def read_conda_script(into: Declarations, table: dict[str, Any]) -> None:
    """Read ``channels`` and ``dependencies``, with the platforms of ``when``."""
    into.ignore("", unknown(table, _FIELDS))
    into.add_channels(into.strings(table, "channels"))
    for name, value in into.table(table, "dependencies").items():
        details = value if isinstance(value, dict) else {}
        for key in details:
            if key not in _KEYS:
                raise into.wrong(
                    name,
                    f"`{key}` of `{name}` is not supported",
                    f"use only {', '.join(sorted(_KEYS))}",
                )
        platforms = _platforms(into, name, details.get("when", ""))
        into.add_conda(match_spec(into, name, value), platforms)


def _platforms(into: Declarations, name: str, condition: object) -> frozenset[str]:
    """Return the families that a condition holds on: ``__unix``, or several joined by ``or``."""
    found: frozenset[str] = frozenset()
    for part in str(condition).split(" or ") if condition else ():
        if part.strip() not in _CONDITIONS:
            raise into.wrong(
                name,
                f"the condition `{condition}` of `{name}` is not supported",
                f"use {', '.join(_CONDITIONS)}, several joined by `or`",
            )
        found |= _CONDITIONS[part.strip()]
    return found if len(found) < len(FAMILIES) else frozenset()
