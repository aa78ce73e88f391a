"""Distributions that no channel has, solved by pip for Python 2.7, which uv does not support."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging import tags

from condavision.compile_stage.solving.failure import OTHER_CHANNEL, NoSolutionError
from condavision.compile_stage.solving.stand_ins import conda_versions, write_stand_ins
from condavision.compile_stage.solving.wheel_choice import platform_tags
from condavision.core.model import LockedPackage, Manager
from condavision.core.platforms import PLATFORMS, current_subdir, family_of
from condavision.core.specs import pypi_spec
from condavision.errors import ChannelError, CondavisionError, UnsolvableError
from condavision.interpreters.discovery import discover_all
from condavision.python2.run_pip import Job, resolve
from condavision.python2.tools import tools
from condavision.system.error_text import certificate_hint
from condavision.system.package_indexes import REFUSED_HINT
from condavision.system.secrets import redacted
from condavision.system.timeout import LONGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from condavision.compile_stage.solving.conda_base import CondaBase
    from condavision.core.model import Requirement
    from condavision.python2.run_pip import Answer

PYTHON = (2, 7)


@dataclass(frozen=True, slots=True)
class PipSolver:
    """pip, run by a Python 2.7 of this machine, with the indexes that uv is configured for.

    ``home`` has what it downloads, and what ``interpreters`` are known.
    """

    home: Path
    allow_sdist: bool = False
    exclude_newer: datetime | None = None
    offline: bool = False

    def solve(
        self, requirements: Iterable[Requirement], base: CondaBase
    ) -> tuple[LockedPackage, ...]:
        """Solve distributions for one platform, as ``PyPISolver`` does for Python 3.

        For another platform than this machine's only wheels are used: to know what a source
        distribution requires, it has to be run there.

        Raises:
            UnsolvableError: there is no solution, one that conflicts with conda packages, or no
                Python 2.7 on this machine.
            ChannelError: the index cannot be read.
        """
        wanted = tuple(sorted(pypi_spec(requirement) for requirement in requirements))
        python = self._python(base, wanted)
        here = base.platform == current_subdir()
        dated = self.exclude_newer.strftime("%Y-%m-%dT%H:%M:%SZ") if self.exclude_newer else None
        conditions: dict[str, Any] = {
            "offline": self.offline,
            "tags": None if base.local else _tags(base),
            "markers": {} if base.local else _markers(base),
        }
        first = Job(
            requirements=wanted,
            constraints=base.agreed,
            excluded=tuple(sorted(base.supplied)),
            preferred=dict(base.previous),
            exclude_newer=dated,
            allow_sdist=self.allow_sdist and here,
            **conditions,
        )
        answer = self._resolve(python, first, base)
        if answer.kind == "impossible":
            raise self._no_solution(answer, base, here=here)
        locked = tuple(
            LockedPackage(
                Manager.PYPI, one["name"], one["version"], base.platform, one["url"], one["sha256"]
            )
            for one in answer.found["packages"]
        )
        if base.supplied:
            self._check(python, locked, base, conditions, allow_sdist=first.allow_sdist)
        return locked

    def _check(
        self,
        python: Path,
        locked: tuple[LockedPackage, ...],
        base: CondaBase,
        conditions: Mapping[str, Any],
        *,
        allow_sdist: bool,
    ) -> None:
        """Check whether the locked distributions fit the versions that conda supplies.

        Raises:
            UnsolvableError: they conflict.
        """
        with tempfile.TemporaryDirectory(prefix="condavision-") as name:
            folder = Path(name, "supplied")
            job = Job(
                requirements=tuple(f"{package.name}=={package.version}" for package in locked),
                constraints=tuple(write_stand_ins(folder, base.supplied, base.renamed)),
                find_links=(str(folder),),
                allow_sdist=allow_sdist,
                **conditions,
            )
            answer = self._resolve(python, job, base)
        if answer.kind == "impossible":
            names = ", ".join(package.name for package in locked)
            supplied = ", ".join(
                f"{name} {base.supplied[name]}"
                for name in sorted({cause["name"] for cause in answer.found["causes"]})
                if name in base.supplied
            )
            raise UnsolvableError(
                f"PyPI packages ({names}) conflict with conda packages ({supplied}):"
                f" {conda_versions(_causes(answer))}",
                "declare a version that fits: see `condavision explain SCRIPT`",
            )

    def _resolve(self, python: Path, job: Job, base: CondaBase) -> Answer:
        """Return an answer that is ``solved`` or ``impossible``."""
        try:
            answer = resolve(python, tools(self.home, offline=self.offline), self.home, job)
        except OSError as error:
            raise ChannelError(
                f"pip for Python {base.python} cannot be run: {error}",
                "choose another folder: `export CONDAVISION_HOME=FOLDER`",
            ) from error
        if answer.kind in {"solved", "impossible"}:
            return answer
        raise _error(answer, base)

    def _python(self, base: CondaBase, wanted: tuple[str, ...]) -> Path:
        """Return the Python to run pip by: the locked one where it is of this machine.

        Raises:
            UnsolvableError: there is none.
        """
        found = [it for it in discover_all(self.home / "interpreters") if it.minor == PYTHON]
        same = [it for it in found if it.version == base.python]
        if not (same or found):
            raise UnsolvableError(
                f"{', '.join(wanted)}: no configured channel has it, and solving PyPI's packages"
                f" for Python {base.python} needs a Python 2.7 on this machine",
                "install one",
                OTHER_CHANNEL,
            )
        return (same or found)[0].executable

    def _no_solution(self, answer: Answer, base: CondaBase, *, here: bool) -> NoSolutionError:
        only_source = answer.found["only_source"]
        sources = only_source and self.allow_sdist and not here
        elsewhere = f"; source distributions cannot be locked for {base.platform} on this machine"
        return NoSolutionError(
            f"no wheels for Python {base.python} meet the requirements: {_causes(answer)}"
            f"{elsewhere if sources else ''}",
            too_new=answer.found["too_new"],
            only_source=only_source and not sources,
        )


def _causes(answer: Answer) -> str:
    """Return why there is no solution: each requirement, and what requires it."""
    lines = [
        f"{cause['by']} depends on {cause['requirement']}" if cause["by"] else cause["requirement"]
        for cause in answer.found["causes"]
    ]
    broken = [f"what was built ended with: {line}" for line in answer.found["broken"][-1:]]
    return "; ".join(dict.fromkeys([*lines, *broken]))


def _error(answer: Answer, base: CondaBase) -> CondavisionError:
    url, reason = (redacted(answer.found.get(name, "")) for name in ("url", "reason"))
    if answer.kind == "offline":
        return ChannelError(
            f"the packages needed from PyPI were never read while online: {url}",
            "lock once without --offline, for the same platforms",
        )
    if answer.kind == "late":
        return ChannelError(
            f"the package index does not answer in time: pip has no result after {reason} seconds",
            LONGER,
        )
    if answer.kind == "refused":
        return ChannelError(f"the package index refuses access ({reason}) to {url}", REFUSED_HINT)
    if answer.kind == "unreachable":
        return ChannelError(
            f"the package index cannot be reached: {url}: {reason}",
            certificate_hint(reason) or "check the network, then try again",
        )
    lines = [line.removeprefix("ERROR: ") for line in answer.stderr.splitlines() if line.strip()]
    causes = [line for line in lines if not line.startswith("DEPRECATION")]
    return ChannelError(
        f"pip failed for Python {base.python}: {(causes or lines or ['?'])[-1]}",
        "see what it did: run the command with -vv",
    )


def _tags(base: CondaBase) -> tuple[tuple[str, str, str], ...]:
    """Return the wheel tags of conda's Python 2.7, best first: it is built with wide characters."""
    platforms = list(platform_tags(base))
    abi = "cp27mu" if family_of(base.platform) == "linux" else "cp27m"
    found = [
        *tags.cpython_tags(PYTHON, [abi], platforms),
        *tags.compatible_tags(PYTHON, "cp27", platforms),
    ]
    return tuple((tag.interpreter, tag.abi, tag.platform) for tag in found)


def _markers(base: CondaBase) -> dict[str, str]:
    platform = PLATFORMS[base.platform]
    markers = {"platform_machine": platform.machine, "python_full_version": base.python}
    return {**platform.family.markers(), **markers}
