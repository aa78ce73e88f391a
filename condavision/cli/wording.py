"""The sentences a person reads: one function for each kind of value."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.script_search import SkippedFile, SkipReason
from condavision.cli.filling import command_path, filled
from condavision.cli.source_wording import source_words
from condavision.core.evidence import ProofLevel, Unproved
from condavision.core.model import Manager
from condavision.core.pythons import format_minor
from condavision.errors import CondavisionError, MissingLockError, StaleLockError, UsageError
from condavision.export.share import OnlyInComments
from condavision.inference import diagnostics, staleness
from condavision.locks.record import spell_changes, spell_pairs, spell_shared
from condavision.project.targets import near
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from condavision.core.model import LockedPackage, LockRecord
    from condavision.errors import Diagnostic
    from condavision.inspection.check import Checked
    from condavision.inspection.overview import Size
    from condavision.project.targets import Target

_SHOWN_SOURCES = 3
_UNITS = ((10**9, 1, "GB"), (10**6, 1, "MB"), (1000, 0, "kB"), (1, 0, "bytes"))
_DEFAULTS = "conda-lock's defaults"
PROVED = "proved: imports run"

_SKIPPED = {
    SkipReason.EMPTY: "empty file",
    SkipReason.BROKEN_LINK: "broken symlink",
    SkipReason.UNREADABLE: "{}",
    SkipReason.UNLISTED: "cannot be listed: {}",
    SkipReason.OTHER_PROJECT: "a project of its own, which has its own locks",
}


def diagnostic_words(found: Diagnostic) -> str:
    """Return what is likely a mistake, and how to fix it."""
    match found:
        case SkippedFile(path, reason, detail):
            return f"{path} skipped: {_SKIPPED[reason].format(detail)}"
        case diagnostics.UnreadFile(location):
            return f"{location}: not read as Python; what it imports may be missing from the lock"
        case diagnostics.SeparateProjects(roots):
            where = ", ".join(str(near(root / "locks")) for root in roots)
            around = shell_word(near(Path(os.path.commonpath(roots) or ".")))
            return (
                f"each folder gets its own locks, since nothing joins them: {where};"
                " for one folder of locks, write a condavision.toml above them, or lock"
                f" the folder around them: run `condavision lock {around}`"
            )
        case diagnostics.FailingImport(location, importer, place, package, lacking, rule, target):
            why = rule or f"{' or '.join(lacking)} is not installed"
            return (
                f"{location}: `import {importer}` fails at {place} ({package}): {why};"
                f" to lock what it needs, run `condavision lock --prove {target}`"
            )
        case diagnostics.MissingSearchPath(settings, path):
            return f"{near(settings)}: `paths` has {near(path)}, which is not a folder"
        case diagnostics.RelativeImport(location, module, folder):
            where = "" if folder == Path.cwd() else f" in {near(folder)}"
            return (
                f"{location}: this relative import fails when the script is run by its path"
                f"{f': use -m {module}{where}' if module else ''}"
            )
        case diagnostics.OutsideSearchPath(location, module, folder, settings):
            return (
                f"{location}: Python will not find `{module}`, which is in {folder}:"
                f" set {settings.adding('paths', folder)}, or add it to PYTHONPATH"
            )
        case diagnostics.AbsentPart(location, module, namespace):
            folder, part = namespace.replace(".", "/"), module.removeprefix(f"{namespace}.")
            return (
                f"{location}: {folder}/ has no `{part}`, though other parts of it are imported;"
                f" a package `{namespace}` would hide those: add the missing part, or the folder"
                " that it is in to `paths`"
            )
        case diagnostics.CandidateName(location, module, distribution, accepted):
            candidate = f"{location}: nobody has reviewed that `{module}` is {distribution} on PyPI"
            if accepted:
                return f"{candidate}; it was accepted"
            return f"{candidate}: to accept it, lock with --accept {distribution}"
        case diagnostics.UntrustedConfiguration(folder, distrust):
            cures = "; ".join(distrust.cures)
            return (
                f"the configuration and locks in {near(folder)} are ignored, because"
                f" {distrust.reason}; to use them, {cures}"
            )
        case _:
            return source_words(found) or _lock_words(found) or _file_words(found)


def _lock_words(found: Diagnostic) -> str:
    """Return what a person may not expect of a lock, empty if it is about something else."""
    match found:
        case diagnostics.UnusedLocks(folder, settings):
            return (
                f"{near(settings)} configures the scripts in {near(folder.parent)}, so the locks in"
                f" {near(folder)} are not used; if you do not need them, run"
                f" `rm -r {shell_word(near(folder))}`"
            )
        case diagnostics.LocksOfOneMachine(path, configured):
            subject = "the channel `interpreters:`, whose locks" if configured else "locks that"
            cure = "take that channel out and lock again" if configured else "use a conda channel"
            return (
                f"{near(path)} has {subject} are for this machine only and not committed, so CI"
                f" will find none; for CI, {cure}"
            )
        case diagnostics.LocksOfEachMachine(settings):
            return (
                f"{near(settings)} has the channel `interpreters:`, whose locks are not committed:"
                " each machine makes its own"
            )
        case diagnostics.NearerLocks(used, hidden):
            settings = near(hidden.parent / "condavision.toml")
            return (
                f"{near(used)} is used, which is nearer to the script than {near(hidden)} with"
                f" another lock for it; to have one folder of locks, write {settings}"
            )
        case diagnostics.OvershadowedLock(key, index):
            return (
                f"{key}: {near(index)} has another lock for it, which `run` uses as long as it"
                " fits; to use this one, lock and run with --locks OTHER-FOLDER"
            )
        case diagnostics.SharedLockChanged(name, keys, others):
            have = "have" if len(others) > 1 else "has"
            return (
                f"{name} is also the lock of {', '.join(others)}, which now {have} these versions"
                f" too; for a lock of its own, declare `requires-python` or versions in"
                f" {' and '.join(keys)}"
            )
        case diagnostics.Prerelease(name, version, platforms):
            return (
                f"{name} {version} for {', '.join(platforms)} is a pre-release: no Python in the"
                " range has a final release that meets the requirements"
            )
        case diagnostics.BelowFloor(key, floor, pythons):
            return (
                f"{key}: no packages for Python >={format_minor(floor)} (`python-floor`) meet its"
                f" requirements, so an older Python is used: {', '.join(pythons)}"
            )
    return ""


def _file_words(found: Diagnostic) -> str:
    """Return what a person may not expect of a command, or of files that were written."""
    match found:
        case diagnostics.FormerInterpreter(settings, key, command):
            return (
                f"{near(settings)} has the interpreter of the lock that {key} had; for the new"
                f" one, run `{command}`"
            )
        case diagnostics.OnNoIndex(paths):
            return (
                f"{', '.join(map(str, paths))}: no index has condavision yet, so replace `pip"
                " install condavision` by what installs it there, such as"
                " `pip install git+https://HOST/condavision`"
            )
        case diagnostics.NotIncluded(path, check):
            return f"{path}: it is yours and stays as it is; include the check: local: {check}"
        case OnlyInComments(names):
            return (
                f"{', '.join(names)}: from PyPI, so in comments that only `conda-lock install`"
                " reads; for conda and mamba, use --format environment"
            )
    raise TypeError(f"no words for {found!r}")


def package_label(package: LockedPackage) -> str:
    """Return a package's name and version, and whether it is from PyPI."""
    where = " (PyPI)" if package.manager is Manager.PYPI else ""
    return f"{package.name} {package.version}{where}"


