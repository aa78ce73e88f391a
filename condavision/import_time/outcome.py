"""Whether modules can be imported, by what they lead to: nothing is lacking, or what is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Flag, auto
from functools import cached_property
from typing import TYPE_CHECKING

from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from condavision.core.pythons import Minor
    from condavision.import_time.follow import Lack, Reached, Step, Trail


class _Failure(Flag):
    """How an import can fail, as handlers distinguish it."""

    NONE = 0
    MISSING = auto()
    SYNTAX = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a package's file; ``package`` is its name and version."""

    package: str
    sha256: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a module cannot be imported without.

    ``lacks`` are modules or names, of which one is enough, the preferred first. ``pythons`` are the
    Pythons that need none, and ``rule`` says why, where a place admits some Pythons only.
    """

    place: Place
    lacks: tuple[Lack, ...] = ()
    pythons: PythonRange | None = None
    rule: str = ""


@dataclass(frozen=True)
class Outcome:
    """The outcome of importing the modules of a trail with one Python."""

    trail: Trail
    minor: Minor

    def demands(self, module: str) -> tuple[Demand, ...]:
        """Return what a module lacks, itself or through others, each once; none if it can run."""
        found: dict[Demand, None] = {}
        waiting, seen = deque([module]), {module}
        while waiting:
            reached = self.trail.modules.get(waiting.popleft())
            if reached is None or reached.placed.module not in self._failing:
                continue
            found.update((it, None) for it in self._own(reached))
            for step in reached.steps:
                if self._fails(reached, step):
                    failing = [it for it in step.targets if it in self._failing and it not in seen]
                    waiting += failing
                    seen.update(failing)
        return tuple(found)

    def _own(self, reached: Reached) -> Iterator[Demand]:
        """Yield what a module lacks itself."""
        placed = reached.placed
        package, file = placed.package, placed.file or ""
        for reason in reached.reasons:
            if self.minor not in reason.minors:
                place = Place(package.label, package.sha256, file, reason.line)
                yield Demand(place, pythons=PythonRange(reason.minors), rule=reason.rule)
        for step in reached.steps:
            if step.lacks and self._fails(reached, step):
                place = Place(package.label, package.sha256, file, step.imported.line)
                tried = [reached.steps[at] for at in step.imported.instead_of]
                first = [lack for it in tried for lack in it.lacks]
                if first:
                    yield Demand(place, (*first, *step.lacks))
                else:
                    yield from (_demand(place, it, step) for it in step.lacks)

    def reached(self, module: str) -> set[str]:
        """Return the packages, by label, whose files importing a module may lead to."""
        waiting, seen = [module], {module}
        while waiting:
            reached = self.trail.modules.get(waiting.pop())
            for target in (it for step in reached.steps for it in step.targets) if reached else ():
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        found = (self.trail.modules.get(it) for it in seen)
        return {it.placed.package.label for it in found if it is not None}

    @cached_property
    def _failing(self) -> Mapping[str, _Failure]:
        """The modules that cannot be imported: the least that follows from what is lacking."""
        failing: dict[str, _Failure] = {}
        for name, reached in self.trail.modules.items():
            wrong = [it for it in reached.reasons if self.minor not in it.minors]
            if wrong:
                syntax = any(it.syntax for it in wrong)
                failing[name] = _Failure.SYNTAX if syntax else _Failure.MISSING
        if not failing and not any(map(_lacks_any, self.trail.modules.values())):
            return failing
        changed = True
        while changed:
            changed = False
            for name, reached in self.trail.modules.items():
                known = failing.get(name, _Failure.NONE)
                found = known
                for step in reached.steps:
                    found |= _uncaught(reached, step, failing)
                if found != known:
                    failing[name], changed = found, True
        return failing

    def _fails(self, reached: Reached, step: Step) -> bool:
        return bool(_uncaught(reached, step, self._failing))


def _lacks_any(reached: Reached) -> bool:
    return any(it.lacks for it in reached.steps)


def _uncaught(reached: Reached, step: Step, failing: Mapping[str, _Failure]) -> _Failure:
    """Return how an import that runs for certain fails its module."""
    imported = step.imported
    if not imported.certain or imported.survives_all:
        return _Failure.NONE
    failure = _failure(step, failing)
    if imported.survives:
        failure &= _Failure.SYNTAX
    if failure and imported.instead_of:
        tried = [reached.steps[it] for it in imported.instead_of]
        if not any(it.imported.certain and _failure(it, failing) for it in tried):
            return _Failure.NONE
    return failure


def _failure(step: Step, failing: Mapping[str, _Failure]) -> _Failure:
    found = _Failure.MISSING if step.lacks else _Failure.NONE
    for target in step.targets:
        found |= failing.get(target, _Failure.NONE)
    return found


def _demand(place: Place, lack: Lack, step: Step) -> Demand:
    """Return the demand for what an import lacks that nothing replaces."""
    if lack.pythons is None or step.imported.survives:
        return Demand(place, (lack,))
    return Demand(place, (lack,), lack.pythons, f"standard library module {lack.module}")
