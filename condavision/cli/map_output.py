"""What `map` shows: a bar on a terminal, else a line at intervals, and the summary."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from condavision.cli.output import note, print_json, say
from condavision.cli.verbosity import is_quiet
from condavision.cluster.rows import last_error
from condavision.cluster.spread import Stopped
from condavision.cluster.task import Reason
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from condavision.cluster.run import Mapped
    from condavision.cluster.spread import Tally

_REASONS: dict[str, str] = {
    Reason.TIMEOUT: "timed out",
    Reason.WORKER_LOST: "whose workers ended",
    Reason.FILE_MISSING: "whose file was missing",
    Reason.TOO_LARGE: "with files too large",
}
"""What is said of tasks that failed without an exit code."""

_LINE = 10.0  # seconds between two lines of a log


@contextmanager
def shown_map() -> Iterator[Callable[[Tally], None]]:
    """Yield what shows the progress of a map on standard error; with ``-q``, nothing."""
    if is_quiet():
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar() as watch:
            yield watch
    else:
        yield _Lines().watch


@contextmanager
def _bar() -> Iterator[Callable[[Tally], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as shown:
        task = shown.add_task("checking", total=None, done="", note="")
        clock = _Clock()

        def watch(tally: Tally) -> None:
            if not tally.total:
                shown.update(task, done=f"{tally.checked:,} inputs")
                return
            if clock.started is None:
                shown.reset(task, total=tally.total, description="running")
            shown.update(
                task,
                completed=tally.done,
                done=f"{tally.done:,} of {tally.total:,}",
                note=clock.note(tally),
            )

        yield watch


class _Clock:
    """Computes the rate, from the end of the first process on."""

    def __init__(self) -> None:
        self.started: float | None = None

    def note(self, tally: Tally) -> str:
        """Return the rate, the failures and the hosts."""
        if self.started is None:
            self.started, self._before = time.monotonic(), tally.done
        seconds = time.monotonic() - self.started
        rate = (tally.done - self._before) / seconds if seconds else 0
        parts = [f"{rate:.3g}/s" if rate < 100 else f"{rate:,.0f}/s"] if rate else []
        if tally.failed:
            parts.append(f"{tally.failed:,} failed")
        if len(tally.hosts) > 1:
            parts.append(f"{len(tally.hosts)} hosts")
        return ", ".join(parts)


class _Lines:
    """A line at intervals, for logs."""

    def __init__(self) -> None:
        self._clock = _Clock()
        self._last = time.monotonic()

    def watch(self, tally: Tally) -> None:
        details = self._clock.note(tally) if tally.total else ""
        now = time.monotonic()
        if now - self._last >= _LINE:
            self._last = now
            done = (
                f"{tally.done:,} of {tally.total:,}"
                if tally.total
                else f"{tally.checked:,} checked"
            )
            note(f"condavision: {', '.join(filter(None, (done, details)))}")


def map_json(mapped: Mapped, seconds: float) -> dict[str, Any]:
    """Return the object of ``map --json``."""
    tally = mapped.tally
    return {
        "script": str(mapped.request.target),
        "results": str(mapped.rows),
        "inputs": tally.total,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "earlier": tally.earlier,
        "retried": tally.retried,
        "reasons": dict(sorted(tally.reasons.items())),
        "set_aside": sorted(tally.lost),
        "hosts": dict(sorted(tally.hosts.items())),
        "lost_workers": [
            {"host": host, "workers": workers, "inputs": inputs}
            for host, workers, inputs in _lost_on(mapped)
        ],
        "seconds": round(seconds, 3),
        "stopped": None if tally.stop is None else tally.stop.value,
        "changed": list(mapped.changed),
    }


def print_summary(mapped: Mapped, seconds: float, *, as_json: bool) -> None:
    """Write how many inputs succeeded and failed, and what to do next."""
    tally = mapped.tally
    if as_json:
        print_json(map_json(mapped, seconds))
        return
    counts = [f"{tally.succeeded:,} succeeded"]
    if tally.failed:
        why = ", ".join(
            f"{count:,} {_REASONS.get(what, f'with {what}')}"
            for what, count in tally.reasons.most_common()
        )
        counts.append(f"{tally.failed:,} failed{f' ({why})' if why else ''}")
    if tally.total > tally.done:
        counts.append(f"{tally.total - tally.done:,} not run")
    earlier = f", {tally.earlier:,} of them earlier" if tally.earlier else ""
    what = "1 input" if tally.total == 1 else f"{tally.total:,} inputs"
    say(f"{what}: {', '.join(counts)}{earlier}; see {mapped.rows}")
    if tally.first_failed is not None:
        rows = shell_word(mapped.rows)
        error = last_error(mapped.rows, tally.first_failed)
        first = f"{tally.first_failed:,}{f' ({error})' if error else ''}"
        row = f"run `sed -n {tally.first_failed}p {rows}`"
        note(f"the first that failed is input {first}; for its row, {row}")
    for host, workers, inputs in _lost_on(mapped):
        who = "a worker" if workers == 1 else f"{workers:,} workers"
        what = "1 input was" if inputs == 1 else f"{inputs:,} inputs were"
        note(f"{who} on {host} ended; {what} started again")
    if tally.lost:
        note(f"their workers ended each time: inputs {', '.join(map(str, sorted(tally.lost)))}")
    if tally.stop is Stopped.INTERRUPTED:
        note("interrupted: the same command runs the rest")
    elif tally.stop is Stopped.FAILURES:
        note("stopped: too many failed; the same command runs the rest")


def _lost_on(mapped: Mapped) -> list[tuple[str, int, int]]:
    """Return each host whose workers ended, how many of them, and how many inputs they had."""
    workers = Counter(it.host for it in mapped.lost_workers)
    return [
        (host, workers[host], sum(it.tasks for it in mapped.lost_workers if it.host == host))
        for host in sorted(workers)
    ]


def print_installed(hosts: Mapping[str, Exception | None], *, as_json: bool) -> int:
    """Write on which machines an environment is installed, and why not on others.

    Return the exit code.
    """
    if as_json:
        found = {host: None if error is None else str(error) for host, error in hosts.items()}
        print_json({"hosts": found})
    for host, error in hosts.items():
        if error is not None:
            note(f"{host}: {error}")
        elif not as_json:
            say(f"{host}: ready")
    if not hosts:
        note("the cluster has no worker")
    return int(not hosts or any(it is not None for it in hosts.values()))
