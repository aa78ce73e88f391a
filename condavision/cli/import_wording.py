"""The sentences about imports: which package supplies one, why, and what packages have shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.model import ImportKind
from condavision.core.origin import Origin, OriginRule
from condavision.core.pythons import PythonRange
from condavision.mapping.decisions import Choice, DeclaredAt, Learned, Mapped, NamedIn, Overridden

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.core.origin import OriginReason
    from condavision.inference.inference import Inference
    from condavision.mapping.decisions import Resolution
    from condavision.mapping.learned import LearnedNeed

_ORIGINS = {
    OriginRule.BUILTIN: "compiled into Python",
    OriginRule.STDLIB: "standard library",
    OriginRule.BACKPORT: "{} backports it to these Pythons",
    OriginRule.INSTALLED: "neither local nor standard library",
    OriginRule.RELATIVE: "relative import",
    OriginRule.RELATIVE_PARTIAL: "relative import of a missing submodule",
    OriginRule.RELATIVE_MISSING: "relative import of a missing module",
    OriginRule.FILE: "found at {}",
    OriginRule.FOLDERS: "folder {}",
    OriginRule.WRITTEN: "written by a cell of the notebook",
    OriginRule.CYTHON: "built from a Cython source here",
    OriginRule.PARTIAL: "local {} has no such submodule",
    OriginRule.ABSENT_PART: "not in the local {}, whose other parts are imported",
    OriginRule.ITSELF: "Python finds {} itself, not a package of that name:"
    " rename the file to import the package",
}
_NOT_INSTALLED = {
    ImportKind.OPTIONAL: "optional: the script runs without it",
    ImportKind.FALLBACK: "fallback of another import",
    ImportKind.TYPING: "for type checkers only",
    ImportKind.VERSION: "for other Pythons only",
}
_CHOICES = {
    Choice.LISTED: "this one is listed in the project's files",
    Choice.NEEDED: "another import needs this one",
    Choice.USUAL: "this one is the most likely",
}


def resolution_words(found: Resolution) -> str:
    """Return why a module is supplied as it is, and why its package is not installed."""
    imported = found.imported
    if imported.origin is not Origin.PACKAGE:
        return _origin_words(imported.reason)
    reasons = [_decision_words(found)]
    needed_on = f"needed on Python {imported.needed_on}" if imported.needed_on else ""
    if imported.implied_by:
        reasons.insert(0, f"{imported.implied_by} needs it")
    if imported.kind is ImportKind.IMPLIED:
        reasons += [needed_on] if needed_on else []
        reasons += ["left to the declared dependencies"] if found.left_to_declared else []
    elif not found.installed:
        reasons.append(", ".join(filter(None, (_NOT_INSTALLED[imported.kind], needed_on))))
    return "; ".join(reasons)


def _origin_words(reason: OriginReason) -> str:
    text = _ORIGINS[reason.rule].format(reason.subject)
    if reason.within:
        text += f" in {reason.within}/"
    if reason.unsearched is not None:
        text += f", outside Python's search path: {reason.unsearched}"
    if reason.shadows_stdlib:
        text += ", which shadows the standard library's module"
    return text


def _decision_words(found: Resolution) -> str:
    match found.decision:
        case None if found.refused:
            return _origin_words(found.imported.reason)
        case None:
            return "no known package"
        case Overridden(module) if found.requirement is None:
            return f"override: {module} needs no package"
        case Overridden(module):
            return f"override of {module}"
        case DeclaredAt(location):
            return f"declared in {location}"
        case NamedIn(file):
            return f"listed in {file}"
        case Learned(module, absent, present, candidate):
            evidence = "candidate: " if candidate else ""
            return f"{evidence}{learned_words(module, absent, present)}"
        case Mapped(module, date, candidate, others, choice):
            evidence = "candidate: " if candidate else ""
            shared = f"; also in {', '.join(others)}; {_CHOICES[choice]}" if others else ""
            return f"{evidence}map of {date}: {module}{shared}"


def learned_words(module: str, absent: Sequence[str], present: Sequence[str]) -> str:
    """Return which distributions lack a module and which have it: ``moviepy 2.2.1 has no ...``."""
    lacking, having = ", ".join(absent), ", ".join(present)
    if not lacking:
        return f"{having} has {module}"
    name = absent[0].partition(" ")[0]
    having = ", ".join(it.removeprefix(f"{name} ") for it in present)
    return f"{lacking} {'have' if len(absent) > 1 else 'has'} no {module}; {having} has"


def lessons_of(inference: Inference) -> tuple[str, ...]:
    """Return what packages have shown about imports, each once."""
    decisions = (it.decision for it in inference.resolutions)
    found = (it for it in decisions if isinstance(it, Learned))
    words = [learned_words(it.module, it.absent, it.present) for it in found]
    return tuple(dict.fromkeys([*words, *map(need_words, inference.needs)]))


def need_words(need: LearnedNeed) -> str:
    """Return what it takes to import a module, and where that is written."""
    where = f"{need.place} ({', '.join(need.read)})"
    if need.rule:
        return f"{where}: {need.rule}: {need.importer} runs on Python {need.pythons}"
    name = f"{need.module}.{need.name}" if need.name else need.module
    pythons = "" if need.pythons == PythonRange() else f" on Python {need.pythons}"
    return f"{where}: {need.importer} imports {name}{pythons}"
