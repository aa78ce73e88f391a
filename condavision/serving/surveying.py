"""The process that surveys scripts: it reads them, installs environments, and may lock.

What this takes (parsers, an installer, a solver) stays out of the server.
"""

from __future__ import annotations

import os
import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.facts.facts import read_declared
from condavision.analysis.source.script_search import search_scripts
from condavision.cluster.bundle import Packed, packed
from condavision.cluster.job import interface_of
from condavision.core.platforms import current_subdir
from condavision.core.settings_file import SETTINGS_FILES
from condavision.environments.last_use import record_use
from condavision.errors import (
    AnalysisError,
    ChannelError,
    CondavisionError,
    ForeignInterpreterError,
    InstallError,
    MissingLockError,
    StaleLockError,
    UntrustedError,
    UsageError,
)
from condavision.exec_stage.prepared import Prepared
from condavision.exec_stage.stage import prepare_apart
from condavision.exec_stage.warm_record import checks_of, checks_of_environment, is_settled
from condavision.inference.notebooks import refuse_notebook
from condavision.inference.runnable import run_as, runnable
from condavision.inference.select import Named, select_targets
from condavision.inference.workspace import Workspace
from condavision.locks.index import FILE_NAME
from condavision.locks.lockfile import direct_packages
from condavision.project.config import LOCAL
from condavision.project.targets import Module, Together, file_of
from condavision.serving.survey import Listing, Note, Refusal, RefusalKind, Surveyed, send
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from condavision.core.serving import Serving
    from condavision.inference.lock_lookup import Located
    from condavision.serving.survey import Answer, Checks, Question


def answers(question: Question, progress: Progress) -> Iterator[Answer]:
    """Yield what a question is about: the names, then each script, ready to start or refused.

    Raises:
        CondavisionError: a path does not exist, or two scripts would have one name.
    """
    workspace = Workspace(question.flags)
    checks = _listing_checks(question.paths, workspace)  # first: what changes meanwhile is noticed
    locks = tuple(it for it in checks if Path(it[0]).name == FILE_NAME)
    named = _named(question.paths, workspace)
    yield Listing(tuple(named), checks)
    for name, target in named.items():
        if question.only is None or name in question.only:
            found = _survey(name, target, workspace, progress, question)
            yield found if found.prepared else replace(found, others=locks)


def _named(paths: tuple[Path, ...], workspace: Workspace) -> dict[str, Path | Module]:
    """Return the targets by the names that requests have for them.

    Raises:
        UsageError: two would have the same name.
    """
    found: dict[str, Path | Module] = {}
    for path in paths:
        real = path.resolve() if path.is_dir() else path.absolute()
        try:
            targets = select_targets(Named((real,)), workspace, gone=True).targets
        except AnalysisError:
            if not real.is_dir():
                raise
            continue  # a folder without scripts, so far
        for target in targets:
            if isinstance(target, Together):  # of modules alone: none is served by its path
                continue
            script = target.absolute() if isinstance(target, Path) else target
            file = _file_of(script, workspace)
            inside = real.is_dir() and file.is_relative_to(real) and file != real
            name = file.relative_to(real).as_posix() if inside else script.name
            if found.setdefault(name, script) != script and isinstance(script, Path):
                raise UsageError(
                    f"{script} and {found[name]} would both be served as {name}",
                    "serve the folder above both",
                )
    return dict(sorted(found.items()))


def _listing_checks(paths: tuple[Path, ...], workspace: Workspace) -> Checks:
    given = {path.resolve() for path in paths if path.is_dir()}
    folders = given.union(search_scripts(given).folders)
    files = {path.absolute() for path in paths if not path.is_dir()}
    for place in {*folders, *(file.parent for file in files)}:
        config = workspace.config(place)
        files |= {config.locks / FILE_NAME, config.locks / LOCAL / FILE_NAME}
        files |= {config.root / name for name in SETTINGS_FILES}
    return tuple(checks_of(sorted(files), sorted(folders)))


