"""Trees of dependencies, and the ways that lead to a package, as text and as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from condavision.cli.output import note, say
from condavision.cli.wording import package_label
from condavision.inspection.dependency_graph import Edge, key_of
from condavision.project.targets import near
from condavision.system.terminal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from condavision.inference.lock_lookup import Located
    from condavision.inspection.dependency_graph import Chain, Dependencies, Key
    from condavision.inspection.why import Reasons


def print_tree(scripts: Sequence[Located], found: Dependencies) -> None:
    """Write the packages of the lock that scripts share as a tree, the direct ones first."""
    located = scripts[0]
    names = ", ".join(it.project.key for it in scripts)
    say(shown_line(f"{names}  {located.lock.hash}  {found.platform}"))
    python = str(located.inference.requirements.python)
    direct = [
        Edge(key_of(package), needed.constraint if needed else python)
        for needed, package in found.direct
    ]
    for line in _branches(direct, found, set(), ""):
        say(shown_line(line))
    for key, reason in found.unread.items():
        note(f"caution: what {key[1]} requires is not known: {reason.value}")


def _branches(
    edges: Sequence[Edge], found: Dependencies, seen: set[Key], indent: str
) -> Iterator[str]:
    """Yield the lines of a tree; a package that is ``seen`` already has its branches there."""
    corner, tee, bar = ("└── ", "├── ", "│   ") if _has_boxes() else ("`-- ", "|-- ", "|   ")
    for edge in edges:
        branches = found.edges.get(edge.to, ())
        repeated = edge.to in seen and bool(branches)
        label = f"{package_label(found.packages[edge.to])} {edge.constraint}".rstrip()
        last = edge is edges[-1]
        yield f"{indent}{corner if last else tee}{label}{' (*)' if repeated else ''}"
        if not repeated:
            seen.add(edge.to)
            yield from _branches(branches, found, seen, f"{indent}{'    ' if last else bar}")


def _has_boxes() -> bool:
    """Return whether standard output can have lines for boxes."""
    try:
        "└├│─".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def dependencies_json(located: Located, found: Dependencies) -> dict[str, Any]:
    """Return the document of ``tree --json``."""
    return {
        "script": located.project.key,
        "hash": located.lock.hash,
        "platform": found.platform,
        "direct": [package.name for _, package in found.direct],
        "packages": [
            {
                "name": package.name,
                "version": package.version,
                "manager": package.manager.value,
                "requires": [*map(_edge_json, found.edges.get(key, ()))],
                "unread": found.unread[key].value if key in found.unread else None,
            }
            for key, package in found.packages.items()
        ],
    }


def _edge_json(edge: Edge) -> dict[str, str]:
    manager, name = edge.to
    return {"name": name, "manager": manager.value, "constraint": edge.constraint}


def print_reasons(reasons: Iterable[Reasons]) -> None:
    """Write which imports and packages require a package, lock by lock."""
    reasons = tuple(reasons)
    several = len({it.root for it in reasons}) > 1
    for reason in reasons:
        where = f" of {near(reason.root)}" if several else ""
        say(f"{package_label(reason.package)} in {reason.lock}{where}")
        for script, chains in reason.chains.items():
            for chain in chains:
                say(f"  {script}: {_steps(chain)}{_places(chain)}")
            if not chains:
                say(f"  {script}: nothing in the lock is known to require it")


def note_suppliers(asked: str, reasons: Iterable[Reasons]) -> None:
    """Say which packages supply what was asked for, if that is a module."""
    names = dict.fromkeys(it.package.name for it in reasons)
    if not {asked.lower(), canonicalize_name(asked)}.intersection(names):
        for name in names:
            note(f"{asked} is supplied by {name}")


def _steps(chain: Chain) -> str:
    return " -> ".join(
        [package_label(chain.start), *(f"{it.to[1]} {it.constraint}".strip() for it in chain.edges)]
    )


def _places(chain: Chain) -> str:
    places = ", ".join(map(str, chain.needed.sources)) if chain.needed else "every script"
    return f"  ({places})" if places else ""


def reasons_json(reasons: Reasons) -> dict[str, Any]:
    """Return an object of ``why --json``."""
    return {
        "name": reasons.package.name,
        "version": reasons.package.version,
        "manager": reasons.package.manager.value,
        "hash": reasons.lock,
        "reasons": [*_reasons(reasons)],
    }


def _reasons(reasons: Reasons) -> Iterator[dict[str, Any]]:
    for script, chains in reasons.chains.items():
        for chain in chains:
            yield {
                "script": script,
                "places": [str(it) for it in chain.needed.sources] if chain.needed else [],
                "direct": chain.start.name,
                "requires": [*map(_edge_json, chain.edges)],
            }
