"""Results as short tables on standard output, errors and cautions on standard error."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from condavision.analysis.analyze import contradiction
from condavision.cli.filling import filled
from condavision.cli.import_wording import lessons_of
from condavision.cli.json_output import (
    declared_json,
    finding_json,
    import_json,
    installed_status,
    iso_time,
    lock_status,
    shown_platform,
)
from condavision.cli.naming import short_names
from condavision.cli.parameter_output import parameter_rows, unread_lines
from condavision.cli.tables import console, print_table
from condavision.cli.wording import (
    PROVED,
    bytes_words,
    diagnostic_words,
    error_words,
    hints_of,
    notes_of,
    record_words,
)
from condavision.core.evidence import ProofLevel
from condavision.core.model import Manager
from condavision.core.pythons import shortest
from condavision.core.specs import wanted_on
from condavision.errors import MissingLockError
from condavision.locks.diff import diff_rows
from condavision.project.targets import near
from condavision.system.secrets import redacted
from condavision.system.terminal import json_safe, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from condavision.analysis.parameters.interface import Interface
    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.recording import LockedScript, LockingReport
    from condavision.core.model import Lock
    from condavision.environments.clean import Cleaned
    from condavision.environments.inventory import InstalledEnvironment
    from condavision.errors import CondavisionError, Diagnostic
    from condavision.exec_stage.stage import InstallReport
    from condavision.inference.infer import Inference
    from condavision.inspection.check import Checked, CheckReport
    from condavision.inspection.doctor.finding import Finding
    from condavision.inspection.explain import Explanation
    from condavision.project.project import Project
    from condavision.project.targets import Target

SCHEMA = 2
"""The version of the JSON documents: raised when a field changes its meaning or is removed."""

_SHOWN_UNREAD = 5
_SHOWN_TARGETS = 5
_COUNTED = (
    *("to write", "new", "changed", "installed", "proved", "unchanged", "reused", "failed"),
    *("ok", "missing", "stale", "unreadable", "error"),
)
"""What is counted below a table, in the order of the counts."""


def print_json(document: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Write an object, or a list of objects, to standard output; each has its ``schema``.

    Names that are not valid text are written with JSON escapes.
    """
    text = json_text(document)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=2)
    sys.stdout.write(text + "\n")


def json_text(document: dict[str, Any] | list[dict[str, Any]]) -> str:
    """Return a document as text; what is not valid text has JSON escapes."""
    objects = [document] if isinstance(document, dict) else document
    found = [{"schema": SCHEMA, **_without_secrets(it)} for it in objects]
    versioned = found[0] if isinstance(document, dict) else found
    return json_safe(json.dumps(versioned, indent=2, ensure_ascii=False))


def _without_secrets(value: Any) -> Any:
    """Return a document with every string in it redacted."""
    if isinstance(value, dict):
        return {key: _without_secrets(it) for key, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_secrets(it) for it in value]
    return redacted(value) if isinstance(value, str) else value