def _survey(
    name: str, target: Path | Module, workspace: Workspace, progress: Progress, question: Question
) -> Surveyed:
    script = _file_of(target, workspace)
    try:
        refuse_notebook(target)
        runs = run_as(target, workspace)
        try:
            return _ready(name, target, runs, workspace, progress, is_packed=question.pack)
        except (MissingLockError, StaleLockError):
            if not question.lock:
                raise
            workspace = _locked(runs, workspace, progress)
            return _ready(name, target, runs, workspace, progress, is_packed=question.pack)
    except CondavisionError as error:
        unavailable = ChannelError, ForeignInterpreterError, InstallError, UntrustedError
        kind = RefusalKind.UNAVAILABLE if isinstance(error, unavailable) else RefusalKind.UNLOCKED
        refusal = Refusal(kind, error.message, error.hints, names_script=error.names_target)
        return Surveyed(name, script, refusal=refusal, sources=(*checks_of((script,), ()),))


def _file_of(target: Path | Module, workspace: Workspace) -> Path:
    """Return the file that a target is run from; its folder if a module's is not known yet."""
    if isinstance(target, Path):
        return target
    return file_of(target, workspace.config(target.folder).paths) or target.folder


def _locked(target: Path | Module, workspace: Workspace, progress: Progress) -> Workspace:
    """Lock a target; return a workspace that has not read anything older."""
    from condavision.compile_stage.stage import lock  # noqa: PLC0415 - only here is solved

    report = lock(Named.of(target), Workspace(workspace.flags), progress=progress)
    for _, error in report.failed:
        raise error
    return Workspace(workspace.flags)


def _ready(
    name: str,
    target: Path | Module,
    runs: Path | Module,
    workspace: Workspace,
    progress: Progress,
    *,
    is_packed: bool,
) -> Surveyed:
    """Return a target that is ready to start as ``runs``, or ``is_packed`` for other machines.

    Raises:
        CondavisionError: there is no lock that fits, or no environment.
    """
    found = runnable(target, workspace, runs)
    located, own = found.located, found.analysis
    prepared: Prepared | Packed
    if is_packed:
        prepared = packed(target, found, workspace)
    else:
        prepared = prepare_apart(found, workspace, progress, compile_bytecode=True)
    script = own.files[0].path
    sources = {file.path for file in (*located.inference.analysis.files, *own.files)}
    others = [path for path in prepared.inputs.files if path not in sources]
    checks = [*checks_of(others, ())]
    if isinstance(prepared, Prepared):
        record_use(prepared.environment, script)
        checks += checks_of_environment(prepared.environment)
    return Surveyed(
        name,
        target if isinstance(target, Path) else script,
        _settings(script, located, workspace),
        prepared,
        hash=located.lock.hash,
        packages=_packages(located),
        sources=tuple(checks_of(sorted(sources), prepared.inputs.folders)),
        others=tuple(checks),
        settled=is_settled(
            (*prepared.inputs.files, *prepared.inputs.folders), prepared.inputs.started
        ),
        root=located.project.config.root,
        interface=interface_of(found),
    )


def _settings(target: Path, located: Located, workspace: Workspace) -> Serving:
    """Return the project's settings with those of the script's own block."""
    declared = read_declared(str(target), target.name, workspace.content(target))
    return located.project.config.serve.over(declared.serve)


def _packages(located: Located) -> dict[str, str]:
    """Return the versions of the locked packages, those that the script requires first."""
    packages = located.lock.on(located.lock.platform_or_first(current_subdir()))
    required = [it for _, it in direct_packages(located.inference.requirements, packages)]
    return {it.name: it.version for it in (*required, *packages)}


class _Notes(Progress):
    """Sends the messages of an installation to the server."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._frames = stream

    def message(self, text: str) -> None:
        send(self._frames, Note(text, warning=False))

    def warning(self, text: str) -> None:
        send(self._frames, Note(text, warning=True))


def main() -> None:
    """Answer the question on standard input, on standard output; an error is the last answer."""
    with os.fdopen(os.dup(1), "wb") as stream:
        os.dup2(2, 1)  # whatever a library prints
        question = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the server
        try:
            for answer in answers(question, _Notes(stream)):
                send(stream, answer)
        except CondavisionError as error:
            kind = RefusalKind.UNLOCKED
            send(stream, Refusal(kind, error.message, error.hints))
    os._exit(0)  # py-rattler may crash an interpreter at its end
