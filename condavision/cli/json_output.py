"""The JSON document of each value; ``docs/json.md`` lists the fields."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from condavision.analysis.analyze import contradiction
from condavision.cli.import_wording import resolution_words
from condavision.cli.parameter_output import interface_json
from condavision.cli.statuses import installed_status, lock_status
from condavision.cli.wording import (
    diagnostic_words,
    error_words,
    hints_of,
    notes_of,
    record_words,
    stale_words,
)
from condavision.core.model import Manager
from condavision.core.origin import Origin
from condavision.core.specs import conda_spec, pypi_spec
from condavision.errors import UnacceptedNameError
from condavision.inference.diagnostics import CandidateName
from condavision.inference.inference import applying
from condavision.locks.diff import diff_json
from condavision.locks.record import spell_pairs
from condavision.mapping.decisions import Mapped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.recording import LockedScript
    from condavision.core.model import LockRecord, Requirement, SourceLocation
    from condavision.environments.clean import Cleaned
    from condavision.environments.inventory import InstalledEnvironment
    from condavision.errors import CondavisionError
    from condavision.exec_stage.stage import Installed
    from condavision.export.annotate import Annotation
    from condavision.inference.coverage import Coverage
    from condavision.inspection.check import Checked
    from condavision.inspection.doctor.finding import Finding
    from condavision.inspection.explain import Explanation, ImportLine, RequirementLine
    from condavision.mapping.decisions import Resolution
    from condavision.project.targets import Target


def error_json(error: CondavisionError, *targets: str | Target) -> dict[str, Any]:
    """Return the object of an error; ``targets`` are as in :func:`hints_of`."""
    return {
        "error": error_words(error),
        "hints": list(hints_of(error, *targets)),
        "code": error.code,
        "candidates": list(error.names) if isinstance(error, UnacceptedNameError) else [],
    }


def failed_json(failed: Iterable[tuple[Target, CondavisionError]]) -> list[dict[str, Any]]:
    """Return the objects of ``lock --json`` for targets that could not be locked."""
    return [
        {"script": str(target), "status": "failed", **error_json(error, target)}
        for target, error in failed
    ]


def annotated_json(it: Annotation) -> dict[str, Any]:
    """Return the object of ``annotate --json`` for a script."""
    return {
        "script": it.found.inference.project.key,
        "root": str(it.found.inference.project.config.root),
        "status": "changed" if it.changed else "unchanged",
        "python": it.added.python,
        "pypi": list(it.added.pypi),
        "conda": list(it.added.conda),
        "inferred": list(map(_needed_json, it.found.inferred)),
    }


def coverage_json(found: Coverage) -> dict[str, Any]:
    """Return the object of ``check --declared --json`` for a target."""
    return {
        "script": found.inference.project.key,
        "root": str(found.inference.project.config.root),
        "state": found.state.value,
        "missing": list(map(_needed_json, found.missing)),
        "unneeded": list(map(_needed_json, found.unneeded)),
        "inferred": list(map(_needed_json, found.inferred)),
        "python": None if found.python is None else str(found.python),
        "code": found.code,
    }


def _needed_json(needed: Requirement) -> dict[str, Any]:
    first = needed.sources[0]
    return {
        "name": needed.name,
        "manager": needed.manager.value,
        "file": first.file,
        "line": first.line,
    }


def installed_json(found: Installed) -> dict[str, Any]:
    """Return the object of ``install --json`` for an environment."""
    launcher = {"launcher": str(found.launcher)} if found.launcher else {}
    return {
        "name": str(found.name),
        "prefix": str(found.environment.prefix),
        "status": installed_status(found).value,
        **launcher,
    }


def not_installed_json(
    failed: Iterable[tuple[str | Target, CondavisionError]],
) -> list[dict[str, Any]]:
    """Return the objects of ``install --json`` for targets that could not be installed."""
    return [{"name": str(target), **error_json(error, target)} for target, error in failed]


def locked_script_json(
    locked: LockedScript,
    platform: str,
    agreement: Agreement | None,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Return the object of ``lock --json`` for a target."""
    shown = locked.lock.platform_or_first(platform)
    return {
        "script": locked.inference.project.key,
        "root": str(locked.inference.project.config.root),
        "python": str(locked.requirements.python),
        "packages": {package.name: package.version for package in locked.lock.on(shown)},
        "platforms": list(locked.lock.platforms),
        "hash": locked.lock.hash,
        "lock": str(locked.path),
        "status": lock_status(locked, dry_run=dry_run),
        "unverified": spell_pairs(locked.lock.record.unverified),
        "unproved": _unproved_json(locked.lock.record),
        "proof": locked.inference.proof(locked.lock.record).value,
        "changes": diff_json(locked.changes),
        "cautions": [
            *record_words(applying(locked.lock.record, locked.inference)),
            *map(diagnostic_words, locked.diagnostics),
        ],
        "not_kept": [*map(asdict, agreement.unkept(locked.lock))] if agreement else [],
    }


def outdated_json(scripts: Iterable[LockedScript]) -> list[dict[str, Any]]:
    """Return the objects of ``outdated --json``, one for each lock."""
    names: dict[str, list[str]] = {}
    changes = {}
    for locked in scripts:
        names.setdefault(locked.lock.hash, []).append(locked.inference.project.key)
        changes[locked.lock.hash] = diff_json(locked.changes)
    return [{"hash": it, "scripts": names[it], "changes": changes[it]} for it in names]