def say(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{shown(text)}\n")


def note(text: str) -> None:
    """Write a line to standard error, below what was written to standard output."""
    sys.stdout.flush()
    sys.stderr.write(f"{shown(text)}\n")


def wrote(*paths: Path) -> None:
    """Write to standard error which files were written, and their sizes."""
    for path in paths:
        note(f"wrote {near(path)} ({bytes_words(path.stat().st_size)})")


def print_failures(failed: Iterable[tuple[str | Target, CondavisionError]]) -> None:
    """Write each error once, with its targets unless the message has them already."""
    failed = tuple(failed)
    never = [it for it in failed if isinstance(it[1], MissingLockError) and it[1].never_locked]
    if len(never) > 1:
        _print_never_locked(never)
        failed = tuple(it for it in failed if it not in never)
    alike: dict[tuple[str, object], list[tuple[str | Target, CondavisionError]]] = {}
    for target, error in failed:
        same = error_words(error), (error.hints, error.diagnostics)
        alike.setdefault(same, []).append((target, error))
    for (words, _), found in alike.items():
        targets, error = [target for target, _ in found], found[0][1]
        prefix = "" if error.names_target else f"{', '.join(map(str, targets))}: "
        _print_error(f"{prefix}{words}", hints_of(error, *targets))


def _print_never_locked(found: Sequence[tuple[str | Target, CondavisionError]]) -> None:
    targets = [target for target, _ in found]
    shown = ", ".join(map(str, targets[:_SHOWN_TARGETS]))
    more = f" and {len(targets) - _SHOWN_TARGETS} more" if len(targets) > _SHOWN_TARGETS else ""
    hints = filled(("run `condavision lock SCRIPT`",), targets)
    diagnostics = dict.fromkeys(it for _, error in found for it in error.diagnostics)
    _print_error(f"{shown}{more} have no locks", (*hints, *map(diagnostic_words, diagnostics)))


def print_error(error: CondavisionError) -> None:
    """Write an error and its hints to standard error."""
    _print_error(error_words(error), hints_of(error))


def _print_error(words: str, hints: Iterable[str]) -> None:
    from rich.text import Text

    terminal = console(stderr=True)
    terminal.print(Text.assemble(("error: ", "bold red"), shown(words)))
    for hint in hints:
        terminal.print(Text.assemble(("  hint: ", "bold"), shown(hint)))


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Write each diagnostic once to standard error."""
    for found in dict.fromkeys(diagnostics):
        note(f"caution: {diagnostic_words(found)}")


def print_explanation(explanation: Explanation) -> None:
    """Write what ``explain`` found: the Python range, the imports, each with reasons, the hash."""
    inference, lock = explanation.inference, explanation.lock
    say(f"{_python_line(inference)}")
    for reason in inference.analysis.reasons:
        say(f"  {reason.pythons}  {reason.rule}  ({reason.location})")
    unread = inference.analysis.unread
    for region in unread[:_SHOWN_UNREAD]:
        say(f"  not read: {region.location} to line {region.last_line}")
    if len(unread) > _SHOWN_UNREAD:
        say(f"  and {len(unread) - _SHOWN_UNREAD} more places (--json lists all)")
    lines = [*map(import_json, explanation.imports), *map(declared_json, explanation.declared)]
    if lines:
        say("")
        print_table(
            ("import", "where", "kind", "package", "spec", "locked", "why"),
            [_import_row(line) for line in lines],
        )
    if explanation.interface is not None:
        _print_parameters(explanation.interface)
    state = "locked" if lock else "not locked"
    if lock and explanation.together:
        state = f"locked together with {explanation.together} as {lock.hash}"
    say(f"\nrequirement hash {inference.hash} ({state})")
    print_diagnostics(explanation.diagnostics)


def _print_parameters(interface: Interface) -> None:
    rows = list(parameter_rows(interface))
    if rows:
        say(f"\nparameters ({interface.framework})")
        print_table(("parameter", "values", "default", "where", "help"), rows)
    for line in unread_lines(interface):
        say(line)


def _python_line(inference: Inference) -> str:
    inferred, required = inference.analysis.python, inference.requirements.python
    if not inferred:
        return f"no Python runs it: {contradiction(inference.analysis)}"
    raised = "" if required == inferred else f", solving for {shortest(required)} (python-floor)"
    return f"python {shortest(inferred)}{raised}"


def _import_row(line: dict[str, Any]) -> tuple[str, ...]:
    package = line["pypi"] or line["conda"] or line["origin"]
    if line["extras"]:
        package = f"{package}[{','.join(line['extras'])}]"
    if line["pypi"] and line["conda"] and line["conda"] != line["pypi"]:
        package = f"{package} (conda: {line['conda']})"
    place = f"{line['file']}:{line['line']}"
    spec, locked = line["spec"] or "", line["locked"] or ""
    return (line["name"], place, line["kind"], package, spec, locked, line["why"])


def environment_rows(environments: Iterable[InstalledEnvironment]) -> list[tuple[str, ...]]:
    """Return the rows of ``list``'s table."""
    environments = tuple(environments)
    names = short_names(script for it in environments for script in it.scripts)
    return [_environment_row(it, names) for it in environments]


def _environment_row(
    environment: InstalledEnvironment, names: Mapping[str, str]
) -> tuple[str, ...]:
    return (
        environment.key,
        environment.python if environment.ready else environment.state,
        f"{environment.size / 1e6:.1f} MB",
        iso_time(environment.used),
        ", ".join(names[script] for script in environment.scripts),
        str(environment.prefix),
    )


def print_changes(scripts: Mapping[str, LockedScript]) -> None:
    """Write the changes of each new lock against the one before, once, and all cautions.

    ``scripts`` have the names that they have in the table.
    """
    shown: set[str] = set()
    for name, locked in scripts.items():
        if locked.lock.hash in shown:
            continue
        shown.add(locked.lock.hash)
        if locked.changes:
            say(f"\nchanges of {name}:")
            headings = ("package", "before", "after", "platforms")
            print_table(headings, diff_rows(locked.changes))
        record = locked.lock.record
        proved = [PROVED] if record.proof is ProofLevel.IMPORTS else []
        learned = lessons_of(locked.inference)
        for text in (*learned, *proved, *record_words(record)) if locked.written else ():
            say(f"{locked.lock.hash}: {text}")
    print_diagnostics(found for locked in scripts.values() for found in locked.diagnostics)


def print_projects(projects: Iterable[Project | None]) -> None:
    """Write which configuration, channels and locks are used where, if that is not one project."""
    configs = {it.config.root: it.config for it in projects if it}
    for root, config in configs.items() if len(configs) > 1 else ():
        source = str(near(config.source)) if config.source else "no configuration"
        if config.source or config.flag_channels:  # else each script has what it was locked with
            source += f", channels {', '.join(config.channels_for(()))}"
        note(f"{near(root)}: {source}, locks in {near(config.locks)}")


def print_count(report: LockingReport) -> None:
    """Write how many scripts of several were locked anew, kept their locks, and failed."""
    counts = Counter(_count_word(it, dry_run=report.dry_run) for it in report.locked)
    print_counts({**counts, "failed": len(report.failed)})


def _count_word(locked: LockedScript, *, dry_run: bool) -> str:
    if not locked.written:
        return "reused"
    if locked.changes and not dry_run:
        return "changed"
    if locked.kept:
        return "proved" if locked.lock.record.proof is ProofLevel.IMPORTS else "unchanged"
    return "to write" if dry_run else "new"


def print_counts(counts: Mapping[str, int]) -> None:
    """Write how many of several scripts there are of each kind."""
    total = sum(counts.values())
    if total > 1:
        found = (it for it in _COUNTED if counts.get(it))
        text = ", ".join(f"{counts[it]} {it}" for it in found)
        note(f"{total} scripts: {text}")


def print_installed(report: InstallReport) -> None:
    """Write where the environment of each script is, or its launcher, and whether it is new."""
    rows = [
        (str(it.name), str(it.launcher or it.environment.prefix), installed_status(it))
        for it in report.installed
    ]
    if rows:
        launched = any(it.launcher for it in report.installed)
        print_table(("script", "launcher" if launched else "environment", ""), rows)


def print_install_count(report: InstallReport) -> None:
    """Write how many environments of several scripts were installed, reused, and failed."""
    counts = Counter(str(installed_status(it)) for it in report.installed)
    print_counts({**counts, "failed": len(report.failed)})


def print_unkept(scripts: Iterable[LockedScript], agreement: Agreement | None) -> None:
    """Write which agreed versions could not be kept, once for each lock."""
    if agreement is None:
        return
    unkept = {locked.lock.hash: agreement.unkept(locked.lock) for locked in scripts}
    for name, found in unkept.items():
        if found:
            say(f"\nnot kept in {name}:")
            headings = ("package", "agreed", "locked", "platforms")
            print_table(headings, [one.row() for one in found])


def summary(locked: LockedScript, platform: str, *, dry_run: bool = False) -> tuple[str, ...]:
    """Return what ``lock``'s table has of a lock: Python, packages, hash, written or reused."""
    shown = shown_platform(locked.lock, platform)
    packages = locked.lock.on(shown)
    names = {
        needed.name if needed.manager is Manager.PYPI else needed.conda or needed.name
        for needed in locked.requirements.requirements
        if wanted_on(needed, shown)
    }
    others = sum(package.name != "python" for package in packages)
    listed = ", ".join(sorted(names)) or "none"
    return (
        f"{_pythons(locked.lock, shown)} ({shortest(locked.requirements.python)})",
        listed if others <= len(names) else f"{listed} ({others} in all)",
        locked.lock.hash,
        lock_status(locked, dry_run=dry_run),
    )


def _pythons(lock: Lock, shown: str) -> str:
    """Return the locked Python of a platform, and those of platforms with another minor version."""
    version = {
        platform: package.version
        for platform in lock.platforms
        for package in lock.on(platform)
        if package.name == "python"
    }
    here = version.get(shown, "")
    minor = {platform: it.split(".")[:2] for platform, it in version.items()}
    differing = sorted(it for it in minor if minor[it] != minor.get(shown))
    return ", ".join([here, *(f"{version[it]} on {it}" for it in differing)])


def print_check_count(report: CheckReport) -> None:
    """Write how many of several scripts have which state."""
    print_counts(Counter(str(checked.state) for checked in report.checked))


def checked_row(name: str, checked: Checked) -> tuple[str, ...]:
    """Return the row of ``check``'s table."""
    notes = "; ".join(notes_of(checked)).replace("\n", "; ")
    return (name, checked.hash, checked.state, notes)


def print_cleaned(cleaned: Cleaned, *, dry_run: bool) -> None:
    """Write what was removed, or would be, and what was kept because it is in use."""
    removed = "would remove" if dry_run else "removed"
    if cleaned.removed:
        headings = (removed, "python", "size", "last used")
        print_table(headings, [it[:4] for it in environment_rows(cleaned.removed)])
    if cleaned.caches:
        say(f"{removed} caches of {cleaned.caches / 1e6:.1f} MB")
    for prefix, user in cleaned.kept.items():
        say(f"kept {prefix.name}: used by {user}; --force removes it")
    if not (cleaned.removed or cleaned.caches or cleaned.kept):
        say("nothing to remove")


def print_findings(findings: Iterable[Finding]) -> None:
    """Write the doctor's table."""
    keys = ("what", "area", "state", "found", "fix")
    rows = ({**finding_json(it), "state": it.state} for it in findings)
    print_table(keys, [tuple(row[key] for key in keys) for row in rows])
