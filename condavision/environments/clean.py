"""``clean``: selects environments and removes them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.scripts import script_file
from condavision.environments.in_use import users_of
from condavision.environments.inventory import (
    cache_size,
    list_environments,
    older_than,
    over_budget,
    remove,
    remove_caches,
    unreferenced,
)
from condavision.errors import InstallError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from condavision.environments.inventory import InstalledEnvironment


@dataclass(frozen=True, slots=True)
class CleanCriteria:
    """What to remove: by name (environment key or requirement hash), age in days, budget in MB.

    A name may also be that of a script; ``locked`` has the requirement hashes of those with a lock.
    ``unreferenced`` are those whose scripts were all deleted. ``caches`` are the fetched packages,
    bytecode and warm records, which environments do not need.
    """

    names: tuple[str, ...] = ()
    locked: Mapping[str, str] = field(default_factory=dict)
    everything: bool = False
    days: float | None = None
    megabytes: float | None = None
    unreferenced: bool = False
    caches: bool = False


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed, or would be, and the users of environments that were kept, by prefix.

    ``caches`` is the size of the removed caches, in bytes on disk.
    """

    removed: tuple[InstalledEnvironment, ...]
    kept: dict[Path, str]
    caches: int = 0


def clean(home: Path, criteria: CleanCriteria, *, dry_run: bool, force: bool = False) -> Cleaned:
    """Remove what the criteria select; with ``dry_run`` only return what that would be.

    An environment that a process runs from is kept without ``force``: modules that the process has
    not loaded yet would be missing.

    Raises:
        UsageError: there are no criteria, ``everything`` is not the only one, or a name is unknown.
        InstallError: a file cannot be removed.
    """
    chosen = _chosen(list_environments(home), criteria)
    kept = {} if force else users_of({item.prefix for item in chosen})
    chosen = tuple(item for item in chosen if item.prefix not in kept)
    caches = cache_size(home) if criteria.caches else 0
    if not dry_run:
        try:
            chosen = remove(chosen)
            if criteria.caches:
                remove_caches(home)
        except OSError as error:
            raise InstallError(
                f"{error.filename} cannot be removed: {error.strerror}", "check its permissions"
            ) from error
    return Cleaned(chosen, kept, caches)


def _chosen(
    environments: tuple[InstalledEnvironment, ...], criteria: CleanCriteria
) -> tuple[InstalledEnvironment, ...]:
    if criteria.everything:
        if replace(criteria, everything=False, caches=False) != CleanCriteria():
            raise UsageError(
                "--all removes every environment, the other criteria only some",
                "remove the other criteria: run `condavision clean --all`, or --all",
            )
        return environments
    chosen: list[InstalledEnvironment] = [*_named(environments, criteria)]
    if criteria.days is not None:
        chosen += older_than(environments, criteria.days)
    if criteria.unreferenced:
        chosen += unreferenced(environments)
    if criteria.megabytes is not None:
        chosen += over_budget(environments, int(criteria.megabytes * 1e6))
    if criteria == CleanCriteria():
        raise UsageError(
            "no environment or criterion given",
            "to see what there is: run `condavision list`",
            "of one script: run `condavision clean YOUR-SCRIPT`",
            "of deleted scripts: run `condavision clean --unreferenced`",
            "not used for 30 days: run `condavision clean --unused-for 30`",
            "until the others take 5 GB: run `condavision clean --keep 5000`",
            "fetched packages: run `condavision clean --caches`",
            "all: run `condavision clean --all`",
        )
    return tuple(dict.fromkeys(chosen))


def _named(
    environments: Iterable[InstalledEnvironment], criteria: CleanCriteria
) -> Iterable[InstalledEnvironment]:
    for name in criteria.names:
        found = [it for it in environments if name in {it.key, it.hash, str(it.prefix)}]
        script = script_file(Path(name))
        locked = criteria.locked.get(name)
        found = found or [it for it in environments if it.hash == locked or _has(it, script)]
        if not found and script.is_file():
            raise UsageError(
                f"`{name}` has no environment in the cache",
                "list them: run `condavision list`",
            )
        if not found:
            raise UsageError(
                f"`{name}` is not an environment in the cache", "list them: run `condavision list`"
            )
        yield from found


def _has(environment: InstalledEnvironment, script: Path) -> bool:
    return {str(script.absolute()), str(script.resolve())}.intersection(
        environment.scripts
    ) != set()
