"""Nodes in three columns, scripts, requirement hashes and packages, and the lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from condavision.cli.naming import target_names
from condavision.cli.wording import package_label, size_words
from condavision.inspection.check import LockState
from condavision.system.progress import counted
from condavision.system.terminal import shown_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.core.model import LockedPackage
    from condavision.inspection.overview import Overview, RequirementSet, Script, Size

COLUMNS = ("scripts", "requirement hashes", "packages")


class Look(StrEnum):
    """What a node is, besides what it says."""

    PLAIN = "plain"
    SHARED = "shared"
    """A package in several locks, or a lock of several scripts."""
    REST = "rest"
    """Several packages."""
    WANTING = "wanting"
    """There is no lock, or none that fits."""
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Node:
    """A box: a name, details on a second line, and all of them for a tooltip."""

    id: str
    column: int
    name: str
    detail: str
    look: Look = Look.PLAIN
    about: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """Nodes by column, from top to bottom, and the pairs of ids that lines connect."""

    columns: tuple[tuple[Node, ...], ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def nodes(self) -> Iterator[Node]:
        """All nodes, by column."""
        return (node for column in self.columns for node in column)


_LOOKS = {
    LockState.OK: Look.PLAIN,
    LockState.MISSING: Look.WANTING,
    LockState.STALE: Look.WANTING,
    LockState.UNREADABLE: Look.BROKEN,
    LockState.ERROR: Look.BROKEN,
}
_STATES = {
    LockState.MISSING: "no lock",
    LockState.STALE: "stale lock",
    LockState.UNREADABLE: "unreadable",
    LockState.ERROR: "error",
}


def script_names(found: Overview) -> dict[int, str]:
    """Return the name of each script, by its place."""
    names = target_names([it.project or it.target for it in found.scripts])
    return dict(enumerate(map(shown_line, names)))


def diagram(found: Overview) -> Diagram:
    """Return the diagram: scripts beside their locks; the direct packages, the others summed."""
    names = script_names(found)
    place = {id(script): at for at, script in enumerate(found.scripts)}
    order = {sha256: at for at, sha256 in enumerate(found.packages)}
    scripts, sets, packages, edges = list[Node](), list[Node](), dict[str, Node](), []
    rests: list[Node] = []
    for at, one in enumerate(found.sets):
        sets.append(_set_node(f"hash{at}", one, found))
        for script in one.scripts:
            number = place.pop(id(script))
            scripts.append(_script_node(f"script{number}", script, names[number]))
            edges.append((f"script{number}", f"hash{at}"))
        for package in one.direct:
            key = f"package{order[package.sha256]}"
            packages.setdefault(key, _package_node(key, package, found))
            edges.append((f"hash{at}", key))
        rest = one.packages[len(one.direct) :]
        if rest:
            rests.append(_rest_node(f"rest{at}", rest, found))
            edges.append((f"hash{at}", f"rest{at}"))
    scripts += (_script_node(f"script{it}", found.scripts[it], names[it]) for it in place.values())
    last = _near_their_locks([*packages.values(), *rests], edges)
    return Diagram((tuple(scripts), tuple(sets), last), tuple(edges))


def _near_their_locks(nodes: Iterable[Node], edges: Iterable[tuple[str, str]]) -> tuple[Node, ...]:
    """Return packages in the order of the locks that have them, on average."""
    rows: dict[str, list[int]] = {}
    order: dict[str, int] = {}
    for start, end in edges:
        if not start.startswith("script"):
            rows.setdefault(end, []).append(order.setdefault(start, len(order)))
    return tuple(sorted(nodes, key=lambda it: sum(rows[it.id]) / len(rows[it.id])))


def _script_node(key: str, script: Script, name: str) -> Node:
    state = script.checked.state
    return Node(key, 0, name, _STATES.get(state, ""), _LOOKS[state])


def _set_node(key: str, one: RequirementSet, found: Overview) -> Node:
    if one.dependencies is None:
        return Node(key, 1, one.hash, "not locked", Look.WANTING)
    size = _short(found.size(one.packages))
    detail = f"Python {one.python}, {counted(len(one.packages), 'package')}, {size}"
    look = Look.SHARED if len(one.scripts) > 1 else Look.PLAIN
    return Node(key, 1, one.hash, detail, look)


def _package_node(key: str, package: LockedPackage, found: Overview) -> Node:
    users = len(found.users[package.sha256])
    shared = f", in {users} locks" if users > 1 else ""
    look = Look.SHARED if shared else Look.PLAIN
    size = _short(found.size([package]))
    return Node(key, 2, shown_line(package_label(package)), f"{size}{shared}", look)


def _rest_node(key: str, rest: tuple[LockedPackage, ...], found: Overview) -> Node:
    names = ", ".join(shown_line(package_label(it)) for it in rest)
    shared = sum(len(found.users[it.sha256]) > 1 for it in rest)
    detail = _short(found.size(rest)) + (f", {shared} in other locks too" if shared else "")
    return Node(key, 2, f"and {len(rest)} more", detail, Look.REST, names)


def _short(size: Size) -> str:
    return size_words(size).replace(" of unknown size", " unknown")
