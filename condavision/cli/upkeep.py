"""The commands that maintain what is installed."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from condavision.cli import options
from condavision.cli.command import command

if TYPE_CHECKING:
    from collections.abc import Iterable


@command("list")
@options.json_option()
def list_(as_json: bool) -> None:
    """List the environments in the cache: size, last use, scripts, and what `--with` added.

    The size includes files that are shared with fetched packages and other environments.
    """
    from condavision.cli.environment_output import print_environments
    from condavision.cli.json_output import environment_json
    from condavision.cli.output import print_json
    from condavision.environments.inventory import list_environments
    from condavision.inference.workspace import Workspace
    from condavision.system.cache_dir import home

    environments = list_environments(home())
    if as_json:
        print_json([environment_json(one) for one in environments])
    else:
        print_environments(environments, Workspace())


@command()
@click.argument("names", nargs=-1, metavar="[SCRIPT|ENVIRONMENT|HASH...]")
@click.option("--all", "everything", is_flag=True, help="Remove every environment.")
@click.option(
    *("--unused-for", "days"),
    type=click.FloatRange(min=0),
    metavar="DAYS",
    help="Remove those not used for this many days.",
)
@click.option(
    *("--keep", "megabytes"),
    type=click.FloatRange(min=0),
    metavar="MB",
    help="Remove the least recently used until the rest takes at most MB.",
)
@click.option("--unreferenced", is_flag=True, help="Remove those whose scripts were all deleted.")
@click.option("--caches", is_flag=True, help="Remove fetched packages and bytecode.")
@click.option("--force", is_flag=True, help="Also remove environments in use by a process.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed; remove nothing.")
@options.json_option()
def clean(force: bool, dry_run: bool, as_json: bool, **selected: Any) -> None:
    """Remove environments from the cache, by script, name, age or size.

    The next run that needs a removed environment installs it again from its lock. One in use by a
    process is kept. What is freed does not include files that are shared with other environments
    or with fetched packages, which `--caches` removes.
    """
    from condavision.cli.environment_output import print_cleaned, removed_words
    from condavision.cli.json_output import cleaned_json
    from condavision.cli.output import print_json
    from condavision.environments.clean import CleanCriteria
    from condavision.environments.clean import clean as remove
    from condavision.system.cache_dir import home

    criteria = CleanCriteria(**selected, locked=_locked(selected["names"]))
    if criteria.everything and not dry_run and sys.stdin.isatty() and sys.stderr.isatty():
        planned = remove(home(), criteria, dry_run=True, force=force)
        if planned.removed:
            whose = "of every project of this user"
            click.confirm(f"Remove {removed_words(planned)}, {whose}?", abort=True, err=True)
    cleaned = remove(home(), criteria, dry_run=dry_run, force=force)
    if as_json:
        print_json(cleaned_json(cleaned))
    else:
        print_cleaned(cleaned, dry_run=dry_run)


def _locked(names: Iterable[str]) -> dict[str, str]:
    """Return the requirement hashes of those names that are scripts with a lock."""
    from condavision.errors import CondavisionError
    from condavision.inference.lock_lookup import find_lock
    from condavision.inference.workspace import Workspace

    workspace, found = Workspace(), {}
    for name in names:
        if Path(name).exists():
            with suppress(CondavisionError):
                found[name] = find_lock(name, workspace).hash
    return found


@command()
@click.option("--offline", is_flag=True, help="Skip the channels and the package index.")
@click.option("--deep", is_flag=True, help="Check the digest of every installed file.")
@options.json_option()
def doctor(offline: bool, deep: bool, as_json: bool) -> int:
    """Report problems with the installation or the project, with fixes.

    Checks installation, cache, environments, configuration, locks, front ends and channels. The
    exit code is 1 if something is broken, and 0 if there are only warnings.
    """
    from condavision.cli.inspection_output import print_findings
    from condavision.cli.json_output import finding_json
    from condavision.cli.output import print_json
    from condavision.inspection.doctor import examine
    from condavision.inspection.doctor.finding import State
    from condavision.system.cache_dir import home

    findings = tuple(examine(Path.cwd(), home(), offline=offline, deep=deep))
    if as_json:
        print_json([finding_json(finding) for finding in findings])
    else:
        print_findings(findings)
    return int(any(finding.state is State.BROKEN for finding in findings))
