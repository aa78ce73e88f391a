"""The shape of the package: imports point down one table of rooms, types included."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "condavision"

ROOMS = (
    "__main__",
    "entry",
    "cli",
    "serve",
    "serving",
    "cluster",
    "api",
    "inspection",
    "compile_stage",
    "exec_stage",
    "export",
    "inference",
    "locks",
    "environments",
    "project",
    "import_time",
    "parameters",
    "analysis",
    "analysis.parameters",
    "analysis.resolve",
    "analysis.facts",
    "analysis.declared",
    "analysis.python_range",
    "analysis.imports",
    "analysis.context",
    "analysis.records",
    "analysis.source",
    "mapping",
    "python2",
    "interpreters",
    "artefacts",
    "core",
    "system",
    "warm",
    "errors",
)
"""From the doors to the vocabulary: a room imports itself and those below it."""

STRANGERS = [
    ("compile_stage", "exec_stage"),
    ("compile_stage", "environments"),
    ("exec_stage", "compile_stage"),
    ("locks", "environments"),
    ("core.model", "errors"),
    ("warm", ""),
]
"""Rooms, and what nothing that they reach may belong to; the empty name is everything."""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in PACKAGE.rglob("*.py") if "templates" not in path.parts}
del FILES[""]  # what the top level offers is for users


@cache
def imports_of(module: str) -> set[str]:
    """Return the modules of the package that one imports, lazily or for types too."""
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}".removeprefix("condavision.")
                found.add(full if full in FILES else node.module.removeprefix("condavision."))
        elif isinstance(node, ast.Import):
            found |= {alias.name.removeprefix("condavision.") for alias in node.names}
    return (found & FILES.keys()) - {module}


def room_of(module: str) -> str:
    """Return the most particular room of the table that a module lies in."""
    return max((it for it in ROOMS if f"{module}.".startswith(f"{it}.")), key=len)


def reached_from(room: str) -> set[str]:
    reached: set[str] = set()
    waiting = [module for module in FILES if f"{module}.".startswith(f"{room}.")]
    while waiting:
        found = imports_of(waiting.pop()) - reached
        reached |= found
        waiting += found
    return {module for module in reached if not f"{module}.".startswith(f"{room}.")}


@pytest.mark.parametrize("module", sorted(FILES))
def test_imports_point_down_the_table(module: str) -> None:
    lowest = ROOMS.index(room_of(module))
    assert not {other for other in imports_of(module) if ROOMS.index(room_of(other)) < lowest}


def test_no_modules_import_each_other() -> None:
    list(
        TopologicalSorter({it: imports_of(it) for it in FILES}).static_order()
    )  # raises CycleError with the modules in it


def test_the_map_for_contributors_is_the_table() -> None:
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    outer, inner = re.findall(r"\| room .*?\n\|---\|---\|\n(.*?)\n\n", text, re.DOTALL)
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in outer.splitlines()]
    inside = [re.findall(r"`(\w+)`", line.split("|")[1])[0] for line in inner.splitlines()]
    assert [name for row in rows for name in row] == [it for it in ROOMS if "." not in it]
    assert [f"analysis.{name}" for name in inside] == [it for it in ROOMS if "." in it]


def test_every_folder_is_a_room_of_the_table() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders == {room for room in ROOMS if (PACKAGE / room).is_dir()}


@pytest.mark.parametrize(("room", "foreign"), STRANGERS)
def test_rooms_that_do_not_know_each_other(room: str, foreign: str) -> None:
    prefix = f"{foreign}." if foreign else ""
    assert not {module for module in reached_from(room) if f"{module}.".startswith(prefix)}
