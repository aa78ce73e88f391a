"""Whether imports run in an environment: checked after it is installed, once for each lock."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from condavision.artefacts.store import EvidenceStore
from condavision.core.evidence import ProofLevel
from condavision.core.model import SourceLocation
from condavision.core.platforms import family_of
from condavision.core.pythons import minor_of
from condavision.environments.environment import site_packages
from condavision.errors import CondavisionError
from condavision.inference.diagnostics import FailingImport
from condavision.inference.needs import modules_of, names_taken, needed_on
from condavision.inference.runnable import locate_as_run
from condavision.mapping.import_map import normalized
from condavision.project.targets import typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from condavision.environments.environment import Environment
    from condavision.import_time.outcome import Demand, Outcome
    from condavision.inference.lock_lookup import Located
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target

_SEEN = "condavision-imports"
"""The file beside the marker that lists the locks whose imports were checked."""


def failing_imports(
    target: Target, environment: Environment, workspace: Workspace, home: Path
) -> tuple[FailingImport, ...]:
    """Return the imports of a target that fail in its new environment, as far as its files show.

    Each lock is checked once, and not at all if ``lock --prove`` made it.
    """
    with suppress(CondavisionError, OSError):
        located = locate_as_run(target, workspace)
        seen = environment.marker.with_name(_SEEN)
        lock = located.lock
        looked = seen.read_text().split() if seen.exists() else []
        if lock.record.proof is ProofLevel.IMPORTS or lock.hash in looked:
            return ()
        found = tuple(_failing(located, environment, EvidenceStore.below(home)))
        seen.write_text("\n".join([*looked, lock.hash, ""]))
        return found
    return ()


def _failing(
    located: Located, environment: Environment, store: EvidenceStore
) -> Iterator[FailingImport]:
    from condavision.import_time.follow import Follower  # noqa: PLC0415 - installed ones need none
    from condavision.import_time.installed import installed_modules  # noqa: PLC0415
    from condavision.import_time.kept import keep, load_kept  # noqa: PLC0415
    from condavision.import_time.outcome import Outcome  # noqa: PLC0415

    folder = next(site_packages(environment.prefix), None)
    if folder is None:
        return
    packages = located.lock.on(environment.subdir)
    python = next(it.version for it in packages if it.name == "python")
    digests = {normalized(it.name): it.sha256 for it in packages}
    modules = installed_modules(folder, digests, load_kept(store, digests.values()))
    follower = Follower(modules, minor_of(python), family_of(environment.subdir))
    imports = needed_on(located.inference.analysis, follower.minor, follower.family)
    starts = dict.fromkeys(module for it in imports for module in modules_of(it))
    taken = names_taken(imports)
    outcome = Outcome(asyncio.run(follower.follow(starts, taken=taken)), follower.minor)
    keep(store, modules.packages)
    reported: set[tuple[object, ...]] = set()
    for it in imports:
        for importer, demand in _demands(outcome, [*modules_of(it)]):
            key = (demand.place.package, demand.lacks, demand.rule)  # once, wherever it fails
            if key not in reported:
                reported.add(key)
                yield FailingImport(
                    it.location,
                    importer,
                    SourceLocation(demand.place.file, demand.place.line),
                    demand.place.package,
                    tuple(f"{lack.module}.{lack.name}".rstrip(".") for lack in demand.lacks),
                    demand.rule and f"{demand.rule}: Python {demand.pythons}",
                    typed(located.project.target),
                )


def _demands(outcome: Outcome, modules: list[str]) -> Iterator[tuple[str, Demand]]:
    yield from ((module, it) for module in modules for it in outcome.demands(module))
