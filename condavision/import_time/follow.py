"""Follow imports from module to module, through all packages that are installed together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.analysis.python_range.six_moves import six_of
from condavision.analysis.python_range.stdlib import stdlib_pythons
from condavision.core.modules import absolute_name, prefixes
from condavision.core.pythons import PythonRange, format_minor
from condavision.import_time.class_cells import ClassCells
from condavision.import_time.facts import ABSOLUTE, LibraryImport, LibraryReason
from condavision.import_time.modules import NUMPY_1

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from condavision.core.pythons import Minor
    from condavision.import_time.modules import Modules, Placed

MOST_FILES = 6000
"""Modules that are followed; pandas, scikit-learn and requests have 1,200."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What an import does not find: a module, or a ``name`` in one.

    ``pythons`` are those whose standard library has the module. ``certain``: no code brings it.
    """

    module: str
    name: str = ""
    pythons: PythonRange | None = None
    certain: bool = False


_WITHOUT_CELLS = PythonRange.below(3, 8)
"""Pythons that make a class even if its metaclass drops ``__classcell__``."""

_OLD_HOOKS = PythonRange.below(3, 12)
"""Pythons that call ``find_module`` of import hooks, and not ``find_spec`` alone (PEP 451)."""

_ARRAY_API = Lack(NUMPY_1, "_ARRAY_API", certain=True)
_NUMPY_1 = LibraryImport(NUMPY_1, line=1, members=("_ARRAY_API",))


@dataclass(slots=True)
class Step:
    """An import of a module: the modules that it leads to, and what it does not find."""

    imported: LibraryImport
    targets: list[str] = field(default_factory=list)
    lacks: list[Lack] = field(default_factory=list)


@dataclass(slots=True)
class Reached:
    """A module, what it imports, and why not every Python can import it."""

    placed: Placed
    steps: list[Step] = field(default_factory=list)
    reasons: Sequence[LibraryReason] = ()


@dataclass(slots=True, repr=False)
class Trail:
    """Every module that some start leads to; ``is_cut``: there were too many.

    It is large, and asyncio shows what a task returns.
    """

    modules: dict[str, Reached] = field(default_factory=dict)
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows imports as they run with one Python on one platform family."""

    modules: Modules
    minor: Minor
    family: str

    async def follow(
        self,
        starts: Iterable[str],
        most: int = MOST_FILES,
        taken: Mapping[str, Collection[str]] | None = None,
    ) -> Trail:
        """Return all that importing some modules leads to, breadth first.

        ``taken`` are the names that are taken from modules.
        """
        trail = Trail()
        waiting = dict.fromkeys(it for start in starts for it in (*prefixes(start),))
        while waiting:
            placed = [it for it in map(self.modules.find, waiting) if it is not None]
            room = most - len(trail.modules)
            if len(placed) > room:
                trail.is_cut, placed = True, placed[: max(0, room)]
            for it in placed:
                trail.modules[it.module] = Reached(it)
            imports = await self.modules.imports(placed)
            reasons = await self.modules.reasons(placed, format_minor(self.minor))
            reached: dict[str, None] = {}
            for it in placed:
                found = trail.modules[it.module]
                found.reasons = reasons.get(it, ())
                beside = self._siblings_first(imports[it])
                lazy = await self.modules.lazy_imports(it, (taken or {}).get(it.module, ()))
                found.steps = [
                    self._step(it, one, siblings_first=beside) for one in (*imports[it], *lazy)
                ]
                if self.modules.lacks_api(it):
                    found.steps.append(Step(_NUMPY_1, lacks=[_ARRAY_API]))
                reached.update((target, None) for one in found.steps for target in one.targets)
            new = {} if trail.is_cut else reached
            waiting = {it: None for it in new if it not in trail.modules}
        await self._look_closer(trail)
        if self.minor not in _WITHOUT_CELLS:
            await self._check_classes(trail)
        if self.minor not in _OLD_HOOKS:
            await self._check_hooks(trail)
        return trail

    async def _check_classes(self, trail: Trail) -> None:
        """Add to the reasons where classes are refused, for which no handler is prepared."""
        placed = [it.placed for it in trail.modules.values()]
        classes = await self.modules.classes(placed, format_minor(self.minor))
        imports = {
            name: (it.placed.parent, [step.imported for step in it.steps])
            for name, it in trail.modules.items()
        }
        for module, it in ClassCells(imports, classes).refused():
            rule = f"metaclass of {it.name} drops __classcell__"
            reason = LibraryReason(it.line, rule, _WITHOUT_CELLS.minors, syntax=True)
            reached = trail.modules[module]
            reached.reasons = (*reached.reasons, reason)

    async def _check_hooks(self, trail: Trail) -> None:
        """Add to the reasons where ``moves`` is imported from a copy of six with an old hook."""
        for reached in trail.modules.values():
            for it in (step.imported for step in reached.steps if "six" in step.imported.name):
                runs = it.runs_on(self.minor, self.family) and it.certain
                if not runs or it.survives or it.instead_of:
                    continue
                name = absolute_name(it.name, it.level, reached.placed.parent)
                six = self.modules.find(six_of(name))
                if six is not None and await self.modules.has_old_hook(six):
                    rule = f"import hook of {six.module} without find_spec"
                    reason = LibraryReason(it.line, rule, _OLD_HOOKS.minors, syntax=False)
                    reached.reasons = (*reached.reasons, reason)

    def _siblings_first(self, imports: Sequence[LibraryImport]) -> bool:
        """Return whether a module looks beside itself for what it imports (PEP 328)."""
        return self.minor < (3, 0) and ABSOLUTE not in imports

    def _step(self, placed: Placed, imported: LibraryImport, *, siblings_first: bool) -> Step:
        step = Step(imported)
        if imported.runs_on(self.minor, self.family):
            name = absolute_name(imported.name, imported.level, placed.parent)
            if siblings_first and not imported.level and placed.parent:
                beside = f"{placed.parent}.{_top(name)}"
                if self.modules.find(beside) is not None:
                    name = f"{placed.parent}.{name}"
            if name and self._add(step, placed, name):
                for member in imported.members:
                    if self.modules.find(f"{name}.{member}") is not None:
                        self._add(step, placed, f"{name}.{member}")
                    elif _top(name) != _top(placed.module):
                        step.lacks.append(Lack(name, member))  # until its names are read
        return step

    def _add(self, step: Step, placed: Placed, name: str) -> bool:
        """Add a module that is imported and the packages it is in; False for what is not read."""
        having = stdlib_pythons(name)
        if name == "__main__" or (having is not None and self.minor in having):
            return False
        own = {*prefixes(placed.module)}
        for module in reversed([*prefixes(name)]):
            if self.modules.find(module) is None:
                bundled = placed.package.files.bundles(name, placed.file or "")
                if not bundled and not self.modules.adds_paths(module):
                    step.lacks.append(Lack(module, pythons=having))
                return False
            if module not in own:
                step.targets.append(module)
        return True

    async def _look_closer(self, trail: Trail) -> None:
        """Drop from what is lacking whatever code may bring while a module is imported."""
        brought: dict[Lack, bool] = {}
        for reached in trail.modules.values():
            for step in reached.steps:
                for lack in step.lacks:
                    if lack not in brought:
                        brought[lack] = not lack.certain and await self._may_bring(lack, trail)
                step.lacks = [it for it in step.lacks if not brought[it]]

    async def _may_bring(self, lack: Lack, trail: Trail) -> bool:
        placed = self.modules.find(lack.module)
        names = lack.name and placed and await self.modules.all_names(placed)
        if names and names.may_have(lack.name):
            return True
        parents = filter(None, map(self.modules.find, prefixes(lack.module)))
        if any(it.package.files.paths_added for it in parents):
            return True
        top = _top(lack.module)
        beside = [it.placed for name, it in trail.modules.items() if _top(name) == top]
        for it in beside:
            if (await self.modules.names(it)).any_module:
                return True
        return False


def _top(module: str) -> str:
    return module.partition(".")[0]