def _unproved_json(record: LockRecord) -> list[dict[str, str]]:
    """Return the imports that no package is known to have, and why that is not known."""
    return [{"name": module, "reason": why.value} for module, why in record.unproved]


def checked_json(checked: Checked) -> dict[str, Any]:
    """Return the object of ``check --json`` for a target."""
    return {
        "script": checked.script,
        "root": str(checked.project.config.root) if checked.project else None,
        "hash": checked.hash,
        "state": checked.state.value,
        "unproved": _unproved_json(checked.record),
        "proof": checked.proof.value if checked.proof else None,
        "notes": list(notes_of(checked)),
        "code": checked.code,
    }


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """Return the document of ``explain --json``.

    ``python`` is the inferred range, ``python_required`` the one that is hashed and solved for.
    ``contradiction`` has the places that together leave no Python, if any. ``pypi`` and ``conda``
    list every requirement under its name there, ``conditional`` those of some Pythons only.
    """
    inference, lock = explanation.inference, explanation.lock
    analysis, everything = inference.analysis, inference.requirements.requirements
    always = [needed for needed in everything if needed.pythons is None]
    return {
        "script": inference.project.key,
        "python": str(analysis.python),
        "python_required": str(inference.requirements.python),
        "contradiction": contradiction(analysis),
        "reasons": [
            {**_place(it.location), "rule": it.rule, "python": str(it.pythons)}
            for it in analysis.reasons
        ],
        "imports": list(map(import_json, explanation.imports)),
        "declared": list(map(declared_json, explanation.declared)),
        "conda": [conda_spec(needed, needed.conda) for needed in always if needed.conda],
        "pypi": [pypi_spec(needed) for needed in always if needed.manager is Manager.PYPI],
        "unknown": [needed.name for needed in always if needed.manager is Manager.IMPORT],
        "conditional": [
            {"requirement": pypi_spec(needed), "conda": needed.conda, "python": str(needed.pythons)}
            for needed in everything
            if needed.pythons is not None
        ],
        "channels": list(inference.requirements.channels),
        "files": [source.module or inference.project.key for source in analysis.files],
        "unread": [{**_place(it.location), "to": it.last_line} for it in analysis.unread],
        "parameters": interface_json(explanation.interface),
        "hash": inference.hash,
        "locked": lock is not None,
        "locked_hash": lock.hash if lock else None,
        "together": explanation.together,
        "candidates": [
            {
                **_place(it.location),
                "name": it.module,
                "pypi": it.distribution,
                "accepted": it.accepted,
            }
            for it in explanation.diagnostics
            if isinstance(it, CandidateName)
        ],
        "cautions": list(map(diagnostic_words, explanation.diagnostics)),
    }


def _place(location: SourceLocation) -> dict[str, Any]:
    return {"file": location.file, "line": location.line}


def import_json(line: ImportLine) -> dict[str, Any]:
    """Return the object of ``explain --json`` for an import."""
    found, imported = line.found, line.found.imported
    return {
        "name": found.module,
        **_place(imported.location),
        "kind": imported.kind.value,
        "origin": _origin(found),
        **_required_json(line.required),
        "why": resolution_words(found),
        "extras": line.required.needed.extras if line.required else (),
        "alternatives": found.decision.others if isinstance(found.decision, Mapped) else (),
    }


def _origin(found: Resolution) -> str:
    if found.refused:
        return "refused"
    return "unknown" if found.unknown else found.imported.origin.value


def declared_json(line: RequirementLine) -> dict[str, Any]:
    """Return the object of ``explain --json`` for a declared requirement without an import."""
    return {
        "name": "",
        **_place(line.needed.sources[0]),
        "kind": "declared",
        "origin": Origin.PACKAGE.value,
        **_required_json(line),
        "why": "declared",
        "extras": line.needed.extras,
        "alternatives": (),
    }


def _required_json(line: RequirementLine | None) -> dict[str, str | None]:
    if line is None:
        return dict.fromkeys(("pypi", "conda", "spec", "locked"))
    needed, locked = line.needed, line.locked
    return {
        "pypi": needed.name if needed.manager is Manager.PYPI else None,
        "conda": needed.conda or None,
        "spec": needed.constraint or "*",
        "locked": f"{locked.name} {locked.version}" if locked else None,
    }


def environment_json(environment: InstalledEnvironment) -> dict[str, Any]:
    """Return the object of ``list --json`` for an environment; times are ISO 8601 in UTC."""
    return {
        "prefix": str(environment.prefix),
        "key": environment.key,
        "hash": environment.hash,
        "python": environment.python,
        "platform": environment.subdir,
        "size": environment.size,
        "freed": environment.freed,
        "created": iso_time(environment.created),
        "used": iso_time(environment.used),
        "scripts": list(environment.scripts),
        "added": environment.added,
        "ready": environment.ready,
        "state": environment.state.value,
    }


def iso_time(seconds: float) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def cleaned_json(cleaned: Cleaned) -> dict[str, Any]:
    """Return the document of ``clean --json``."""
    return {
        "removed": [environment_json(one) for one in cleaned.removed],
        "kept": {str(prefix): user for prefix, user in cleaned.kept.items()},
        "caches": cleaned.caches,
    }


def finding_json(finding: Finding) -> dict[str, str]:
    """Return the object of ``doctor --json`` for one finding."""
    reasons = stale_words(finding.reasons)
    return {
        "area": finding.area,
        "what": finding.what,
        "state": finding.state.value,
        "found": f"{finding.found}: {reasons}" if reasons else finding.found,
        "fix": finding.fix,
    }
