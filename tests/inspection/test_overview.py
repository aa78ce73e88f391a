"""What pictures and reports are made of: scripts, requirement sets, sizes, costs, advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from condavision.core.model import PythonReason, SourceLocation
from condavision.core.pythons import PythonRange
from condavision.inspection.advice import CostsMost, OldLock, OldPython, WouldShare, advice
from condavision.inspection.check import LockState
from condavision.inspection.costs import costs
from condavision.inspection.overview import Size
from tests.inspection.overviews import lock_of, overview_of, package, script

if TYPE_CHECKING:
    from tests.channels.server import Channel
    from tests.command_line import CommandLine
    from tests.compile_stage.wheels import WheelIndex

PYTHON = package("python", "3.13.1")
OLD_PYTHON = package("python", "3.11.9")
NET = (package("urllib3"), package("requests", "2.0", "urllib3"))
TABLES = (package("numpy"), package("six"), package("pandas", "2.0", "numpy", "six"))


def test_scripts_of_every_state(
    index: WheelIndex, index_server: Channel, command: CommandLine
) -> None:
    index.add("top", "1", "middle")
    index.add("middle", "2")
    block = "# /// script\n# dependencies = ['top']\n# ///\nimport top\n"
    for name in ("a.py", "b.py", "stale.py"):
        (command.folder / name).write_text(block)
    command("lock", "a.py", "b.py", "stale.py").ok()
    (command.folder / "stale.py").write_text(block + "import six\n")
    (command.folder / "broken.py").write_text("def f(:\n")
    (command.folder / "unknown.py").write_text("import nobody_has_this\n")
    index_server.close()
    found = command("graph", "--format", "json").ok().json()
    scripts = {it["script"]: it for it in found["scripts"]}
    states = {"a.py": "ok", "b.py": "ok", "broken.py": "unreadable", "s.py": "missing"}
    states |= {"stale.py": "stale", "unknown.py": "missing"}
    assert {name: it["state"] for name, it in scripts.items()} == states
    assert "no known package for `import nobody_has_this`" in scripts["unknown.py"]["notes"][0]
    assert "broken.py:1: not Python" in scripts["broken.py"]["notes"][0]
    assert scripts["broken.py"]["hash"] is None
    assert "run `condavision lock stale.py`" in scripts["stale.py"]["notes"]
    shared = next(it for it in found["locks"] if it["locked"])
    assert (shared["scripts"], shared["direct"]) == (["a.py", "b.py"], ["python", "top"])
    assert [it["locked"] for it in found["locks"]] == [True, False, False, False]
    assert shared["unknown_sizes"] == 0
    assert shared["size"] == sum(it["size"] for it in found["packages"])
    (cost,) = found["costs"]
    assert (cost["name"], cost["places"]) == ("top", ["a.py:2", "b.py:2"])
    assert len(cost["packages"]) == 2
    assert found["unread"] == ["middle"], "the proof of the lock reads direct ones"
    assert found == command("report", "--json").ok().json()


def test_a_size_that_is_not_known() -> None:
    lock = lock_of(PYTHON, *NET)
    found = overview_of(script("a.py", "requests", lock=lock), sizes={"requests": 5, "python": 7})
    assert found.size(found.sets[0].packages) == Size(3, 12, 1)
    assert found.size(()) == Size()


def test_what_only_one_import_brings() -> None:
    both = lock_of(PYTHON, *NET, *TABLES)
    found = overview_of(
        script("a.py", "requests", "pandas", "numpy", lock=both),
        script("b.py", "requests", lock=lock_of(PYTHON, *NET)),
        script("c.py", "six", lock=lock_of(PYTHON, package("six"))),
        sizes={"pandas": 10, "numpy": 30, "requests": 2, "urllib3": 3, "six": 100},
    )
    made = [(it.package.name, sorted(one.name for one in it.only)) for it in costs(found)]
    assert made == [
        ("pandas", ["pandas"]),  # numpy is imported too, six in another lock
        ("requests", ["requests", "urllib3"]),
    ]
    first, second = costs(found)
    assert list(map(str, second.places)) == ["a.py:1", "b.py:1"]
    assert first.size == Size(1, 10, 0)


def test_what_no_requirement_is_known_to_lead_to_costs_nothing() -> None:
    lock = lock_of(PYTHON, package("urllib3"), package("requests", "2.0"))
    found = overview_of(script("a.py", "requests", lock=lock))
    assert [[it.name for it in one.only] for one in costs(found)] == [["requests"]]


def _reason(place: str, line: int, pythons: str) -> PythonReason:
    return PythonReason(
        SourceLocation(place, line), "a reason", PythonRange.from_specifier(pythons)
    )


def test_scripts_that_a_wider_range_would_let_share() -> None:
    reason = _reason("old.py", 3, "<3.12")
    old = script("old.py", "requests", pythons=">=3.10,<3.12", reasons=[reason])
    new, other = script("new.py", "requests"), script("other.py", "pandas")
    said, *_ = advice(overview_of(old, new, other))
    assert isinstance(said, WouldShare)
    assert [it.name for one in said.sets for it in one.scripts] == ["old.py", "new.py"]
    assert str(said.common) == ">=3.10,<3.12"
    assert said.reasons == (reason,)


@pytest.mark.parametrize(
    "scripts",
    [
        [script("a.py", "requests"), script("b.py", "requests")],
        [script("a.py", "requests"), script("b.py", "requests", "six", pythons="<3.12")],
        [script("a.py"), script("b.py", pythons="<3.12")],
        [script("a.py", state=LockState.UNREADABLE), script("b.py", pythons="<3.12")],
    ],
    ids=["one set", "other packages", "no packages", "unreadable"],
)
def test_nothing_to_share(scripts: list[object]) -> None:
    assert not any(isinstance(it, WouldShare) for it in advice(overview_of(*scripts)))  # type: ignore[arg-type]


def test_what_keeps_a_python_old() -> None:
    noarch = package("legacy", "1", "python", url="https://x.invalid/noarch/legacy-1-py_0.conda")
    held = noarch.dependencies | {"python": ">=3.8,<3.12"}  # type: ignore[operator]
    limiting = package("legacy", "1", url=noarch.url, dependencies=held)
    reason = _reason("old.py", 2, "<3.12")
    found = overview_of(
        script("old.py", pythons=">=3.10,<3.12", reasons=[reason], lock=lock_of(OLD_PYTHON)),
        script("held.py", "legacy", lock=lock_of(OLD_PYTHON, limiting)),
        script("new.py", "six", lock=lock_of(PYTHON, package("six"))),
        sizes={"six": 1},
    )
    old, lock, cost = advice(found)
    assert isinstance(old, OldPython)
    assert (old.newest, old.reasons) == ((3, 13), (reason,))
    assert isinstance(lock, OldLock)
    assert ([it.name for it, _ in lock.packages], lock.one.scripts[0].name) == (
        ["legacy"],
        "held.py",
    )
    assert isinstance(cost, CostsMost)
