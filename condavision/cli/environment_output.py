"""The tables of environments: what was installed, is there, and was removed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from condavision.cli.json_output import iso_time
from condavision.cli.naming import short_names
from condavision.cli.output import note, print_counts, say
from condavision.cli.statuses import installed_status
from condavision.cli.tables import print_table
from condavision.cli.wording import bytes_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from condavision.environments.clean import Cleaned
    from condavision.environments.inventory import InstalledEnvironment
    from condavision.exec_stage.stage import InstallReport


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
    count = len(cleaned.removed)
    what = "1 environment" if count == 1 else f"{count:,} environments"
    return f"{what} ({bytes_words(sum(it.freed for it in cleaned.removed))})"


def print_cleaned(cleaned: Cleaned, *, dry_run: bool) -> None:
    """Write what was removed, or would be, and what was kept because it is in use."""
    removed = "would remove" if dry_run else "removed"
    if cleaned.removed:
        headings = (removed, "python", "size", "last used")
        print_table(headings, [it[:4] for it in environment_rows(cleaned.removed)])
        note(f"{removed} {removed_words(cleaned)}")
    if cleaned.caches:
        say(f"{removed} caches of {cleaned.caches / 1e6:.1f} MB")
    for prefix, user in cleaned.kept.items():
        say(f"kept {prefix.name}: used by {user}; --force removes it")
    if not (cleaned.removed or cleaned.caches or cleaned.kept):
        say("nothing to remove")
