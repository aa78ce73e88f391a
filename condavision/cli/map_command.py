"""The command that runs one locked script over many inputs."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from condavision.cli import options
from condavision.cli.command import OnceEach
from condavision.cli.completion import complete_names
from condavision.errors import UsageError
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from condavision.cluster.engine import Engine
    from condavision.cluster.run import Request
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Module
    from condavision.system.progress import Progress

_FIXED = "condavision.fixed"


class _Map(OnceEach):
    """A command whose words after ``--`` are for the script."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_FIXED] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


@click.command("map", cls=_Map)
@click.argument(
    "words",
    nargs=-1,
    type=options.named,
    metavar="{SCRIPT|-m MODULE} INPUTS... [-- ARGS...]",
    shell_complete=complete_names,
)
@options.module_option()
@click.option(
    *("-o", "--output"),
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the results; with the same command, an interrupted run resumes.",
)
@click.option(
    *("-j", "--jobs"),
    type=click.IntRange(1),
    metavar="N",
    help="Processes at once (default: the number of processors).",
)
@click.option(
    "--each",
    type=click.Choice(["json", "line", "file"]),
    help="What one input is: an object a line, a line of text, or a file"
    " (default: json for *.jsonl, *.ndjson and -, else file).",
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    metavar="N",
    help="Give each process N inputs, as lines of its standard input.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="End a process that takes longer.",
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Run an input that fails again, N times.",
)
@click.option(
    "--max-failures",
    type=click.IntRange(1),
    metavar="N",
    help="Stop when N inputs have failed.",
)
@click.option("--failed", is_flag=True, help="Run inputs that failed earlier again.")
@options.cluster_option()
@click.option(
    "--ship",
    is_flag=True,
    help="Send the files of inputs to the workers, if they share no storage.",
)
@options.ship_limit_option()
@click.option(
    "--install-only",
    is_flag=True,
    help="Install the environment on every machine, and run nothing.",
)
@options.locks_option()
@options.vendored_option()
@options.json_option()
@click.pass_context
def map_(
    context: click.Context,
    /,
    words: tuple[str, ...],
    module: str | None,
    jobs: int | None,
    **chosen: Any,
) -> int:
    """Run a locked script or module over many inputs, each in a process of its own.

    \b
      condavision map clean.py inputs.jsonl -o results/
      condavision map clean.py 'raw/*.csv' -o results/ -- --level 3
      condavision map clean.py inputs.jsonl -o results/ --cluster tcp://host:8786

    INPUTS are files of JSON Lines (- for standard input) with the parameters of the script by name;
    or files, each of which is the last argument of a process. ARGS come before those of each input.
    Rows are written to DIR/results.jsonl in the order of the inputs. Nothing is solved. The exit
    code is 0 if every input succeeded.
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace
    if sys.platform == "win32":
        raise UsageError("`condavision map` needs POSIX", "run it in WSL or a container")
    from condavision.cli.map_output import print_summary, shown_map
    from condavision.cli.progress import choose_progress
    from condavision.cluster.engines import EngineOptions, open_engine
    from condavision.cluster.run import map_inputs
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags

    target, words = _target(words, module)
    workspace = Workspace(Flags(locks=chosen["locks"], vendored=chosen["vendored"]))
    progress = choose_progress()
    engine_options = EngineOptions(chosen["cluster"], jobs, chosen["ship"], chosen["ship_limit"])
    if chosen["install_only"]:
        with _signals(), open_engine(engine_options, progress) as engine:
            return _install(target, engine, workspace, progress, as_json=chosen["as_json"])
    request = _request(target, words, context.meta[_FIXED], chosen)
    started = time.monotonic()
    with _signals() as signals, open_engine(engine_options, progress) as engine:
        if engine.dashboard:
            progress.message(f"the cluster's page is {engine.dashboard}")
        with shown_map() as watch:
            mapped = map_inputs(request, engine, workspace, progress, watch, signals.listen)
    print_summary(mapped, time.monotonic() - started, as_json=chosen["as_json"])
    return signals.code or int(mapped.tally.failed > 0 or mapped.tally.stop is not None)


def _target(words: tuple[str, ...], module: str | None) -> tuple[Path | Module, tuple[str, ...]]:
    """Return what to run, and the words that follow it."""
    from condavision.project.targets import Module

    if module is not None:
        return Module(module, Path.cwd()), words
    if not words or not words[0]:
        raise click.UsageError("Give a script or -m MODULE.")
    return Path(words[0]), words[1:]


def _install(
    target: Path | Module,
    engine: Engine,
    workspace: Workspace,
    progress: Progress,
    *,
    as_json: bool,
) -> int:
    from condavision.cli.map_output import print_installed
    from condavision.inference.runnable import runnable

    found = runnable(target, workspace)
    engine.prepare(found, workspace, progress)
    vendored = found.located.project.config.vendored
    return print_installed(engine.install(vendored), as_json=as_json)


def _request(
    target: Path | Module, words: tuple[str, ...], fixed: tuple[str, ...], chosen: dict[str, Any]
) -> Request:
    from condavision.cluster.inputs import Kind
    from condavision.cluster.run import Request
    from condavision.cluster.spread import Policy

    for given, what in ((words, "inputs"), (chosen["output"], "folder of results")):
        if not given:
            inputs = " ".join(map(shell_word, words or ("inputs.jsonl",)))
            output = shell_word(chosen["output"] or "results/")
            own = "".join(f" {shell_word(it)}" for it in ("--", *fixed)) if fixed else ""
            example = f"run `condavision map SCRIPT {inputs} -o {output}{own}`"
            raise UsageError(f"no {what} given", example)
    return Request(
        target,
        words,
        chosen["output"],
        kind=Kind(chosen["each"]) if chosen["each"] else None,
        fixed=fixed,
        batch=chosen["batch"],
        timeout=chosen["timeout"],
        policy=Policy(chosen["retries"], chosen["max_failures"], chosen["failed"]),
    )


class _Signals:
    """The signals that end this process: the first stops the map in order."""

    def __init__(self) -> None:
        self.code = 0
        self._interrupt: Callable[[], None] | None = None

    def listen(self, interrupt: Callable[[], None]) -> None:
        """Have ``interrupt`` called from now on."""
        self._interrupt = interrupt

    def handle(self, number: int, _: object) -> None:
        """Stop in order; at once before there is anything to stop, and the second time."""
        if self._interrupt is None or self.code:
            raise KeyboardInterrupt
        self.code = 128 + number
        self._interrupt()


@contextmanager
def _signals() -> Iterator[_Signals]:
    signals = _Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    heeded = [it for it in ending if signal.getsignal(it) != signal.SIG_IGN]  # nohup ignores one
    before = {number: signal.signal(number, signals.handle) for number in heeded}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
