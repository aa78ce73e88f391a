"""What to say about warm starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.serving.zygote.status import ColdReason, SkipReason

if TYPE_CHECKING:
    from condavision.serving.zygote.status import SkippedModule, WarmStatus

_COLD = {
    ColdReason.STARTING: "its modules are imported when it runs for the first time",
    ColdReason.PLATFORM: "warm starts need Linux",
    ColdReason.PYTHON: "warm starts need Python 3.6 or later; this is {}",
    ColdReason.HOOK: "its Python runs scripts without asking import hooks",
    ColdReason.ACTIVATION: "its environment has activation scripts, which run at every start",
    ColdReason.SANDBOX: "each run starts in a sandbox of its own",
    ColdReason.SEARCH_PATH: "PYTHONPATH has relative folders: {}",
    ColdReason.CRASH: "the process that imports its modules ended by itself: {}",
    ColdReason.MEMORY: "the machine has little memory left",
}

_SKIPPED = {
    SkipReason.PRINTS: "prints when imported: {}",
    SkipReason.REPLACES_STREAMS: "replaces standard streams when imported",
    SkipReason.KEEPS_OPEN: "keeps {} open when imported",
    SkipReason.STARTS_PROCESSES: "starts a process when imported",
    SkipReason.STARTS_THREADS: "starts threads when imported",
    SkipReason.STARTS_TIMER: "starts a timer when imported",
    SkipReason.SHARES_MEMORY: "shares memory between processes: {}",
    SkipReason.USES_TEMPORARY_FOLDER: "uses the folder of temporary files when imported",
    SkipReason.CHANGES_PATH: "changes `sys.path` when imported",
    SkipReason.CHANGES_FOLDER: "changes the working directory when imported",
    SkipReason.IMPORTS_LOCAL: "imports {}, which lies beside the script",
    SkipReason.KEEPS_GENERATOR: "has a random number generator of its own ({})",
    SkipReason.FAILS: "cannot be imported: {}",
    SkipReason.CRASHES: "ends the process when imported: exit code {}",
    SkipReason.TAKES_LONG: "takes too long to import",
}


def cold_words(status: WarmStatus) -> str:
    """Return why runs start cold; empty if they are warm."""
    return _COLD[status.cold].format(status.detail) if status.cold else ""


def skipped_words(skipped: SkippedModule) -> str:
    """Return why a module is not imported beforehand."""
    return f"{skipped.module} {_SKIPPED[skipped.reason].format(skipped.detail)}"
