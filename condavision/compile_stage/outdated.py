"""Which locked versions a new solve would change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.compile_stage.recording import LockingReport
from condavision.compile_stage.renewal import Renewal
from condavision.compile_stage.stage import lock
from condavision.errors import CondavisionError
from condavision.inference.lock_lookup import last_locked
from condavision.inference.select import Named, select_targets
from condavision.inference.workspace import Workspace

if TYPE_CHECKING:
    from condavision.project.targets import Target
    from condavision.system.progress import Progress


def solve_anew(named: Named, workspace: Workspace, progress: Progress) -> LockingReport:
    """Solve the locks of targets again, with the channels they were locked with; write nothing.

    Targets that were never locked are not solved, and are among those that failed.

    Raises:
        UsageError, AnalysisError, LockfileError: as :func:`condavision.compile_stage.stage.lock`.
    """
    targets = select_targets(named, workspace, join=True).targets
    failed: list[tuple[Target, CondavisionError]] = []
    by_channels: dict[tuple[str, ...], list[Target]] = {}
    for target in targets:
        try:
            owner, channels = last_locked(target, workspace)
        except CondavisionError as error:
            failed.append((target, error))
        else:
            by_channels.setdefault(workspace.flags.channels or channels, []).append(owner)
    reports = [
        lock(
            Named.of(*dict.fromkeys(owners)),
            Workspace(replace(workspace.flags, channels=channels)),
            renewal=Renewal(everything=True),
            progress=progress,
            dry_run=True,
        )
        for channels, owners in by_channels.items()
    ]
    return LockingReport(
        locked=tuple(it for report in reports for it in report.locked),
        failed=(*failed, *(it for report in reports for it in report.failed)),
        dry_run=True,
    )
