"""Why no lock could be made, in the user's terms: files, imports, platforms.

A solver knows only packages. Here its reason is combined with where each requirement comes from,
the platforms it applies to, and what to try.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.core.model import Manager
from condavision.core.platforms import PLATFORMS
from condavision.core.specs import conda_candidates
from condavision.errors import CondavisionError, UnknownImportError, UnsolvableError
from condavision.inference.requirements import require_known

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from condavision.compile_stage.solving.channel_index import Supply
    from condavision.core.model import Requirement, Requirements
    from condavision.mapping.import_map import ImportMap

_SHOWN = 12
_FROM_SOURCE = ("build it from source, which runs its code: condavision lock --allow-sdist SCRIPT",)
_LATER = ("allow newer versions: condavision lock --exclude-newer LATER-DATE SCRIPT",)


class NoSolutionError(UnsolvableError):
    """A solver's own reason, and what would lead to a solution.

    ``too_new``: versions were ignored because of their dates. ``only_source``: there are source
    distributions, but no wheels.
    """

    def __init__(self, message: str, *, too_new: bool = False, only_source: bool = False) -> None:
        super().__init__(message)
        self.too_new = too_new
        self.only_source = only_source


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
            "\n".join(lines),
            "check the spelling, or add a channel: condavision lock -c CHANNEL SCRIPT",
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
    requirements: Requirements, failures: Mapping[str, UnsolvableError], platforms: Sequence[str]
) -> UnsolvableError:
    """Return one error for every platform that could not be solved."""
    by_reason: dict[str, list[str]] = {}
    for platform, error in failures.items():
        by_reason.setdefault(error.message.rstrip(), []).append(platform)
    message = "\n".join(
        f"no set of packages for {_join(where)} meets the requirements: {reason}"
        for reason, where in by_reason.items()
    )
    hints = tuple(dict.fromkeys(hint for error in failures.values() for hint in error.hints))
    reasons = [error for error in failures.values() if isinstance(error, NoSolutionError)]
    solved = [platform for platform in platforms if platform not in failures]
    return UnsolvableError(
        f"{message}\nrequired: {_required(requirements, message)}",
        *(_LATER if any(error.too_new for error in reasons) else ()),
        *(_FROM_SOURCE if any(error.only_source for error in reasons) else ()),
        *(_omit(list(failures), solved) if solved else ()),
        *(hints or _ways_out()),
    )


def _ways_out() -> tuple[str, ...]:
    return (
        "see where each requirement comes from: condavision explain SCRIPT",
        "relax what the script declares, or add a channel: condavision lock -c CHANNEL SCRIPT",
    )


def _omit(lacking: Sequence[str], having: Sequence[str]) -> tuple[str, ...]:
    """Return hints: omit some platforms, or the package on them."""
    kept = " ".join(f"--platform {platform}" for platform in having)
    names = dict.fromkeys(PLATFORMS[platform].family.sys_platform for platform in lacking)
    test = " and ".join(f'sys.platform != "{name}"' for name in names)
    return (
        f"omit {_join(lacking)}: condavision lock {kept} SCRIPT (or set `platforms`)",
        f"or import it only on other platforms: if {test}: import ...",
    )


def _required(requirements: Requirements, reason: str) -> str:
    """Return the requirements with their locations, first those that the reason names."""
    words = set(re.findall(r"[A-Za-z0-9_.-]+", reason.lower()))
    named: list[Requirement] = []
    others: list[Requirement] = []
    for requirement in requirements.requirements:
        names = {requirement.name, *conda_candidates(requirement)}
        (named if names & words else others).append(requirement)
    shown = named or others
    lines = [f"python {requirements.python}", *(_label(needed) for needed in shown[:_SHOWN])]
    left_out = len(requirements.requirements) - min(len(shown), _SHOWN)
    return "; ".join(lines) + (f"; and {left_out} more" if left_out else "")


def _label(needed: Requirement) -> str:
    what = f"{needed.name} {needed.constraint}".strip()
    if needed.manager is Manager.IMPORT:
        what = f"import {what}"
    places = ", ".join(str(source) for source in needed.sources)
    return f"{what} ({places})" if places else what


def _join(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
