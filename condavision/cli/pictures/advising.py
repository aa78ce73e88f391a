"""The sentences of advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.cli.wording import package_label, size_words
from condavision.inspection.advice import Advice, CostsMost, OldPackage, OldPython, WouldShare

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.core.model import PythonReason

_SHOWN = 3


def advice_words(found: Advice) -> str:
    """Return what a person could change, and what for."""
    match found:
        case WouldShare(sets, common, reasons):
            names = _listed(script.name for one in sets for script in one.scripts)
            why = f": {_places(reasons)}" if reasons else ""
            other = f'; or declare `requires-python = "{common}"` in each' if common else ""
            return (
                f"{names} require the same packages and would share an environment if all ran on"
                f" the same Pythons{why}{other}"
            )
        case OldPython(script, python, reasons):
            return f"{script.name} runs on Python {python} only: {_places(reasons)}"
        case OldPackage(one, package, constraint):
            names = _listed(script.name for script in one.scripts)
            return (
                f"{names}: {package_label(package)} needs python {constraint}, so the lock"
                f" {one.hash} has Python {one.python}"
            )
        case CostsMost(cost):
            places = _listed(map(str, cost.places))
            others = len(cost.only) - 1
            brings = f", with {others} more that nothing else needs" if others else ""
            size = size_words(cost.size)
            return f"{cost.package.name} costs most{brings}: {size}, required at {places}"


def _places(reasons: Iterable[PythonReason]) -> str:
    return _listed(f"{it.location}: {it.rule} ({it.pythons})" for it in reasons)


def _listed(words: Iterable[str]) -> str:
    """Return the first words of a list, and how many more there are."""
    found = list(dict.fromkeys(words))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more}"
