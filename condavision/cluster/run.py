"""The whole of `map`: check the inputs, find and install the lock, run them, keep the results."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.cluster.inputs import PIPED, Inputs, Kind, expanded, kind_of
from condavision.cluster.job import describe
from condavision.cluster.results import OWN, ROWS, held
from condavision.cluster.spread import Policy, Spread, Tally
from condavision.cluster.task import Limits
from condavision.system.garbage import collect_from_now_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from condavision.cluster.engine import Engine, LostWorker
    from condavision.cluster.results import Results
    from condavision.cluster.task import Job
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Module
    from condavision.system.progress import Progress


_LISTS = (".csv", ".lst", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class Request:
    """What to map, and where to.

    ``words`` are names of files, or patterns of names; ``-`` is standard input. ``kind`` is what
    one input is; if None, the names decide. ``fixed`` arguments precede those of each input. With
    ``batch``, a process gets that many inputs. A process may take ``timeout`` seconds.
    """

    target: Path | Module
    words: tuple[str, ...]
    output: Path
    kind: Kind | None = None
    fixed: tuple[str, ...] = ()
    batch: int | None = None
    timeout: float | None = None
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a map has done; ``rows`` is the file of its results.

    ``changed`` is what had changed since earlier results, which were dropped for that.
    ``lost_workers`` are those that ended meanwhile.
    """

    request: Request
    tally: Tally
    rows: Path
    changed: tuple[str, ...]
    lost_workers: tuple[LostWorker, ...] = ()


def map_inputs(
    request: Request,
    engine: Engine,
    workspace: Workspace,
    progress: Progress,
    watch: Callable[[Tally], None],
    listen: Callable[[Callable[[], None]], None],
) -> Mapped:
    """Run a locked script or module over inputs that have no row in the results yet.

    ``watch`` is called while the tally changes. ``listen`` is called before the first process is
    started, with a function that stops all and returns at once.

    Raises:
        UsageError: an input cannot be used, or the folder of results.
        CondavisionError: there is no lock that fits, no environment, or no room for results.
    """
    running = request.output.absolute() / OWN / "running"
    found = describe(request.target, workspace, running, Limits(timeout=request.timeout))
    kind = request.kind or kind_of(request.words)
    sources = tuple(expanded(request.words))
    if request.kind is None and len(sources) == 1 and sources[0].endswith(_LISTS):
        progress.warning(
            f"{sources[0]} is one input, as a file: for one of each line, give --each line"
        )
    with held(request.output) as results:
        spooled = _spooled(sources, kind, results)
        inputs = Inputs(kind, sources, found.interface, request.fixed, request.batch, spooled)
        tally = Tally()
        _check(inputs, tally, progress, watch)
        engine.prepare(found.runnable, workspace, progress)
        _open(results, found.job, request, progress)
        collect_from_now_on()
        spread = Spread(found.job, engine, results, request.policy, tally, watch)
        listen(spread.interrupt)
        spread.run(islice(inputs, tally.total))  # more may be added meanwhile, unchecked
        if results.replaced:
            progress.warning(
                f"earlier results in {request.output} were of other inputs, and are gone"
                f" ({results.replaced}): give other inputs a folder of their own"
            )
        rows = request.output / ROWS
        return Mapped(request, tally, rows, results.changed, engine.lost_workers)


def _check(
    inputs: Inputs, tally: Tally, progress: Progress, watch: Callable[[Tally], None]
) -> None:
    def seen(count: int) -> None:
        tally.checked = count
        watch(tally)

    checked = inputs.check(seen)
    tally.total = checked.count
    if checked.doubtful:
        progress.warning(
            f"{', '.join(checked.doubtful)}: a value is the path of a file, and each process"
            " runs in a folder of its own: give absolute paths"
        )


def _open(results: Results, job: Job, request: Request, progress: Progress) -> None:
    results.open(
        {
            "script": _name(job),
            "lock": job.lock,
            "sources": job.sources,
            "arguments": list(request.fixed),
            "batch": request.batch,
        }
    )
    if results.changed:
        progress.warning(
            f"{' and '.join(results.changed)} changed since the results in {request.output}:"
            " all inputs are run again"
        )


def _name(job: Job) -> str:
    place = os.path.relpath(job.script, job.root)
    return f"{job.target} in {place}" if job.module else place


def _spooled(sources: tuple[str, ...], kind: Kind, results: Results) -> tuple[tuple[str, str], ...]:
    """Keep what can be read once only, and is read twice; return where, by source."""
    found: dict[str, str] = {}
    for source in sources:
        if source == PIPED or (kind is not Kind.FILE and _is_stream(source)):
            path = results.running / f"spooled-{len(found)}"
            with ExitStack() as stack:
                given: BinaryIO = sys.stdin.buffer
                if source != PIPED:
                    given = stack.enter_context(Path(source).open("rb"))
                shutil.copyfileobj(given, stack.enter_context(path.open("wb")))
            found[source] = str(path)
    return tuple(found.items())


def _is_stream(source: str) -> bool:
    """Return whether a source is a pipe or the like: ``<(command)`` of a shell."""
    path = Path(source)
    return path.exists() and not (path.is_file() or path.is_dir())
