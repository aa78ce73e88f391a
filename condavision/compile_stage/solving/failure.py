"""Why no lock could be made, in the user's terms: files, imports, platforms.

A solver knows only packages. Here its reason is combined with where each requirement comes from,
the platforms it applies to, and what to try.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from condavision.core.channels import is_local
from condavision.core.model import Manager
from condavision.core.platforms import PLATFORMS
from condavision.core.pythons import PythonRange, shortest
from condavision.core.specs import conda_candidates
from condavision.errors import CondavisionError, UnknownImportError, UnsolvableError
from condavision.inference.requirements import require_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from condavision.compile_stage.solving.channel_index import Supply
    from condavision.core.model import Requirement, Requirements
    from condavision.mapping.import_map import ImportMap

_SHOWN = 12
_LIMITS = "see what limits it: run `condavision explain SCRIPT`"
FROM_SOURCE = (
    "build it from source, which runs its code: run `condavision lock --allow-sdist SCRIPT`",
)
_LATER = ("allow newer versions: run `condavision lock --exclude-newer LATER-DATE SCRIPT`",)
OTHER_CHANNEL = "lock with a channel that has it: run `condavision lock -c CHANNEL SCRIPT`"


class NoSolutionError(UnsolvableError):
    """No set of packages fits the Pythons of a solve: why, and what would lead to a solution.

    Other Pythons may have one.

    ``too_new``: versions were ignored because of their dates. ``only_source``: there are source
    distributions, but no wheels. ``elsewhere`` are distributions with wheels for other platforms.
    """

    def __init__(
        self,
        message: str,
        *hints: str,
        too_new: bool = False,
        only_source: bool = False,
        elsewhere: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(message, *hints)
        self.elsewhere = elsewhere
        self.too_new = too_new
        self.only_source = only_source


class AbsentPackagesError(NoSolutionError):
    """Distributions that the package index does not have, in any version; ``names`` are theirs."""

    def __init__(self, *names: str) -> None:
        super().__init__(f"no package is called {_join(names)}")
        self.names = names


def absent_error(
    supplies: Sequence[Supply], channels: Sequence[str], import_map: ImportMap
) -> CondavisionError | None:
    """Return the error for what only channels can supply and none has; None if there is nothing.

    What no platform has is an unknown import or a misspelled name; what some platforms lack can be
    omitted there.
    """
    lacking: dict[Requirement, list[str]] = {}
    for supply in supplies:
        for needed in supply.absent:
            lacking.setdefault(needed, []).append(supply.platform)
    if not lacking:
        return None
    platforms = [supply.platform for supply in supplies]
    nowhere = [needed for needed, where in lacking.items() if len(where) == len(platforms)]
    unknown = [needed for needed in nowhere if needed.manager is Manager.IMPORT]
    if unknown:
        untrusted = dict(pair for supply in supplies for pair in supply.untrusted)
        try:
            require_known(unknown, import_map, untrusted=untrusted)
        except UnknownImportError as error:
            return error
    if nowhere:
        lines = [f"{_label(needed)}: no channel has it ({_join(channels)})" for needed in nowhere]
        return UnsolvableError(
            "\n".join(lines), *_spelling([it.name for it in nowhere], import_map)
        )
    lines = [
        f"{_label(needed)}: no channel has it for {_join(where)}, but for"
        f" {_join([platform for platform in platforms if platform not in where])}"
        for needed, where in lacking.items()
    ]
    where = sorted({platform for found in lacking.values() for platform in found})
    return UnsolvableError(
        "\n".join(lines), *_omit(where, [name for name in platforms if name not in where])
    )


def unsolvable_error(
    requirements: Requirements,
    failures: Mapping[str, UnsolvableError],
    platforms: Sequence[str],
    import_map: ImportMap,
) -> UnsolvableError:
    """Return one error for every platform that could not be solved."""
    lacking = [it.names for it in failures.values() if isinstance(it, AbsentPackagesError)]
    if len(lacking) == len(failures):
        return _absent_packages(requirements, sorted(set().union(*lacking)), import_map)
    solved = [platform for platform in platforms if platform not in failures]
    if without := _without_wheels(requirements, failures, solved):
        return without
    by_reason: dict[str, list[str]] = {}
    for platform, error in failures.items():
        by_reason.setdefault(error.message.rstrip(), []).append(platform)
    message = "\n".join(
        f"no set of packages for {_join(where)} meets the requirements: {reason}"
        for reason, where in by_reason.items()
    )
    hints = tuple(dict.fromkeys(hint for error in failures.values() for hint in error.hints))
    reasons = [error for error in failures.values() if isinstance(error, NoSolutionError)]
    return NoSolutionError(
        f"{message}\nrequired: {_required(requirements, message)}",
        *(_LATER if any(error.too_new for error in reasons) else ()),
        *(FROM_SOURCE if any(error.only_source for error in reasons) else ()),
        *_omitted(failures, solved),
        *(hints or _ways_out()),
    )


def absent_python_error(
    requirements: Requirements,
    offered: Mapping[str, Sequence[str]],
    platforms: Sequence[str],
    *,
    chosen: bool,
) -> UnsolvableError | None:
    """Return the error where no channel has a Python in the range; None if one has.

    ``offered`` are the versions that the channels have, by those of the ``platforms`` that could
    not be solved; ``chosen`` is whether the command line chose the range.
    """
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - 15 ms, for failures only
    from packaging.version import Version  # noqa: PLC0415

    wanted = SpecifierSet(str(requirements.python))
    if any(wanted.contains(it, prereleases=True) for found in offered.values() for it in found):
        return None
    versions = sorted({Version(it).release[:2] for found in offered.values() for it in found})
    minors = [f"{major}.{minor}" for major, minor in versions]
    python, where = _pythons(requirements.python), _join(offered)
    if is_local(requirements.channels):
        message = f"this machine has no Python {python}, only {_join(minors)}"
        elsewhere = "or install it, and put it on PATH"
    else:
        channels = _join(requirements.channels)
        message = f"no channel has Python {python} for {where} ({channels})"
        message += f", only {_join(minors)}" if minors else ""
        elsewhere = OTHER_CHANNEL
    choose = f"choose one of them: `--python {minors[-1]}`" if chosen and minors else _LIMITS
    solved = [it for it in platforms if it not in offered]
    return NoSolutionError(message, choose, *_omitted(offered, solved), elsewhere)


def _absent_packages(
    requirements: Requirements, names: Sequence[str], import_map: ImportMap
) -> UnsolvableError:
    """Return the error for distributions that neither the channels nor PyPI have."""
    by_name = {needed.name: needed for needed in requirements.requirements}
    channels = _join(requirements.channels)
    lines = [
        f"{_label(by_name[name]) if name in by_name else name}: no such package on these channels"
        f" ({channels}), nor on PyPI"
        for name in names
    ]
    return UnsolvableError("\n".join(lines), *_spelling(names, import_map))


def _without_wheels(
    requirements: Requirements, failures: Mapping[str, UnsolvableError], solved: Sequence[str]
) -> UnsolvableError | None:
    """Return the error where no version of what is required has a wheel for these platforms.

    None if there may be another reason: another version is asked for, or by another package.
    """
    found = [it.elsewhere for it in failures.values() if isinstance(it, NoSolutionError)]
    common = frozenset.intersection(*found) if len(found) == len(failures) else frozenset()
    lacking = [it for it in requirements.requirements if it.name in common and not it.constraint]
    if not lacking:
        return None
    where = _join(failures)
    lines = [
        f"{_label(it)}: its wheels on PyPI are for other platforms than {where}" for it in lacking
    ]
    ways = _omitted(failures, solved) or (_guard(failures),)
    return NoSolutionError("\n".join(lines), *ways, f"or {OTHER_CHANNEL}")


def _spelling(names: Iterable[str], import_map: ImportMap) -> tuple[str, ...]:
    near = {name: import_map.near_distributions(name) for name in names}
    meant = (f"for {name}, did you mean {_join(it, 'or')}?" for name, it in near.items() if it)
    return (*meant, "check the spelling", f"or {OTHER_CHANNEL}")


def _ways_out() -> tuple[str, ...]:
    return (
        "see where each requirement comes from: run `condavision explain SCRIPT`",
        "relax what the script declares",
        OTHER_CHANNEL,
    )


def _omitted(lacking: Iterable[str], having: Sequence[str]) -> tuple[str, ...]:
    return _omit(list(lacking), having) if having else ()


def _omit(lacking: Sequence[str], having: Sequence[str]) -> tuple[str, ...]:
    """Return hints: omit some platforms, or the package on them."""
    kept = " ".join(f"--platform {platform}" for platform in having)
    setting = f"`platforms = {json.dumps(having)}`"
    return (
        f"omit {_join(lacking)}: run `condavision lock {kept} SCRIPT`, or set {setting}",
        f"or {_guard(lacking)}",
    )


def _guard(lacking: Iterable[str]) -> str:
    names = dict.fromkeys(PLATFORMS[platform].family.sys_platform for platform in lacking)
    test = " and ".join(f'sys.platform != "{name}"' for name in names)
    return f"import it only on other platforms: if {test}: import ..."


def _required(requirements: Requirements, reason: str) -> str:
    """Return the requirements with their locations, first those that the reason names."""
    words = set(re.findall(r"[A-Za-z0-9_.-]+", reason.lower()))
    named: list[Requirement] = []
    others: list[Requirement] = []
    for requirement in requirements.requirements:
        names = {requirement.name, *conda_candidates(requirement)}
        (named if names & words else others).append(requirement)
    shown = named or others
    lines = [
        f"python {_pythons(requirements.python)}",
        *(_label(needed) for needed in shown[:_SHOWN]),
    ]
    left_out = len(requirements.requirements) - min(len(shown), _SHOWN)
    return "; ".join(lines) + (f"; and {left_out} more" if left_out else "")


def _label(needed: Requirement) -> str:
    what = f"{needed.name} {needed.constraint}".strip()
    if needed.manager is Manager.IMPORT:
        what = f"import {what}"
    places = ", ".join(str(source) for source in needed.sources)
    return f"{what} ({places})" if places else what


def _pythons(wanted: PythonRange) -> str:
    """Return a range as it was asked for: Pythons years away are kept as a part of the newest."""
    if not wanted.is_years_away:
        return shortest(wanted)
    return ",".join(sorted(it.removesuffix(".*").removeprefix("==") for it in wanted.specifiers))


def _join(names: Iterable[str], conjunction: str = "and") -> str:
    *first, last = names
    return f"{', '.join(first)} {conjunction} {last}" if first else last
