"""The sentences of advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.cli.wording import package_label, size_words
from condavision.core.pythons import format_minor, shortest
from condavision.inspection.advice import Advice, CostsMost, OldLock, OldPython, WouldShare
from condavision.project.targets import typed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.core.model import PythonReason
    from condavision.inspection.overview import RequirementSet

_SHOWN = 3


def advice_words(found: Advice) -> str:
    """Return what a person could change, and what for."""
    match found:
        case WouldShare(sets, common, reasons):
            names = _listed(script.name for one in sets for script in one.scripts)
            declared = f'requires-python = "{shortest(common)}"'
            other = f"; or declare `{declared}` in each" if common else ""
            return (
                f"{_reasons(reasons) or 'the range of Pythons'} is all that keeps {names} from"
                f" sharing an environment{other}"
            )
        case OldPython(newest, reasons):
            first, places = reasons[0], _listed(str(it.location) for it in reasons)
            return f"{_rule(first)} keeps {places} from Python {format_minor(newest)}"
        case OldLock(one, newest, packages):
            names = _listed(script.name for script in one.scripts)
            why = _listed(f"{package_label(it)} needs python {limit}" for it, limit in packages)
            cure = "" if why else f"; `condavision lock --upgrade {_typed(one)}` may change that"
            return (
                f"{names} could run on Python {format_minor(newest)}, but the lock {one.hash} has"
                f" {one.python}{f': {why}' if why else cure}"
            )
        case CostsMost(cost):
            places = _listed(map(str, cost.places))
            others = len(cost.only) - 1
            brings = f", with {others} more that nothing else needs" if others else ""
            size = size_words(cost.size)
            return f"{cost.package.name} costs most{brings}: {size}, required at {places}"


def _typed(one: RequirementSet) -> str:
    return typed(one.scripts[0].target)


def _reasons(reasons: Iterable[PythonReason]) -> str:
    return _listed(f"{_rule(it)} at {it.location}" for it in reasons)


def _rule(reason: PythonReason) -> str:
    """Return a rule and the Pythons it admits, unless it says them itself."""
    if reason.rule.startswith("requires-python ") or "(Python " in reason.rule:
        return reason.rule
    return f"{reason.rule} ({shortest(reason.pythons)})"


def _listed(words: Iterable[str]) -> str:
    """Return the first words of a list, and how many more there are."""
    found = list(dict.fromkeys(words))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more}"
