"""The JSON document of ``graph`` and ``report``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.cli.pictures.advising import advice_words
from condavision.cli.wording import notes_of
from condavision.inspection.advice import advice
from condavision.inspection.costs import costs

if TYPE_CHECKING:
    from condavision.core.model import LockedPackage
    from condavision.inspection.costs import Cost
    from condavision.inspection.overview import Overview, RequirementSet, Script


def overview_json(found: Overview) -> dict[str, Any]:
    """Return scripts, requirement sets, packages, costs and advice; sizes are bytes to download."""
    return {
        "scripts": [_script(it) for it in found.scripts],
        "locks": [_set(it, found) for it in found.sets],
        "packages": [_package(it, found) for it in found.packages.values()],
        "costs": [_cost(it) for it in costs(found)],
        "advice": [{"kind": it.kind, "text": advice_words(it)} for it in advice(found)],
        "unread": list(found.unread),
    }


def _script(script: Script) -> dict[str, Any]:
    inference = script.inference
    return {
        "script": script.name,
        "root": str(script.project.config.root) if script.project else None,
        "state": script.checked.state.value,
        "hash": script.requirement_set[1] if script.requirement_set else None,
        "python": str(inference.analysis.python) if inference else None,
        "python_required": str(inference.requirements.python) if inference else None,
        "reasons": [
            {
                "file": it.location.file,
                "line": it.location.line,
                "rule": it.rule,
                "python": str(it.pythons),
            }
            for it in (inference.analysis.reasons if inference else ())
        ],
        "notes": list(notes_of(script.checked)),
    }


def _set(one: RequirementSet, found: Overview) -> dict[str, Any]:
    size = found.size(one.packages)
    return {
        "hash": one.hash,
        "locked": one.dependencies is not None,
        "platform": one.dependencies.platform if one.dependencies else None,
        "python": one.python,
        "scripts": [it.name for it in one.scripts],
        "direct": [it.name for it in one.direct],
        "packages": [it.sha256 for it in one.packages],
        "size": size.bytes,
        "unknown_sizes": size.unknown,
        "unverified": [{"name": name, "package": taken} for name, taken in one.record.unverified],
        "unproved": [{"name": name, "reason": why.value} for name, why in one.record.unproved],
    }


def _package(package: LockedPackage, found: Overview) -> dict[str, Any]:
    return {
        "name": package.name,
        "version": package.version,
        "manager": package.manager.value,
        "sha256": package.sha256,
        "size": found.sizes.get(package.sha256),
        "locks": [it.hash for it in found.users[package.sha256]],
    }


def _cost(it: Cost) -> dict[str, Any]:
    return {
        "name": it.package.name,
        "manager": it.package.manager.value,
        "scripts": [script.name for script in it.scripts],
        "places": list(map(str, it.places)),
        "packages": [package.sha256 for package in it.only],
        "size": it.size.bytes,
        "unknown_sizes": it.size.unknown,
    }
