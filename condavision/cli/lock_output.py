"""The table of ``lock``, and what it writes below that."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from condavision.cli.import_wording import lessons_of
from condavision.cli.output import note, print_counts, print_diagnostics, say
from condavision.cli.statuses import lock_status
from condavision.cli.tables import print_table
from condavision.cli.wording import PROVED, record_words
from condavision.core.evidence import ProofLevel
from condavision.core.model import Manager
from condavision.core.pythons import shortest
from condavision.core.specs import wanted_on
from condavision.errors import MissingExtraError
from condavision.inference.inference import applying
from condavision.inference.notebooks import is_notebook
from condavision.locks.diff import diff_rows
from condavision.mapping.import_map import normalized
from condavision.project.targets import near
from condavision.system.progress import few

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from condavision.compile_stage.preferred_versions import Agreement
    from condavision.compile_stage.recording import LockedScript, LockingReport
    from condavision.core.model import Lock
    from condavision.project.project import Project


_SHOWN_NAMES = 8


def print_changes(scripts: Mapping[str, LockedScript]) -> None:
    """Write the changes of each new lock against the one before, once, and all cautions.

    ``scripts`` have the names that they have in the table.
    """
    shown: set[str] = set()
    for name, locked in scripts.items():
        if locked.changes and locked.lock.hash not in shown:
            say(f"\nchanges of {name}:")
            headings = ("package", "before", "after", "platforms")
            print_table(headings, diff_rows(locked.changes))
        shown.add(locked.lock.hash)
        for text in _lock_words(locked) if locked.written else ():
            line = f"{locked.lock.hash}: {text}"
            if line not in shown:
                say(line)
            shown.add(line)
    print_diagnostics(found for locked in scripts.values() for found in locked.diagnostics)


def _lock_words(locked: LockedScript) -> Iterator[str]:
    record = applying(locked.lock.record, locked.inference)
    yield from lessons_of(locked.inference)
    if record.proof is ProofLevel.IMPORTS:
        yield PROVED
    yield from record_words(record)


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
    if counts == {"unchanged": 1} and not report.failed:
        note("no package changed")


def _count_word(locked: LockedScript, *, dry_run: bool) -> str:
    if not locked.written:
        return "reused"
    if locked.changes and not dry_run:
        return "changed"
    if locked.kept:
        return "proved" if locked.lock.record.proof is ProofLevel.IMPORTS else "unchanged"
    return "to write" if dry_run else "new"


def print_kept_python() -> None:
    """Write that the Python of ``--python`` is kept as any locked version is."""
    note(
        "this Python is kept until `lock --upgrade`, or another `--python`; to require it, declare"
        " `requires-python`"
    )


def print_unkept(scripts: Iterable[LockedScript], agreement: Agreement | None) -> None:
    """Write which agreed versions could not be kept, by lock, and which nothing needs."""
    if agreement is None:
        return
    scripts = tuple(scripts)
    unused = agreement.unused(locked.lock for locked in scripts)
    if not agreement.entries:
        note("caution: --from names a file without versions, so there is nothing to keep")
    elif unused:
        note(f"agreed, and needed by nothing here: {few(unused, _SHOWN_NAMES)}")
    unkept = {locked.lock.hash: agreement.unkept(locked.lock) for locked in scripts}
    for name, found in unkept.items():
        if found:
            say(f"\nnot kept in {name}:")
            headings = ("package", "agreed", "locked", "platforms")
            print_table(headings, [one.row() for one in found])


def print_optional(scripts: Iterable[LockedScript]) -> None:
    """Write in one line what new locks lack because their scripts run without it."""
    lacking: dict[str, dict[str, None]] = {}
    for locked in scripts:
        for name in locked.inference.optional_names(locked.lock) if locked.written else ():
            lacking.setdefault(name, {})[locked.inference.project.key] = None
    if lacking:
        shown = [f"{name} ({few([*lacking[name]], 1)})" for name in sorted(lacking)]
        note(
            f"optional imports, not installed: {few(shown, _SHOWN_NAMES)}"
            " (`optional-imports = true` in condavision.toml installs them)"
        )


def print_lacking_extra(scripts: Iterable[LockedScript]) -> None:
    """Write what has to be installed to run new locks of notebooks, if it is not."""
    written = (it.inference.project for it in scripts if it.written)
    notebooks = [it.key for it in written if is_notebook(it.target)]
    if notebooks:
        from condavision.system.extras import Extra, require_extra  # others need no packaging

        try:
            require_extra(Extra.NOTEBOOK)
        except MissingExtraError as error:
            note(f"to run {few(notebooks, 1)}, the extra `notebook` is needed: {error.hints[0]}")


def lock_row(locked: LockedScript, platform: str, *, dry_run: bool) -> tuple[str, ...]:
    """Return what ``lock``'s table has of a lock: Python, packages, hash, written or reused."""
    shown = locked.lock.platform_or_first(platform)
    packages = locked.lock.on(shown)
    names = {
        needed.name if needed.manager is Manager.PYPI else needed.conda or needed.name
        for needed in locked.requirements.requirements
        if wanted_on(needed, shown)
    }
    others = sum(package.name != "python" for package in packages)
    wheels = {it.name for it in packages if it.manager is Manager.PYPI and not locked.lock.is_local}
    marked = [f"{name} (PyPI)" if normalized(name) in wheels else name for name in sorted(names)]
    listed = few(marked, _SHOWN_NAMES) or "none"
    return (
        f"{locked_pythons(locked.lock, platform)} ({shortest(locked.requirements.python)})",
        listed if others <= len(names) else f"{listed} ({others} in all)",
        locked.lock.hash,
        lock_status(locked, dry_run=dry_run),
    )


def locked_pythons(lock: Lock, platform: str) -> str:
    """Return the locked Python of a platform, and those of platforms with another minor version."""
    shown = lock.platform_or_first(platform)
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
