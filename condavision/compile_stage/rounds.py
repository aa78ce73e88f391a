"""Solve groups, prove each lock, and solve again with what its artefacts have shown."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from condavision.artefacts.reader import ArtefactReader
from condavision.compile_stage.groups import group_targets
from condavision.compile_stage.proof.prove import Proof, Prover
from condavision.compile_stage.proof.supply import Supply
from condavision.compile_stage.solving.failure import NoSolutionError
from condavision.core.evidence import ProofLevel
from condavision.core.pythons import PythonRange
from condavision.errors import CondavisionError, RefutedImportError, UnsolvableError
from condavision.inference.diagnose import held_back
from condavision.mapping.decisions import Learned
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from condavision.compile_stage.groups import Group
    from condavision.compile_stage.recording import Recorder
    from condavision.compile_stage.renewal import Renewal
    from condavision.compile_stage.solving.solve import LockSolver
    from condavision.core.model import Lock
    from condavision.inference.inference import Inference
    from condavision.inference.workspace import Workspace
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import LearnedModules
    from condavision.project.targets import Target
    from condavision.system.progress import Task

_REMIND_SECONDS = 15.0
_AT_ONCE = 16
_MOST_ROUNDS = 8


def lock_groups(
    groups: Iterable[Group], workspace: Workspace, renewal: Renewal, task: Task, recorder: Recorder
) -> None:
    """Lock several groups at a time; most of it is waiting for indexes.

    What is learned in a round applies to all scripts of the project, which are then grouped anew.
    """
    asyncio.run(_lock_groups(groups, workspace, renewal, task, recorder))


async def _lock_groups(
    groups: Iterable[Group], workspace: Workspace, renewal: Renewal, task: Task, recorder: Recorder
) -> None:
    threads = ThreadPoolExecutor(_AT_ONCE)  # each waits for a process
    asyncio.get_running_loop().set_default_executor(threads)
    solver = Solver(workspace.import_map, home(), offline=workspace.flags.solve.offline)
    prover = Prover(solver.reader, workspace.import_map, Supply(solver))
    rounds = _Rounds(
        workspace, renewal, task, recorder, solver, prover, asyncio.Semaphore(_AT_ONCE)
    )
    reminder = asyncio.create_task(_remind(rounds.pending, task))
    try:
        await rounds.first(tuple(groups))
    finally:
        reminder.cancel()


class Solver:
    """What solves, opened on first use: rattler takes 0.1 s, and a proved lock needs none."""

    def __init__(self, import_map: ImportMap, home: Path, *, offline: bool) -> None:
        self.offline = offline
        self.reader = ArtefactReader(home, offline=offline)
        self._home = home
        self._import_map = import_map

    @cached_property
    def opened(self) -> LockSolver:
        """The solver of locks."""
        from condavision.compile_stage.solving.solve import LockSolver  # noqa: PLC0415

        return LockSolver(self._import_map, self._home, offline=self.offline)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """The error of a solve for the Pythons of ``python-floor``, and the ``older`` ones to try."""

    error: CondavisionError
    older: PythonRange


@dataclass(frozen=True, slots=True)
class _Rounds:
    workspace: Workspace
    renewal: Renewal
    task: Task
    recorder: Recorder
    solver: Solver
    prover: Prover
    turns: asyncio.Semaphore
    pending: dict[str, float] = field(default_factory=dict)
    reading: dict[tuple[str, ...], asyncio.Future[None]] = field(default_factory=dict)
    refusals: dict[Target, _Refusal] = field(default_factory=dict)

    async def first(self, groups: Sequence[Group]) -> None:
        """Lock all groups."""

        async def lock(group: Group) -> LearnedModules:
            async with self.turns:
                if self.renewal.present(group) is not None:
                    return await self._lock(group)
                learned = await self._lock(group, begins=True)
                self.task.finished(name=_name(group))
                return learned

        learned = await asyncio.gather(*map(lock, groups))
        await self._again(groups, learned, _MOST_ROUNDS)

    async def _again(
        self, groups: Sequence[Group], learned: Sequence[LearnedModules], left: int
    ) -> None:
        """Lock those groups again whose artefacts have shown something, as often as they do.

        Those without a solution for the Pythons of ``python-floor`` are locked for older ones.
        """
        found = [(group, it) for group, it in zip(groups, learned, strict=True) if it]
        for group, it in found:
            self.workspace.learn(group.committed, it)
        targets = [one.project.target for group, _ in found for one in group.inferences]
        inferences = (one for group in groups for one in group.inferences)
        targets += [it.project.target for it in inferences if self._is_lowered(it)]
        if not targets:
            return
        again, failed = group_targets(targets, self.workspace, anew=self.renewal.everything)
        self.recorder.failed += failed
        if left == 0:
            for group in again:
                self.recorder.fail(group, _endless(group))
            return
        await self._again(again, await asyncio.gather(*map(self._lock, again)), left - 1)

    async def _lock(self, group: Group, *, begins: bool = False) -> LearnedModules:
        """Solve a group and record its lock, unless something is learned that changes it."""
        name = _name(group)
        self.pending[name] = time.monotonic()
        present = self.renewal.present(group)
        try:
            if begins:
                await self._begin(group)
            lock = await self._solved(group) if present is None else present
            proof = await self._proved(lock, group)
            if proof.learned:
                return proof.learned
            unproved = tuple(sorted({*lock.record.unproved, *proof.unproved}))
            record = replace(lock.record, unproved=unproved, proof=proof.level)
            written = present is None or record != present.record
            lock = replace(lock, record=record)
            self.recorder.record(group.folder, [(group, lock)], written=written)
        except NoSolutionError as error:
            for inference in group.inferences:
                if not self._lower(inference, group, error):
                    self._fail(inference, group, error)
        except CondavisionError as error:
            for inference in group.inferences:
                self._fail(inference, group, error)
        finally:
            self.pending.pop(name, None)  # several projects may have one of this name
        return {}

    def _lower(self, inference: Inference, group: Group, error: NoSolutionError) -> bool:
        """Admit Pythons below the floor, and return whether the target can run on some."""
        older = PythonRange.below(*min(inference.requirements.python.minors))
        pythons = inference.analysis.python & older & (group.options.python or older)
        if pythons:
            self.workspace.lower_floor(inference.project, min(pythons.minors))
            refusal = _Refusal(self._explained(error, group), pythons)
            self.refusals.setdefault(inference.project.target, refusal)
        return bool(pythons)

    def _is_lowered(self, inference: Inference) -> bool:
        """Return whether older Pythons are admitted since a target was inferred."""
        floor = self.workspace.lowered_floor(inference.project)
        return floor not in {None, inference.project.config.lowered_floor}

    def _fail(self, inference: Inference, group: Group, error: CondavisionError) -> None:
        """Report an error, or that of the newer Pythons if there was one."""
        target = inference.project.target
        refusal = self.refusals.get(target)
        found = refusal.error if refusal else self._explained(error, group)
        if isinstance(found, UnsolvableError):
            found.diagnostics += tuple(held_back(inference, self.workspace))
        self.recorder.failed.append((target, found))

    async def _begin(self, group: Group) -> None:
        """Report that a group is solved: the first on its channels, others once these were read.

        Raises:
            ChannelError: one cannot be read.
        """
        channels = group.requirements.channels
        reading = self.reading.get(channels)
        if reading is None:
            self.task.started(_name(group))
            read = self.solver.opened.read_index(channels, group.platforms[0])
            self.reading[channels] = reading = asyncio.ensure_future(read)
            await reading
        else:
            await reading
            self.task.started(_name(group))

    async def _proved(self, lock: Lock, group: Group) -> Proof:
        """Prove a lock: that its packages have the imports, and if asked that these run."""
        proof = await self.prover.prove(lock, group.inferences, self.workspace.attributes)
        if proof.learned or not group.options.prove:
            return proof if proof.learned else replace(proof, level=_kept_level(lock, group))
        from condavision.compile_stage.proof.imports import ImportProver  # noqa: PLC0415 - rarely needed

        prover = ImportProver(self.solver.reader, self.workspace.import_map)
        followed = await prover.prove(lock, group.inferences)
        unproved = {**dict(followed.unproved), **dict(proof.unproved)}
        level = ProofLevel.FILES if followed.unproved else ProofLevel.IMPORTS
        return Proof(tuple(sorted(unproved.items())), followed.learned, level)

    async def _solved(self, group: Group) -> Lock:
        refusal = self.refusals.get(group.inferences[0].project.target)
        options = replace(group.options, python=refusal.older) if refusal else group.options
        pythons = group.requirements.python
        if options.python is not None:
            pythons &= options.python
        lock = await self.solver.opened.solve(
            group.requirements,
            group.platforms,
            options,
            self.renewal.kept(group.earlier, pythons),
            self.renewal.agreement,
        )
        return _with_overrides(lock, group)

    def _explained(self, error: CondavisionError, group: Group) -> CondavisionError:
        """Return the error of a solve with what this command has learned for it."""
        shown = tuple(self._shown(group))
        if not isinstance(error, UnsolvableError) or not shown:
            return error
        return UnsolvableError(error.message, *shown, *error.hints)

    def _shown(self, group: Group) -> Iterator[str]:
        new = self.workspace.newly_learned(group.committed)
        for need in (it for one in group.inferences for it in one.needs):
            if need.key in new:
                package = ", ".join(need.read)
                needed = f"{need.rule}: Python {need.pythons}" if need.rule else f"`{need.module}`"
                yield f"{need.place} ({package}): `import {need.importer}` needs {needed}"
        for it in (found for one in group.inferences for found in one.resolutions):
            if isinstance(it.decision, Learned) and it.decision.module in new:
                module, place = it.decision.module, it.imported.location
                lacking, having = ", ".join(it.decision.absent), ", ".join(it.decision.present)
                yield f"{place}: {lacking} has no `{module}`, and {having} has"


def _name(group: Group) -> str:
    return group.inferences[0].project.key


def _kept_level(lock: Lock, group: Group) -> ProofLevel:
    """Return how far a lock was proved, if it is the one that the group has already."""
    return lock.record.proof if lock is group.present else ProofLevel.FILES


def _endless(group: Group) -> RefutedImportError:
    target = group.inferences[0].project.target
    return RefutedImportError(
        f"{target}: whichever versions are locked, they lack something that it imports",
        "name a version that has it: see `condavision explain SCRIPT`",
    )


async def _remind(pending: Mapping[str, float], task: Task) -> None:
    """Report from time to time which scripts are not done, by when they were started."""
    while True:
        await asyncio.sleep(_REMIND_SECONDS)
        if pending:
            task.waiting([*pending], time.monotonic() - min(pending.values()))


def _with_overrides(lock: Lock, group: Group) -> Lock:
    """Record the overrides that applied, for the review of the lock."""
    overrides = {
        module: text
        for inference in group.inferences
        for module, text in sorted(inference.overrides.items())
    }
    return replace(lock, record=replace(lock.record, overrides=overrides)) if overrides else lock
