"""The shape of the package: imports point one way, and the two stages do not know each other."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "condavision"


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {module_name(path): path for path in PACKAGE.rglob("*.py") if "templates" not in path.parts}


def imports_of(module: str) -> set[str]:
    """Return the modules of the package that one imports, lazily or not, types left out."""
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    # a package's own __init__ re-exports its modules; what the top level offers is for users
    return {name for name in found if name in FILES} - {module, "condavision"}


GRAPH = {module: imports_of(module) for module in FILES if module != "condavision"}


def reached_from(module: str) -> set[str]:
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        found = GRAPH.get(waiting.pop(), set()) - reached
        reached |= found
        waiting += found
    return reached


def test_imports_point_one_way() -> None:
    list(TopologicalSorter(GRAPH).static_order())  # raises CycleError with the modules in it


@pytest.mark.parametrize(
    ("stage", "foreign"),
    [
        ("condavision.exec_stage.stage", "condavision.compile_stage.solving"),
        ("condavision.warm", "condavision"),
        ("condavision.compile_stage.stage", "condavision.environments.build"),
        ("condavision.compile_stage.stage", "condavision.exec_stage.process"),
        ("condavision.core.model", "condavision.errors"),
    ],
)
def test_rooms_that_do_not_know_each_other(stage: str, foreign: str) -> None:
    assert not {name for name in reached_from(stage) if name.startswith(foreign)}
