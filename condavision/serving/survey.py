"""Finds out which scripts can be served, and installs their environments: a process of its own.

What this takes (parsers, an installer, for ``--lock`` a solver) stays out of the server, which is
sent the results: pickles, each preceded by its length in four bytes.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
import time
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.analysis.parameters.interface import Framework, Interface
from condavision.core.serving import Serving
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
from condavision.system.progress import Progress
from condavision.warm import is_unchanged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from condavision.exec_stage.prepared import Prepared
    from condavision.inference.lock_lookup import Located
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags
    from condavision.project.targets import Target

Checks = tuple[tuple[str, str, str], ...]
"""Arguments of :func:`condavision.warm.is_unchanged`."""

_NO_INTERFACE = Interface(Framework.NONE)

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Question:
    """What to find out: the scripts and folders to serve, of which ``only`` some are of interest.

    With ``lock`` scripts without a lock that fits are locked.
    """

    paths: tuple[Path, ...]
    flags: Flags
    lock: bool = False
    only: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The names of all scripts; others are there once ``checks`` fail."""

    names: tuple[str, ...]
    checks: Checks


@dataclass(frozen=True, slots=True)
class Note:
    """Something to log."""

    text: str
    warning: bool


class RefusalKind(Enum):
    """What keeps a script from being served."""

    UNLOCKED = auto()
    """It has no lock that fits; or it cannot have one."""
    UNAVAILABLE = auto()
    """There is no environment for it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a script is not served, and what to do."""

    kind: RefusalKind
    message: str
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What is known of a script; ``prepared`` unless there is a ``refusal``.

    ``sources`` are the checks of its files and ``others`` those of its lock and environment. Where
    they are not ``settled``, they may miss a change. ``packages`` maps names to versions.
    ``interface`` is what it takes on its command line.
    """

    name: str
    script: Path
    settings: Serving = field(default_factory=Serving)
    prepared: Prepared | None = None
    refusal: Refusal | None = None
    hash: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    sources: Checks = ()
    others: Checks = ()
    settled: bool = False
    root: Path = field(default_factory=Path)
    interface: Interface = _NO_INTERFACE
    when: float = field(default_factory=time.monotonic)

    @property
    def python(self) -> str:
        """The version of its Python; empty where it has none."""
        return self.packages.get("python", "")


def unchanged(checks: Checks) -> bool:
    """Return whether nothing has changed since checks were made."""
    return all(is_unchanged(*check) for check in checks)


Answer = Listing | Surveyed | Note


def answers(question: Question, progress: Progress) -> Iterator[Answer]:
    """Yield what a question is about: the names, then each script, ready to start or refused.

    Raises:
        CondavisionError: a path does not exist, or two scripts would have one name.
    """
    from condavision.inference.workspace import Workspace  # noqa: PLC0415 - see below

    workspace = Workspace(question.flags)
    checks = _listing_checks(question.paths, workspace)  # first: what changes meanwhile is noticed
    named = _named(question.paths, workspace)
    yield Listing(tuple(named), checks)
    for name, target in named.items():
        if question.only is None or name in question.only:
            yield _survey(name, target, workspace, progress, lock=question.lock)


def _named(paths: tuple[Path, ...], workspace: Workspace) -> dict[str, Target]:
    """Return the targets by the names that requests have for them.

    Raises:
        UsageError: two would have the same name.
    """
    from condavision.inference.select import Named, select_targets  # noqa: PLC0415

    found: dict[str, Target] = {}
    for path in paths:
        real = path.resolve() if path.is_dir() else path.absolute()
        try:
            targets = select_targets(Named((real,)), workspace, gone=True).targets
        except AnalysisError:
            if not real.is_dir():
                raise
            continue  # a folder without scripts, so far
        for target in targets:
            script = target.absolute() if isinstance(target, Path) else target
            name = str(script)
            if isinstance(script, Path):
                inside = real.is_dir() and script.is_relative_to(real)
                name = script.relative_to(real).as_posix() if inside else script.name
            if found.setdefault(name, script) != script:
                raise UsageError(
                    f"{script} and {found[name]} would both be served as {name}",
                    "serve the folder above both",
                )
    return dict(sorted(found.items()))


def _listing_checks(paths: tuple[Path, ...], workspace: Workspace) -> Checks:
    from condavision.analysis.source.scripts import search_scripts  # noqa: PLC0415
    from condavision.exec_stage.warm_record import checks_of  # noqa: PLC0415
    from condavision.locks.index import FILE_NAME  # noqa: PLC0415
    from condavision.project.config import LOCAL  # noqa: PLC0415
    from condavision.project.settings_files import SETTINGS_FILES  # noqa: PLC0415

    given = {path.resolve() for path in paths if path.is_dir()}
    folders = given.union(search_scripts(given, spare=given).folders if given else ())
    files = {path.absolute() for path in paths if not path.is_dir()}
    for place in {*folders, *(file.parent for file in files)}:
        config = workspace.config(place)
        files |= {config.locks / FILE_NAME, config.locks / LOCAL / FILE_NAME}
        files |= {config.root / name for name in SETTINGS_FILES}
    return tuple(checks_of(sorted(files), sorted(folders)))


def _survey(
    name: str, target: Target, workspace: Workspace, progress: Progress, *, lock: bool
) -> Surveyed:
    if not isinstance(target, Path):
        refusal = Refusal(
            RefusalKind.UNLOCKED,
            f"`{target}` is a module, which Python finds from the current folder",
            ("serve a script that imports it",),
        )
        return Surveyed(name, target.folder, refusal=refusal)
    from condavision.exec_stage.warm_record import checks_of  # noqa: PLC0415

    try:
        try:
            return _ready(name, target, workspace, progress)
        except (MissingLockError, StaleLockError):
            if not lock:
                raise
            return _ready(name, target, _locked(target, workspace, progress), progress)
    except CondavisionError as error:
        unavailable = ChannelError, ForeignInterpreterError, InstallError, UntrustedError
        kind = RefusalKind.UNAVAILABLE if isinstance(error, unavailable) else RefusalKind.UNLOCKED
        refusal = Refusal(kind, error.message, error.hints)
        return Surveyed(name, target, refusal=refusal, sources=(*checks_of((target,), ()),))


def _locked(target: Path, workspace: Workspace, progress: Progress) -> Workspace:
    """Lock a target; return a workspace that has not read anything older."""
    from condavision.compile_stage.stage import lock  # noqa: PLC0415 - only here is solved
    from condavision.inference.select import Named  # noqa: PLC0415
    from condavision.inference.workspace import Workspace  # noqa: PLC0415

    report = lock(Named((target,)), Workspace(workspace.flags), progress=progress)
    for _, error in report.failed:
        raise error
    return Workspace(workspace.flags)


def _ready(name: str, target: Path, workspace: Workspace, progress: Progress) -> Surveyed:
    """Return a script that is ready to start.

    Raises:
        CondavisionError: there is no lock that fits, or no environment.
    """
    from condavision.analysis.parameters.read import read_interface  # noqa: PLC0415
    from condavision.core.platforms import current_subdir  # noqa: PLC0415
    from condavision.environments.inventory import record_use  # noqa: PLC0415
    from condavision.exec_stage.stage import prepare  # noqa: PLC0415
    from condavision.exec_stage.warm_record import checks_of, is_settled  # noqa: PLC0415
    from condavision.inference.lock_lookup import locate  # noqa: PLC0415
    from condavision.project.targets import near  # noqa: PLC0415

    shown = near(target)  # in messages
    prepared = replace(prepare(shown, workspace, progress), target=target)
    record_use(prepared.environment, target)
    located = locate(shown, workspace)
    sources = {file.path for file in located.inference.analysis.files}
    others = [path for path in prepared.inputs.files if path not in sources]
    environment = prepared.environment
    return Surveyed(
        name,
        target,
        _settings(target, located, workspace),
        prepared,
        hash=located.lock.hash,
        packages={it.name: it.version for it in located.lock.on(current_subdir())},
        sources=tuple(checks_of(sorted(sources), prepared.inputs.folders)),
        others=tuple(checks_of((*others, environment.marker, environment.python), ())),
        settled=is_settled(
            (*prepared.inputs.files, *prepared.inputs.folders), prepared.inputs.started
        ),
        root=located.project.config.root,
        interface=read_interface(located.inference.analysis.files, located.project.config.root),
    )


def _settings(target: Path, located: Located, workspace: Workspace) -> Serving:
    """Return the project's settings with those of the script's own block."""
    from condavision.analysis.facts.facts import read_declared  # noqa: PLC0415

    declared = read_declared(str(target), target.name, workspace.content(target))
    return located.project.config.serve.over(declared.serve)


class _Notes(Progress):
    """Sends the messages of an installation to the server."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._frames = stream

    def message(self, text: str) -> None:
        send(self._frames, Note(text, warning=False))

    def warning(self, text: str) -> None:
        send(self._frames, Note(text, warning=True))


def send(stream: BinaryIO, value: Any) -> None:
    """Write a value for the other process."""
    data = pickle.dumps(value)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def frame_length(header: bytes) -> int:
    """Return the length of the value behind a header of four bytes."""
    (length,) = _LENGTH.unpack(header)
    return int(length)


def main() -> None:
    """Answer the question on standard input, on standard output; an error is the last answer."""
    from condavision.system.own_python import drop_users_paths  # noqa: PLC0415

    drop_users_paths()
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
