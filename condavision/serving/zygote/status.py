"""Why runs of a script start cold, and which of its modules are imported beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColdReason(StrEnum):
    """Why a run is started cold though it may be warm."""

    STARTING = "starting"
    """The zygote is importing the script's modules; later runs are warm."""
    PLATFORM = "platform"
    """The system is not Linux."""
    PYTHON = "python"
    """The script's Python is older than 3.6."""
    HOOK = "hook"
    """The script's Python does not ask the zygote's hook before it runs a script."""
    ACTIVATION = "activation"
    """The environment has activation scripts, which run at every start."""
    SANDBOX = "sandbox"
    """The process has to be started inside a sandbox."""
    SEARCH_PATH = "search-path"
    """PYTHONPATH has a relative folder."""
    CRASH = "crash"
    """The zygote ended by itself several times."""
    MEMORY = "memory"
    """The machine has little memory left."""


class SkipReason(StrEnum):
    """Why a module is not imported beforehand: what importing it does."""

    PRINTS = "prints"
    REPLACES_STREAMS = "replaces-streams"
    KEEPS_OPEN = "keeps-open"
    """It keeps a file, a connection or a device (a GPU) open."""
    STARTS_PROCESSES = "starts-processes"
    STARTS_THREADS = "starts-threads"
    STARTS_TIMER = "starts-timer"
    SHARES_MEMORY = "shares-memory"
    USES_TEMPORARY_FOLDER = "uses-temporary-folder"
    CHANGES_PATH = "changes-path"
    CHANGES_FOLDER = "changes-folder"
    IMPORTS_LOCAL = "imports-local"
    """It imports a module that lies beside the script."""
    KEEPS_GENERATOR = "keeps-generator"
    """It has a random generator of its own, which every run would continue alike."""
    FAILS = "fails"
    CRASHES = "crashes"
    TAKES_LONG = "takes-long"


@dataclass(frozen=True, slots=True)
class SkippedModule:
    """A module that each run imports itself; ``detail`` is what the check found, if anything."""

    module: str
    reason: SkipReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WarmStatus:
    """How runs of a script start now.

    ``cold`` is None if they are warm; ``detail`` belongs to it: a version, an exit code.
    ``preloaded`` are the modules that the zygote has imported, ``skipped`` those it must not, and
    ``forks`` is how many runs it has started.
    """

    cold: ColdReason | None
    detail: str = ""
    preloaded: tuple[str, ...] = ()
    skipped: tuple[SkippedModule, ...] = ()
    forks: int = 0
