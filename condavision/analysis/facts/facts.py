"""The facts of one file by itself, before the modules it names are looked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.analysis.context.guards import Guards
from condavision.analysis.declared.metadata import may_declare
from condavision.analysis.imports.implied import find_implied
from condavision.analysis.imports.imports import find_imports
from condavision.analysis.imports.syspath import path_edits
from condavision.analysis.python_range.versions import python_reasons
from condavision.analysis.records import Facts
from condavision.analysis.source.source import PARSE_SECONDS, Source, parse
from condavision.core.model import PythonReason, UnreadRegion
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Tree

_SHEBANG = re.compile(
    rb"\A#![^\n]*\bpython(?P<major>[23])(?:\.(?P<minor>\d+))?(?:[ \t]|$|\n)", re.MULTILINE
)
_UNREAD_LIMIT = 1000  # regions of one file; beyond, it is not Python anyway


def read_facts(source: Source, budget_seconds: float = PARSE_SECONDS) -> Facts:
    """Parse a source and collect its facts.

    Raises:
        AnalysisError: parsing takes longer than the budget.
    """
    tree = parse(source, budget_seconds)
    guards = Guards(source, tree)
    imports = find_imports(source, guards)
    return Facts(
        source.file,
        source.sha256,
        (*imports, *find_implied(source, guards, imports)),
        path_edits(source, tree),
        (*_own_reasons(source, guards), *python_reasons(source, tree, guards, imports)),
        tuple(_unread(source, tree)),
        may_declare(source),
    )


def _own_reasons(source: Source, guards: Guards) -> Iterator[PythonReason]:
    shebang = _SHEBANG.match(source.text)
    if shebang:
        major, minor = int(shebang["major"]), shebang["minor"]
        if minor is not None:
            pythons = PythonRange.of([(major, int(minor))])
        else:
            pythons = PythonRange.below(3, 0) if major == 2 else PythonRange.at_least(3, 0)
        if pythons:
            line = shebang[0].decode("utf-8", "replace").strip()
            yield PythonReason(source.location(0), f"shebang {line}", pythons)
    for check in guards.exits:
        if check.pythons != PythonRange():
            text = check.text if len(check.text) <= 60 else f"{check.text[:57]}..."
            yield PythonReason(source.location(check.row), f"exits if {text}", check.pythons)


def _unread(source: Source, tree: Tree) -> Iterator[UnreadRegion]:
    """Yield the broken regions, outermost only, without recursion."""
    if not tree.root_node.has_error:
        return
    cursor = tree.walk()
    found = 0
    while found < _UNREAD_LIMIT:
        node = cursor.node
        if node is None:
            return
        broken = node.is_error or node.is_missing
        if broken:
            found += 1
            last = node.end_point.row + (1 if node.end_point.column or node.is_missing else 0)
            row = node.start_point.row
            yield UnreadRegion(source.location(row), max(last, row + 1))
        if not broken and node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
