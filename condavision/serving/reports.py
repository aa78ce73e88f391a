"""The JSON of scripts and runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from condavision.exec_stage.run_folder import read_piece
from condavision.parameters.naming import unread_of
from condavision.parameters.schema import json_schema
from condavision.parameters.wording import unread_words
from condavision.serving.zygote.wording import cold_words, skipped_words

if TYPE_CHECKING:
    from condavision.exec_stage.run_folder import RunFolder
    from condavision.serving.running import ClusterStatus
    from condavision.serving.runs import Run
    from condavision.serving.survey import Surveyed
    from condavision.serving.zygote.status import WarmStatus

SHOWN = 1 << 20
"""Bytes of a stream that a report has at most."""


def script_report(name: str, found: Surveyed | None, warm: WarmStatus | None) -> dict[str, Any]:
    """Return what there is to say of a script; None if it has not been looked at.

    ``warm`` is how its runs start where they may start warm.
    """
    report: dict[str, Any] = {"script": name, "url": f"/scripts/{quote(name)}"}
    if found is None:
        return {**report, "state": "preparing"}
    if found.prepared is not None:
        report |= {"state": "ready", "python": found.python, "lock": found.hash}
        report["packages"] = found.packages
    else:
        report["state"] = "refused"
    if found.refusal is not None:
        report["reason"] = found.refusal.message
        report["hints"] = list(found.refusal.hints)
    if warm is not None:
        report["warm"] = _warm_report(warm)
    return report


def _warm_report(status: WarmStatus) -> dict[str, Any]:
    return {
        "state": "cold" if status.cold else "warm",
        **({"reason": str(status.cold), "why": cold_words(status)} if status.cold else {}),
        "imported": list(status.preloaded),
        "not_imported": [
            {"module": it.module, "reason": str(it.reason), "why": skipped_words(it)}
            for it in status.skipped
        ],
        "runs": status.forks,
    }


def parameters_report(found: Surveyed) -> dict[str, Any]:
    """Return what a script takes, as the JSON Schema of a request's body, and what is not known."""
    unread = [
        {"file": it.location.file, "line": it.location.line, "why": unread_words(it)}
        for it in unread_of(found.interface)
    ]
    return {"parameters": json_schema(found.interface), "unread": unread}


def run_report(run: Run) -> dict[str, Any]:
    """Return what there is to say of a run, without what it has written."""
    report: dict[str, Any] = {
        "id": run.id,
        "url": f"/runs/{run.id}",
        "script": run.script,
        "state": str(run.state),
        "exit_code": run.exit_code,
        "arguments": list(run.arguments),
        "accepted": _time(run.accepted),
        "started": _time(run.started),
        "ended": _time(run.ended),
        "seconds": None if run.started is None else _seconds(run),
        "warm": run.warm,
    }
    if run.error:
        report["error"] = run.error
    return report


def cluster_report(found: ClusterStatus) -> dict[str, Any]:
    """Return what there is to say of a cluster."""
    return {
        "address": found.address,
        "state": str(found.state),
        "threads": found.threads,
        "hosts": list(found.hosts),
    }


def _seconds(run: Run) -> float | None:
    if run.started is None or run.ended is None:
        return None
    return round(max(0.0, run.ended - run.started), 4)


def written(run: Run, folder: RunFolder) -> dict[str, Any]:
    """Return the beginning of a run's output, and its files; this reads them."""
    found: dict[str, Any] = {}
    truncated = []
    for name, path in (("stdout", folder.stdout), ("stderr", folder.stderr)):
        data = read_piece(path, 0, SHOWN + 1)
        if len(data) > SHOWN:
            truncated.append(name)
        found[name] = data[:SHOWN].decode(errors="replace")
    found["truncated"] = truncated
    found["files"] = [
        {"name": file.name, "size": file.size, "url": f"/runs/{run.id}/files/{quote(file.name)}"}
        for file in folder.written()
    ]
    return found


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
