"""One row makes an engine: settings and options offer it, and its file is found."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from condavision.compile_stage.solving.channel_index import ChannelIndex
from condavision.compile_stage.solving.engine import (
    ENGINES,
    InRounds,
    Problem,
    SolveConditions,
    open_engine,
)
from condavision.compile_stage.solving.gateway import open_gateway
from condavision.core.engine import Engine
from condavision.errors import ChannelError, UnsolvableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from condavision.core.model import LockedPackage


def test_every_engine_can_be_asked_for() -> None:
    assert set(ENGINES) == set(Engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_opens(engine: Engine, tmp_path: Path) -> None:
    index = ChannelIndex(open_gateway(tmp_path), ["conda-forge"], [])
    assert callable(open_engine(engine, index, asyncio.Semaphore(1), conda="sh").solve)


@dataclass
class Rounds:
    """Finds no package for anything, no solution for ``0``, and no channel for ``offline``."""

    asked: list[set[str]] = field(default_factory=list)

    async def solve_all(
        self, problems: Sequence[Problem]
    ) -> list[tuple[LockedPackage, ...] | UnsolvableError]:
        self.asked.append({f"{it.platform} {' '.join(it.specs)}" for it in problems})
        if any("offline" in it.specs for it in problems):
            raise ChannelError("offline")
        return [UnsolvableError(it.platform) if "0" in it.specs else () for it in problems]


ROUNDS: list[tuple[dict[str, str], list[set[str]], set[str]]] = [
    ({"a": "1", "b": "2", "c": "3"}, [{"a 1", "b 2", "c 3"}], set()),
    ({"a": "1", "b": "12", "c": ""}, [{"a 1", "b 1"}, {"b 2"}], set()),
    ({"a": "12", "b": "0", "c": "13"}, [{"a 1", "b 0", "c 1"}, {"a 2", "c 3"}], {"b"}),
    ({"a": "", "b": ""}, [], set()),
]


@pytest.mark.parametrize(("plans", "asked", "failed"), ROUNDS)
def test_platforms_are_solved_in_rounds(
    plans: dict[str, str], asked: list[set[str]], failed: set[str]
) -> None:
    engine = Rounds()

    async def solve_all() -> list[BaseException | None]:
        rounds = InRounds(engine, asyncio.Semaphore(1))

        async def solve(platform: str, plan: str) -> None:
            for spec in plan:
                await asyncio.sleep(0)
                assert not await rounds.solve(Problem((spec,), platform, SolveConditions(())))

        return await rounds.together([solve(*item) for item in plans.items()])

    outcomes = asyncio.run(solve_all())
    assert engine.asked == asked
    assert {str(it) for it in outcomes if isinstance(it, UnsolvableError)} == failed
    assert sum(it is not None for it in outcomes) == len(failed)


def test_an_error_of_a_round_is_that_of_each_platform() -> None:
    async def solve_all() -> list[tuple[LockedPackage, ...] | BaseException]:
        rounds = InRounds(Rounds(), asyncio.Semaphore(1))
        problems = [Problem(("offline",), name, SolveConditions(())) for name in "abc"]
        return await rounds.together([rounds.solve(problem) for problem in problems])

    assert [type(it) for it in asyncio.run(solve_all())] == [ChannelError] * 3
