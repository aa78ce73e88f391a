"""Why a lock no longer fits: what it records, compared with what is required and requested now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.core.engine import Engine
from condavision.core.modules import prefixes
from condavision.locks.record import describe, requirement_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from condavision.core.model import LockRecord, Requirements, SourceLocation
    from condavision.inference.inference import Inference
    from condavision.project.solve_options import SolveOptions


@dataclass(frozen=True, slots=True)
class PythonChanged:
    """Another range of Pythons can run the sources."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ChannelsChanged:
    """Packages come from other channels, or in another order."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequirementAdded:
    """A requirement that the lock was not solved for, and the places that have it."""

    label: str
    sources: tuple[SourceLocation, ...]


@dataclass(frozen=True, slots=True)
class OverrideRemoved:
    """An override that the lock was solved with and that is configured no more."""

    module: str
    sources: tuple[SourceLocation, ...]


@dataclass(frozen=True, slots=True)
class RequirementRemoved:
    """A requirement that the lock was solved for and that no longer exists."""

    label: str


@dataclass(frozen=True, slots=True)
class NotLockedFor:
    """Platforms that the lock lacks."""

    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CutoffMoved:
    """The lock may hold packages newer than ``asked``; ``recorded`` is its own cutoff, if any."""

    recorded: datetime | None
    asked: datetime


@dataclass(frozen=True, slots=True)
class VirtualPackagesChanged:
    """The lock was solved for other virtual packages; both are changes to the defaults."""

    recorded: Mapping[str, str]
    asked: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EngineChanged:
    """The lock was solved by another engine."""

    asked: Engine


StaleReason = (
    PythonChanged
    | ChannelsChanged
    | RequirementAdded
    | OverrideRemoved
    | RequirementRemoved
    | NotLockedFor
    | CutoffMoved
    | VirtualPackagesChanged
    | EngineChanged
)


def requirement_changes(record: LockRecord, requirements: Requirements) -> Iterator[StaleReason]:
    """Yield how a requirement set differs from the one that a lock records."""
    today = describe(requirements)
    if record.python not in {"", today.python}:
        yield PythonChanged(record.python, today.python)
    if record.channels and record.channels != today.channels:
        yield ChannelsChanged(record.channels, today.channels)
    sources = {requirement_label(it): it.sources for it in requirements.requirements}
    for label in sorted(sources.keys() - set(record.requirements)):
        yield RequirementAdded(label, sources[label])
    for label in sorted(set(record.requirements) - sources.keys()):
        yield RequirementRemoved(label)


def inference_changes(record: LockRecord, inference: Inference) -> Iterator[StaleReason]:
    """Yield how what a target requires differs from what its lock records.

    What an override that is gone has kept out is not reported as added.
    """
    gone: dict[str, set[SourceLocation]] = {}
    if record.overrides:
        configured = inference.overrides
        for found in inference.resolutions:
            for module in prefixes(found.module):
                if module in record.overrides and module not in configured:
                    gone.setdefault(module, set()).add(found.imported.location)
    for module, places in gone.items():
        yield OverrideRemoved(module, tuple(sorted(places)))
    lacking = {place for places in gone.values() for place in places}
    for reason in requirement_changes(record, inference.requirements):
        if not (isinstance(reason, RequirementAdded) and lacking.intersection(reason.sources)):
            yield reason


def option_changes(record: LockRecord, options: SolveOptions) -> tuple[StaleReason, ...]:
    """Return how the options that a lock was solved under differ; empty if it fits."""
    found: list[StaleReason] = []
    asked, recorded = options.exclude_newer, record.exclude_newer
    if asked is not None and (recorded is None or recorded > asked):
        found.append(CutoffMoved(recorded, asked))
    if options.virtual_packages != record.virtual_packages:
        found.append(VirtualPackagesChanged(record.virtual_packages, options.virtual_packages))
    if options.engine not in {None, Engine.RATTLER, record.engine}:
        found.append(EngineChanged(options.engine or Engine.RATTLER))
    return tuple(found)
