"""The second engine: conda-lock drives the user's own conda, mamba or micromamba.

conda-lock runs as a process: importing it takes half a second. It solves for conda packages only;
what comes from PyPI is solved as with the default engine.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.core.model import Manager
from condavision.core.platforms import PLATFORMS, for_conda_lock
from condavision.errors import ChannelError, UnsolvableError, UsageError
from condavision.locks.package_entry import read_package
from condavision.locks.yaml_text import yaml_text
from condavision.system.documents import read_lock_yaml
from condavision.system.own_python import own_python, variables_of_tools
from condavision.system.secrets import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from condavision.compile_stage.solving.channel_index import ChannelIndex
    from condavision.compile_stage.solving.engine import Problem
    from condavision.core.model import LockedPackage

_EXECUTABLES = ("mamba", "micromamba", "conda")
_TRIES = 3  # conda with the rattler solver crashes after its work in one of twenty runs
_CONDA_LOCK = (
    "import warnings; warnings.simplefilter('ignore');"
    "from conda_lock.conda_lock import main; main()"
)
_PLATFORM = re.compile(r"^Could not lock the environment for platform (\S+)$", re.MULTILINE)
_FAKE_CHANNEL = "conda-lock-fake-repodata"  # where conda-lock keeps its virtual packages
_ADVICE = "To search for alternate channels"
_UNREACHABLE = ("HTTP", "ConnectionFailed", "UnavailableInvalidChannel", "Offline", "SSL")


def find_conda(named: str | None) -> str:
    """Return the executable to drive: the one named, else the first found.

    Without one conda-lock would download it.

    Raises:
        UsageError: there is none.
    """
    variables = ("MAMBA_EXE", "CONDA_EXE")
    candidates = [named] if named else [*map(os.environ.get, variables), *_EXECUTABLES]
    for candidate in candidates:
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    missing = f"`{named}` is not" if named else "neither mamba, micromamba nor conda is"
    raise UsageError(
        f"{missing} an executable on this machine, and conda-lock needs one",
        "name it: run `condavision lock --engine conda-lock --conda PATH SCRIPT`",
        "or omit --engine: the default engine needs none",
    )


def open_engine(index: ChannelIndex, *, conda: str | None, offline: bool) -> CondaLockEngine:
    """Return the engine, with the executable that it drives.

    Raises:
        UsageError: there is no executable, or ``offline`` is set.
    """
    if offline:
        raise UsageError("conda-lock cannot solve offline", "omit --engine conda-lock")
    return CondaLockEngine(index.names, find_conda(conda))


@dataclass(frozen=True, slots=True)
class CondaLockEngine:
    """Solves on ``channels`` as conda-lock does; ``executable`` is conda, mamba or micromamba."""

    channels: tuple[str, ...]
    executable: str

    async def solve_all(
        self, problems: Sequence[Problem]
    ) -> list[tuple[LockedPackage, ...] | UnsolvableError]:
        """Solve match specs for several platforms, in one run of conda-lock if all are solvable.

        The preferred versions of what the specs of a platform name are required first; if that is
        unsolvable, none is.

        Raises:
            ChannelError: a channel cannot be read.
            UsageError: conda cannot exclude packages by date.
        """
        if any(problem.conditions.exclude_newer is not None for problem in problems):
            raise UsageError(
                "conda-lock cannot exclude packages by date",
                "omit --exclude-newer or --engine conda-lock",
            )
        return await asyncio.to_thread(self._solve_all, problems)

    def _solve_all(
        self, problems: Sequence[Problem]
    ) -> list[tuple[LockedPackage, ...] | UnsolvableError]:
        """Run conda-lock, which stops at the first platform that fails, until it fails for none."""
        left = {problem.platform: _with_versions(problem) for problem in problems}
        unsolvable: dict[str, UnsolvableError] = {}
        crashes: Counter[str] = Counter()
        packages: tuple[LockedPackage, ...] = ()
        while left:
            outcome = self._lock(list(left.values()))
            if not isinstance(outcome, _Failure):
                packages = outcome
                break
            for platform in [outcome.platform] if outcome.platform in left else [*left]:
                crashes[platform] += outcome.crashed
                if outcome.crashed and crashes[platform] < _TRIES:
                    continue
                (plain,) = (problem for problem in problems if problem.platform == platform)
                if left[platform] != plain:
                    left[platform] = plain
                else:
                    del left[platform]
                    unsolvable[platform] = outcome.error
        return [
            unsolvable.get(problem.platform)
            or tuple(package for package in packages if package.platform == problem.platform)
            for problem in problems
        ]

    def _lock(self, problems: Sequence[Problem]) -> tuple[LockedPackage, ...] | _Failure:
        """Run conda-lock once.

        Raises:
            ChannelError: a channel cannot be read.
        """
        platforms = [problem.platform for problem in problems]
        head = yaml_text({"channels": list(self.channels), "platforms": platforms})
        lines = [
            f"  - {json.dumps(spec)} # [{PLATFORMS[problem.platform].selector}]\n"
            for problem in problems
            for spec in problem.specs
        ]
        text = "".join([head, "dependencies:\n", *lines])
        found = {problem.platform: problem.conditions.virtual_packages for problem in problems}
        with tempfile.TemporaryDirectory(prefix="condavision-") as name:
            folder = Path(name)
            (folder / "environment.yml").write_text(text, encoding="utf-8")
            document = yaml_text(for_conda_lock(found))
            (folder / "virtual-packages.yml").write_text(document, encoding="utf-8")
            (folder / "names.json").write_text("{}", encoding="utf-8")  # or it uses the network
            result = subprocess.run(
                [
                    *own_python(_CONDA_LOCK),
                    "lock",
                    *("--conda", self.executable, "--file", "environment.yml"),
                    *("--lockfile", "conda-lock.yml"),
                    *("--virtual-package-spec", "virtual-packages.yml"),
                    *("--pypi_to_conda_lookup_file", (folder / "names.json").as_uri()),
                ],
                cwd=folder,
                env=variables_of_tools(),
                capture_output=True,
                text=True,
                check=False,
            )
            if result.returncode:
                return _failure(redacted(result.stderr), self.executable)
            return _packages((folder / "conda-lock.yml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why conda-lock failed, and for which platform, if it says so.

    ``crashed``: a solution was found, but the executable died before it ended.
    """

    platform: str
    error: UnsolvableError
    crashed: bool = False


