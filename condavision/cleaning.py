"""``clean``: which environments go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.errors import InstallError, UsageError
from condavision.prefixes import (
    list_environments,
    older_than,
    over_budget,
    remove,
    unreferenced,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from condavision.prefixes import InstalledEnvironment

__all__ = ["Selection", "clean_environments"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What to remove: by name (environment key or requirement hash), age in days, budget in MB.

    ``unreferenced`` are those whose scripts are all gone.
    """

    names: tuple[str, ...] = ()
    everything: bool = False
    days: float | None = None
    megabytes: float | None = None
    unreferenced: bool = False


def clean_environments(
    home: Path, selection: Selection, *, dry_run: bool
) -> tuple[InstalledEnvironment, ...]:
    """Remove what is selected, and return it; with ``dry_run`` only return it.

    Raises:
        UsageError: nothing is selected, or a name is not that of an environment.
        InstallError: a file cannot be removed.
    """
    chosen = _chosen(list_environments(home), selection)
    if dry_run:
        return chosen
    try:
        return remove(chosen)
    except OSError as error:
        raise InstallError(f"{error.filename} cannot be removed: {error.strerror}") from error


def _chosen(
    environments: tuple[InstalledEnvironment, ...], selection: Selection
) -> tuple[InstalledEnvironment, ...]:
    if selection.everything:
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
            " condavision clean --keep 5000",
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
