"""``clean``: which environments go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
    from collections.abc import Iterable
    from pathlib import Path

    from condavision.environments.inventory import InstalledEnvironment

__all__ = ["Cleaned", "Selection", "clean"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What to remove: by name (environment key or requirement hash), age in days, budget in MB.

    ``unreferenced`` are those whose scripts are all gone. ``caches`` are the fetched packages,
    bytecode and warm records, which environments do not need.
    """

    names: tuple[str, ...] = ()
    everything: bool = False
    days: float | None = None
    megabytes: float | None = None
    unreferenced: bool = False
    caches: bool = False


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed, or would be, and by prefix who uses those that were kept for that.

    ``caches`` is the size of the caches that went, in bytes on disk.
    """

    removed: tuple[InstalledEnvironment, ...]
    kept: dict[Path, str]
    caches: int = 0


def clean(home: Path, selection: Selection, *, dry_run: bool, force: bool = False) -> Cleaned:
    """Remove what is selected; with ``dry_run`` only say what that would be.

    An environment that a process runs from is kept, unless ``force`` says otherwise: what the
    process has not loaded yet would be missing.

    Raises:
        UsageError: nothing is selected, or all and yet some, or a name is not an environment's.
        InstallError: a file cannot be removed.
    """
    chosen = _chosen(list_environments(home), selection)
    kept = {} if force else users_of(chosen)
    chosen = tuple(item for item in chosen if item.prefix not in kept)
    caches = cache_size(home) if selection.caches else 0
    if not dry_run:
        try:
            chosen = remove(chosen)
            if selection.caches:
                remove_caches(home)
        except OSError as error:
            raise InstallError(f"{error.filename} cannot be removed: {error.strerror}") from error
    return Cleaned(chosen, kept, caches)


def _chosen(
    environments: tuple[InstalledEnvironment, ...], selection: Selection
) -> tuple[InstalledEnvironment, ...]:
    if selection.everything:
        if replace(selection, everything=False, caches=False) != Selection():
            raise UsageError(
                "--all removes every environment, and the rest of the command only some",
                "leave out --all, or all but it: condavision clean --all",
            )
        return environments
    chosen: list[InstalledEnvironment] = [*_named(environments, selection.names)]
    if selection.days is not None:
        chosen += older_than(environments, selection.days)
    if selection.unreferenced:
        chosen += unreferenced(environments)
    if selection.megabytes is not None:
        chosen += over_budget(environments, int(selection.megabytes * 1e6))
    if selection == Selection():
        raise UsageError(
            "nothing says what to remove",
            "name environments, or type one of: condavision clean --all,"
            " condavision clean --unused-for 30, condavision clean --unreferenced,"
            " condavision clean --keep 5000, condavision clean --caches",
        )
    return tuple(dict.fromkeys(chosen))


def _named(
    environments: Iterable[InstalledEnvironment], names: tuple[str, ...]
) -> Iterable[InstalledEnvironment]:
    by_name: dict[str, list[InstalledEnvironment]] = {}
    for environment in environments:
        by_name.setdefault(environment.key, []).append(environment)
        by_name.setdefault(environment.hash, []).append(environment)
        by_name.setdefault(str(environment.prefix), []).append(environment)
    for name in names:
        if name not in by_name:
            raise UsageError(
                f"`{name}` is not an environment in the cache", "see: condavision list"
            )
        yield from by_name[name]
