"""The sentences about what a source declares, and about what contradicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.model import IgnoredReason
from condavision.core.pythons import format_minor, shortest
from condavision.inference import diagnostics
from condavision.project.targets import near
from condavision.system.progress import few

if TYPE_CHECKING:
    from condavision.errors import Diagnostic

_SHOWN_PLACES = 3
_IGNORED = {
    IgnoredReason.SETTING: "has no effect on what is locked",
    IgnoredReason.UNKNOWN: "is not a field of the block, and is ignored",
    IgnoredReason.UNCLOSED: "begins a block without an end (`# ///`), so nothing in it is declared",
    IgnoredReason.MISSPELT: "does not begin a block: write `# /// script`",
}


def source_words(found: Diagnostic) -> str | None:
    """Return what is likely a mistake in a source; None for other diagnostics."""
    match found:
        case diagnostics.IgnoredDeclaration(declared):
            return f"{declared.location}: `{declared.text}` {_IGNORED[declared.reason]}"
        case diagnostics.ContradictedReason(reason, pythons):
            return (
                f"{reason.location}: {reason.rule} contradicts the code, which runs on Python"
                f" {pythons}; the code decides"
            )
        case diagnostics.HeldBack(reasons, pythons, floor, count, command):
            places = few([f"{it.location} ({it.rule})" for it in reasons], _SHOWN_PLACES)
            one = len(reasons) == 1
            cure = f"to lock {'it' if one else 'them'} apart, run `{command}`"
            return (
                f"{places} take{'s' if one else ''} all {count} scripts to Python"
                f" {shortest(pythons)}, and so to old packages;"
                f" {cure if command else f'for >={format_minor(floor)}, change that'}"
            )
        case diagnostics.NotDeclared(location, call, package):
            return (
                f"{location}: {call} needs {package}, which is not among the declared dependencies:"
                " if the call is made, declare it"
            )
        case diagnostics.ShadowsItself(location, module, file):
            return (
                f"{location}: `import {module}` finds {file} itself, not a package of that name:"
                " to import the package, rename the file"
            )
        case diagnostics.MisspeltModule(location, meant):
            return f"{location}: this import fails: did you mean `{meant.name}`, at {meant.file}?"
        case diagnostics.ExcludedLocks(keys, settings):
            one = len(keys) == 1
            return (
                f"not checked: {few(keys, _SHOWN_PLACES)}, which {'has' if one else 'have'} a lock,"
                f" but `exclude` in {near(settings)} names {'it' if one else 'them'}; to forget"
                f" {'it' if one else 'them'}, run `condavision lock --prune`"
            )
        case diagnostics.UnlockedPrograms(locations, command, settings):
            one = len(locations) == 1
            what = "a module of a package" if one else f"{len(locations)} modules of packages"
            return (
                f"not locked: {what} that look{'s' if one else ''} like"
                f" {'a program' if one else 'programs'}: {few(locations, _SHOWN_PLACES)}; to lock"
                f" {'it' if one else 'the first'}, run `{command}`; to leave it out, set"
                f" {settings.adding('exclude', locations[0].file)}"
            )
    return None