def size_words(size: Size) -> str:
    """Return a size of downloads: ``12.3 MB, 2 of unknown size``."""
    if size.unknown == size.count:
        return "size unknown" if size.count else "nothing"
    known = bytes_words(size.bytes)
    return f"{known}, {size.unknown} of unknown size" if size.unknown else known


def bytes_words(count: int) -> str:
    """Return a number of bytes: ``12.3 MB``."""
    unit, digits, name = next((it for it in _UNITS if count >= it[0]), _UNITS[-1])
    return f"{count / unit:.{digits}f} {name}"


def hints_of(error: CondavisionError, *targets: str | Target) -> tuple[str, ...]:
    """Return what to do about an error, and what may have caused it.

    ``targets`` are those it is about, by default those of the command.
    """
    hints = (*error.hints, *map(diagnostic_words, error.diagnostics))
    if type(error) is UsageError and not hints:
        return (f"see `{command_path()} --help`",)
    return filled(hints, targets)


def notes_of(checked: Checked) -> tuple[str, ...]:
    """Return why a lock does not fit; of one that does, what a person should review."""
    match checked.error:
        case None:
            pass
        case MissingLockError(never_locked=True):  # as the state is
            return hints_of(checked.error)
        case MissingLockError(obstacle=CondavisionError() as obstacle):
            return (obstacle.message, *hints_of(obstacle)[:1])
        case StaleLockError(reasons=reasons) if reasons:
            return (stale_words(reasons), *hints_of(checked.error))
        case error:
            return (error_words(error), *hints_of(error))
    if checked.reasons:
        return (*map(stale_words, zip(checked.reasons, strict=True)), f"run `{checked.command}`")
    today = stale_words(checked.inferred_differently)
    return (
        *((f"would be inferred differently today: {today}",) if today else ()),
        *((PROVED,) if checked.proof is ProofLevel.IMPORTS else ()),
        *record_words(checked.record),
        *map(diagnostic_words, checked.diagnostics),
    )


