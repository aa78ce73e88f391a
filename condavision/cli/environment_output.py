"""The tables of environments: what was installed, is there, and was removed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from condavision.cli.json_output import iso_time
from condavision.cli.naming import script_names
from condavision.cli.output import note, print_counts, say
from condavision.cli.statuses import installed_status
from condavision.cli.tables import print_table
from condavision.cli.wording import bytes_words
from condavision.system.progress import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from condavision.environments.clean import Cleaned
    from condavision.environments.inventory import InstalledEnvironment
    from condavision.exec_stage.stage import InstallReport
    from condavision.inference.workspace import Workspace


def print_environments(environments: Iterable[InstalledEnvironment], workspace: Workspace) -> None:
    """Write the table of ``list``: what each environment is for, and its size on disk."""
    environments = tuple(environments)
    names = script_names((script for it in environments for script in it.scripts), workspace)
    rows = ((*_row(it, it.size), _users(it, names), str(it.prefix)) for it in environments)
    print_table(("environment", "python", "size", "last used", "scripts", "prefix"), [*rows])


def _row(environment: InstalledEnvironment, size: int) -> tuple[str, ...]:
    return (
        environment.key,
        environment.python if environment.ready else environment.state,
        bytes_words(size),
        iso_time(environment.used),
    )


def _users(environment: InstalledEnvironment, names: Mapping[str, str]) -> str:
    scripts = ", ".join(names[script] for script in environment.scripts)
    return f"{scripts} with {environment.added}".strip() if environment.added else scripts


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


def removed_words(cleaned: Cleaned) -> str:
    """Return how many environments are removed, and what that frees: ``2 environments (5 MB)``."""
    what = counted(len(cleaned.removed), "environment")
    return f"{what} ({bytes_words(sum(it.freed for it in cleaned.removed))})"


def print_cleaned(cleaned: Cleaned, *, dry_run: bool) -> None:
    """Write what was removed, or would be, and what was kept because it is in use."""
    removed = "would remove" if dry_run else "removed"
    if cleaned.removed:
        rows = [_row(it, it.freed) for it in cleaned.removed]
        print_table((removed, "python", "freed", "last used"), rows)
        note(f"{removed} {removed_words(cleaned)}")
    if cleaned.caches:
        say(f"{removed} caches of {cleaned.caches / 1e6:.1f} MB")
    for prefix, user in cleaned.kept.items():
        say(f"kept {prefix.name}: used by {user}; --force removes it")
    if not (cleaned.removed or cleaned.caches or cleaned.kept):
        say("nothing to remove")