def _with_versions(problem: Problem) -> Problem:
    """Return a problem with the preferred versions: agreed on, locked earlier, of other platforms.

    A spec with a build is returned unchanged.
    """
    conditions = problem.conditions
    versions = {name: f"=={version}" for name, version in conditions.preferred}
    versions |= {seed.name.normalized: f"=={seed.version}" for seed in conditions.seeds}
    for agreed in conditions.agreed:
        name, _, constraint = agreed.partition(" ")
        versions[name] = constraint
    return replace(problem, specs=tuple(_with_version(spec, versions) for spec in problem.specs))


def _with_version(spec: str, versions: Mapping[str, str]) -> str:
    name, *constraint = spec.split(" ")
    if name not in versions or len(constraint) > 1:
        return spec
    return f"{name} {','.join([*constraint, versions[name]])}"


def _packages(text: str) -> tuple[LockedPackage, ...]:
    found = []
    for entry in read_lock_yaml(text)["package"]:
        if not entry["hash"].get("sha256") or not entry["hash"].get("md5"):
            raise ChannelError(
                f"{entry['url']} cannot be locked: its channel does not give both md5 and sha256",
                "ask the channel's owner to reindex it, or use another channel",
            )
        package = read_package(entry)
        if package.manager is Manager.CONDA and not package.name.startswith("__"):
            found.append(package)
    return tuple(found)


_OTHER_SOLVER = "use another solver: `--engine rattler`, or `--conda` with another program"


def _failure(stderr: str, executable: str) -> _Failure:
    """Return the failure of conda or mamba, extracted from the output of conda-lock.

    Raises:
        ChannelError: it is that a channel cannot be read.
    """
    found = _PLATFORM.search(stderr)
    platform = found[1] if found else ""
    report = _report(stderr)
    if report.get("success"):
        crashed = f"{executable} found a solution and then crashed, {_TRIES} times"
        return _Failure(platform, UnsolvableError(crashed, _OTHER_SOLVER), crashed=True)
    problems = report.get("solver_problems")  # mamba's
    message = "\n".join(problems) if problems else report.get("message", "")
    if not message:
        output, _, _ = stderr.partition("Traceback (most recent call last)")
        message = output.partition("    Command:")[0]
    message = message.partition(_ADVICE)[0].strip()
    lines = [line for line in message.splitlines() if line.strip() and _FAKE_CHANNEL not in line]
    reason = "\n".join(lines[-15:]) or "no reason given"
    kind = f"{report.get('exception_name', '')}"
    if any(sign in kind for sign in _UNREACHABLE):
        raise ChannelError(
            f"{executable} cannot read a channel: {reason}",
            "check the spelling of the channel and the network, then try again",
        )
    unsolvable = UnsolvableError(
        f"{Path(executable).name} found no solution: {reason}",
        "loosen what it names, or add a channel that has it",
    )
    return _Failure(platform, unsolvable)


def _report(stderr: str) -> dict[str, Any]:
    """Return the JSON that conda printed, which conda-lock repeats."""
    _, found, rest = stderr.partition("STDOUT:\n")
    if found:
        with suppress(ValueError):
            document, _ = json.JSONDecoder().raw_decode(rest.lstrip())
            if isinstance(document, dict):
                return document
    return {}
