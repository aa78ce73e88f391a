"""The values sent between the machine that maps and its workers: frozen and plain.

``to_plain`` of each value is a dictionary of strings, numbers, bytes, lists and None, of which
``of_plain`` makes an equal value again, whatever the Python on the other side.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any

from condavision.core.serving import Serving
from condavision.project.targets import Module


class Reason(StrEnum):
    """Why a task has no exit code."""

    TIMEOUT = "timeout"
    """It took longer than it may, and was ended."""
    CANCELLED = "cancelled"
    """It was ended, or not started, because all tasks are to end."""
    NOT_INSTALLED = "not-installed"
    """Its environment cannot be installed on that machine, or its process not be started."""
    PLATFORM_MISSING = "platform-missing"
    """The lock has no part for the platform of that machine."""
    WORKER_LOST = "worker-lost"
    """The worker ended before the task did, and so did others it was given to."""
    FILE_MISSING = "file-missing"
    """A file that it reads is not on that machine."""
    TOO_LARGE = "too-large"
    """The files that it reads or wrote are more than may travel between machines."""
    OUTPUT = "output-limit"
    """It wrote more than it may."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How a task is run.

    After ``timeout`` seconds (None: never) its process group gets SIGTERM, and ``kill_after``
    seconds later SIGKILL. Output streams of at most ``inline`` bytes travel with the outcome.
    """

    timeout: float | None = None
    kill_after: float = 5.0
    inline: int = 1 << 16


@dataclass(frozen=True, slots=True)
class Job:
    """What all tasks share.

    ``script``, ``root`` (of its project), ``locks`` and ``vendored`` are absolute paths on the
    machine that maps, the last two empty where the defaults hold; for a ``module``, ``script`` is
    the folder that it is run in. ``lock`` and ``sources`` are the digests of the lock's file and of
    the script with its local modules. ``folder`` is where each
    task gets a folder of its own; on another machine it need not exist. With ``serving`` the
    process is one of the web service: within its limits, with the variables that it passes on.
    """

    script: str
    root: str
    lock: str
    sources: str
    folder: str
    locks: str = ""
    vendored: str = ""
    module: str = ""
    limits: Limits = field(default_factory=Limits)
    serving: Serving | None = None

    @property
    def target(self) -> Path | Module:
        """What was given to be run."""
        place = Path(self.script)
        return Module(self.module, place) if self.module else place

    @property
    def digest(self) -> str:
        """What decides on the outcome of a task, besides the task."""
        return f"{self.lock}-{self.sources}"

    def to_plain(self) -> dict[str, Any]:
        """Return this as a dictionary."""
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> Job:
        """Return the value of a dictionary."""
        serving = None if plain["serving"] is None else Serving(**plain["serving"])
        return cls(**{**plain, "limits": Limits(**plain["limits"]), "serving": serving})


@dataclass(frozen=True, slots=True)
class Task:
    """One process of the script.

    ``number`` counts from 1: the line of its row in the results. ``job`` is the job's digest.
    ``arguments`` follow the script's name in ``sys.argv``. ``stdin`` is its standard input; None
    for nothing. ``files`` are the absolute paths among the arguments that it reads, on the machine
    that maps. ``run`` is the ID of a run of the web service.
    """

    number: int
    job: str
    arguments: tuple[str, ...] = ()
    stdin: bytes | None = None
    files: tuple[str, ...] = ()
    run: str = ""

    def to_plain(self) -> dict[str, Any]:
        """Return this as a dictionary."""
        return {**asdict(self), "arguments": list(self.arguments), "files": list(self.files)}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> Task:
        """Return the value of a dictionary."""
        lists = {name: tuple(plain[name]) for name in ("arguments", "files")}
        return cls(**{**plain, **lists})


@dataclass(frozen=True, slots=True)
class File:
    """Something that a task wrote.

    ``name`` is relative to the outcome's ``folder``, where the file is unless it has ``content``.
    """

    name: str
    size: int
    content: bytes | None = None

    def path_in(self, folder: Path) -> Path:
        """Return its path in a folder.

        Raises:
            ValueError: its name leads out of the folder, or is none.
        """
        path = PurePosixPath(self.name)
        if path.is_absolute() or ".." in path.parts or "\0" in self.name or not path.parts:
            raise ValueError(self.name)
        return folder / path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task.

    Without an ``exit_code`` there is a ``reason``, of which ``detail`` has more for people. The
    exit code is negative for the signal that ended the process. ``seconds`` are those of the
    process, on ``host``. ``folder`` is the absolute path of the task's own folder; empty if it was
    removed because the outcome has all that was in it.
    """

    number: int
    exit_code: int | None = None
    reason: Reason | None = None
    detail: str = ""
    stdout: File = File("stdout", 0, b"")
    stderr: File = File("stderr", 0, b"")
    files: tuple[File, ...] = ()
    seconds: float = 0.0
    host: str = ""
    folder: str = ""

    @property
    def ok(self) -> bool:
        """Whether the script succeeded."""
        return self.exit_code == 0

    def to_plain(self) -> dict[str, Any]:
        """Return this as a dictionary."""
        reason = None if self.reason is None else self.reason.value
        return {**asdict(self), "reason": reason, "files": list(map(asdict, self.files))}

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> Outcome:
        """Return the value of a dictionary."""
        made = {name: File(**plain[name]) for name in ("stdout", "stderr")}
        reason = None if plain["reason"] is None else Reason(plain["reason"])
        files = tuple(File(**it) for it in plain["files"])
        return cls(**{**plain, **made, "reason": reason, "files": files})