def error_words(error: CondavisionError) -> str:
    """Return the message of an error, with the reasons if a lock is stale."""
    if not isinstance(error, StaleLockError):
        return error.message
    return f"{error.message}: {stale_words(error.reasons) or 'its requirements changed'}"


def stale_words(reasons: Iterable[object]) -> str:
    """Return why a lock no longer fits; empty if there is no reason."""
    return "; ".join(map(_stale, reasons))


def _stale(reason: object) -> str:
    match reason:
        case staleness.PythonChanged(before, after):
            return f"python {before} is now {after}"
        case staleness.ChannelsChanged(before, after):
            return f"channels {', '.join(before)} is now {', '.join(after)}"
        case staleness.RequirementAdded(label, sources):
            places = ", ".join(map(str, sources[:_SHOWN_SOURCES]))
            return f"added {label} ({places})" if places else f"added {label}"
        case staleness.OverrideRemoved(module, sources):
            places = ", ".join(map(str, sources[:_SHOWN_SOURCES]))
            return f"[imports] no longer has {module} ({places})"
        case staleness.RequirementRemoved(label):
            return f"removed {label}"
        case staleness.NotLockedFor(platforms):
            return f"not locked for {', '.join(platforms)}"
        case staleness.CutoffMoved(recorded, asked):
            made = f"up to {_instant(recorded)}" if recorded else "of any date"
            return f"solved with packages {made}, now limited to {_instant(asked)}"
        case staleness.VirtualPackagesChanged(recorded, asked):
            before, after = (spell_changes(it) or _DEFAULTS for it in (recorded, asked))
            return f"virtual packages {before} are now {after}"
        case staleness.EngineChanged(asked):
            return f"not solved by {asked}"
    raise TypeError(f"no words for {reason!r}")


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def record_words(record: LockRecord) -> tuple[str, ...]:
    """Return what in a lock a person decided or the map did not verify; ``check`` repeats it."""
    found = {
        "unverified identity": spell_pairs(record.unverified),
        "modules that both conda and PyPI supply": spell_shared(record.shared_modules),
        "source distributions, which run code when installed": "true" * record.allows_sdists,
        "not proved": _unproved_words(record),
    }
    return (
        *(_override_words(module, text) for module, text in sorted(record.overrides.items())),
        *(f"{what}: {text}" for what, text in found.items() if text),
    )


def _override_words(module: str, text: str) -> str:
    """Return what a person decided about the package of an import."""
    return f"[imports] says that {module} {f'is in {text}' if text else 'needs no package'}"


_UNPROVED = {
    Unproved.OFFLINE: "offline",
    Unproved.UNREACHABLE: "its server does not answer",
    Unproved.NO_RANGES: "its server sends no parts of files",
    Unproved.SOURCE: "a source distribution",
    Unproved.DAMAGED: "its archive is damaged",
    Unproved.TOO_LARGE: "its archive is too large",
    Unproved.ABSENT: "missing in the declared package",
}


def _unproved_words(record: LockRecord) -> str:
    """Return the imports that no package is known to have, and why: ``a, b (offline)``."""
    modules: dict[Unproved, list[str]] = {}
    for module, why in record.unproved:
        modules.setdefault(why, []).append(module)
    return "; ".join(f"{', '.join(names)} ({_UNPROVED[why]})" for why, names in modules.items())
