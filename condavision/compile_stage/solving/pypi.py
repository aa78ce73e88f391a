"""Distributions that no channel has, solved by uv for a Python that conda locked.

What conda supplies is *excluded* from uv's solve: with constraints alone uv could add a second copy
under another name. Only wheels are used, unless source distributions are allowed.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uv

from condavision.compile_stage.solving.conda_base import OLDEST_UV_PYTHON
from condavision.compile_stage.solving.failure import (
    OTHER_CHANNEL,
    AbsentPackagesError,
    NoSolutionError,
)
from condavision.compile_stage.solving.stand_ins import conda_versions, write_stand_ins
from condavision.compile_stage.solving.wheel_choice import locked_packages
from condavision.core.platforms import PLATFORMS
from condavision.core.pythons import minor_of
from condavision.core.specs import pypi_spec
from condavision.errors import ChannelError, UnsolvableError
from condavision.system.error_text import certificate_hint
from condavision.system.package_indexes import REFUSED_HINT, variables_for_uv, without_credentials
from condavision.system.secrets import redacted
from condavision.system.timeout import LONGER, timeout

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from condavision.compile_stage.solving.conda_base import CondaBase
    from condavision.core.model import LockedPackage, Requirement

_log = logging.getLogger(__name__)

_PYLOCK = "pylock.toml"
_UNREACHABLE = ("Failed to fetch", "error sending request", "Could not connect", "dns error")
_REFUSED = re.compile(
    r"index URL \((\S+)\) could not be queried due to a lack of valid authentication credentials"
    r" \((\d+) "
)
_ABSENT = re.compile(r"Because (\S+) was not found in the package registry and you require \1")
_ELSEWHERE = re.compile(
    r"([a-z0-9][a-z0-9._-]*)(?:[<>=!~]\S*)? ha(?:s|ve) no wheels with a matching platform tag"
)
_SERVER = re.compile(r"https?://[^\s`'\"()/]+")
_FOR_URL = re.compile(r" for url \(\S+\)")
_OFFLINE = ("network was disabled", "Network connectivity is disabled")


@dataclass(frozen=True, slots=True)
class PyPISolver:
    """uv with its cache; indexes and credentials are those uv itself is configured with.

    Create it in one thread; it can be used from many. Finding uv is not thread-safe.
    """

    cache: Path
    allow_sdist: bool = False
    exclude_newer: datetime | None = None
    offline: bool = False
    program: str = field(default_factory=uv.find_uv_bin)

    def solve(
        self, requirements: Iterable[Requirement], base: CondaBase
    ) -> tuple[LockedPackage, ...]:
        """Solve distributions for one platform.

        What conda supplies is excluded from the solve; the result is then checked against it.

        Raises:
            UnsolvableError: uv found no solution, or one that conflicts with conda packages;
                carries uv's reason.
            ChannelError: the index cannot be reached.
        """
        requirements = tuple(requirements)
        _require_supported(requirements, base)
        with tempfile.TemporaryDirectory(prefix="condavision-") as folder:
            document = self._compile(Path(folder), requirements, base)
        locked = locked_packages(document.get("packages", ()), base)
        if base.supplied:  # else nothing was excluded
            with tempfile.TemporaryDirectory(prefix="condavision-") as folder:
                self._check(Path(folder), locked, base)
        return locked

    def _compile(
        self, folder: Path, requirements: tuple[Requirement, ...], base: CondaBase
    ) -> dict[str, Any]:
        lines = sorted(pypi_spec(requirement) for requirement in requirements)
        (folder / "requirements.in").write_text("\n".join(lines), encoding="utf-8")
        (folder / "excludes.txt").write_text("\n".join(sorted(base.supplied)), encoding="utf-8")
        if base.previous:  # uv keeps the versions that its output file has already
            (folder / _PYLOCK).write_text(_pylock(base), encoding="utf-8")
        dated = self.exclude_newer and self.exclude_newer.isoformat().replace("+00:00", "Z")
        (folder / "agreed.txt").write_text("\n".join(base.agreed), encoding="utf-8")
        options = ["--excludes", "excludes.txt", "--constraints", "agreed.txt"]
        options += ["--exclude-newer", dated] if dated else []
        error = self._run(folder, base, *options)
        if error:
            raise self._error(error, base)
        return tomllib.loads((folder / _PYLOCK).read_text(encoding="utf-8"))

    def _check(self, folder: Path, locked: tuple[LockedPackage, ...], base: CondaBase) -> None:
        """Check with uv whether the locked distributions fit the versions that conda supplies.

        Those are passed as empty wheels with a local version that no index has. uv has just cached
        all that it reads; only if that is not enough is the index read again.

        Raises:
            UnsolvableError: they conflict.
            ChannelError: the index cannot be reached.
        """
        constraints = write_stand_ins(folder / "supplied", base.supplied, base.renamed)
        text = "".join(f"{constraint}\n" for constraint in sorted(constraints))
        pins = [f"{package.name}=={package.version}\n" for package in locked]
        (folder / "requirements.in").write_text("".join(sorted(pins)), encoding="utf-8")
        (folder / "constraints.txt").write_text(text, encoding="utf-8")
        options = ("--constraints", "constraints.txt", "--find-links", "supplied")
        if not self._run(folder, base, "--offline", *options):
            return
        error = self._run(folder, base, *options)
        if not error:
            return
        found = self._error(error, base)
        if isinstance(found, NoSolutionError):
            names = ", ".join(package.name for package in locked)
            raise UnsolvableError(
                f"PyPI packages ({names}) conflict with conda packages:"
                f" {conda_versions(_cause(error))}",
                "declare a version that fits: see `condavision explain SCRIPT`",
            )
        raise found

    def _run(self, folder: Path, base: CondaBase, *options: str) -> str:
        """Compile ``requirements.in`` of a folder; return uv's error output, empty on success."""
        command = [
            self.program,
            *("pip", "compile", "requirements.in"),
            *("--output-file", _PYLOCK, "--format", "pylock.toml"),
            *("--python-version", base.python, "--python-platform", base.uv_platform),
            *("--python", sys.executable),  # or uv probes every Python of the machine, for 2 s
            *("--no-header", "--quiet", "--color", "never"),
            *("--cache-dir", str(self.cache)),
            *(() if self.allow_sdist else ("--only-binary", ":all:")),
            *(("--offline",) if self.offline else ()),
            *options,
        ]
        environment = variables_for_uv()
        environment["UV_PYTHON_DOWNLOADS"] = "never"
        environment["MACOSX_DEPLOYMENT_TARGET"] = ".".join(
            str(part) for part in base.version_of("__osx", "11.0")
        )
        try:
            result = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout(),  # uv gives up a server that sends nothing, but not a slow one
            )
        except subprocess.TimeoutExpired as error:
            raise ChannelError(
                f"the package index does not answer in time: uv has no result after"
                f" {error.timeout:.0f} seconds",
                LONGER,
            ) from error
        _log.debug("uv %s %s ended with %d", *command[1:3], result.returncode)
        return (result.stderr or "uv failed") if result.returncode else ""

    def _error(self, stderr: str, base: CondaBase) -> ChannelError | NoSolutionError:
        """Return uv's error output as an error."""
        text = _cause(stderr)
        if self.offline and any(sign in stderr for sign in _OFFLINE):
            return ChannelError(
                f"the packages needed from PyPI were never read while online: {text}",
                "lock once without --offline, for the same platforms",
            )
        if refused := _REFUSED.search(stderr):
            index = without_credentials(refused[1])
            return ChannelError(
                f"the package index {index} refuses access ({refused[2]})",
                REFUSED_HINT,
            )
        if any(sign in text for sign in _UNREACHABLE):
            return ChannelError(
                f"the package index{_address(stderr)} cannot be reached: {_innermost(stderr)}",
                certificate_hint(text) or "check the network, then try again",
            )
        if absent := _ABSENT.findall(text):
            return AbsentPackagesError(*absent)
        return NoSolutionError(
            f"no wheels for Python {base.python} meet the requirements: {text}",
            too_new=self.exclude_newer is not None and "`exclude-newer`" in stderr,
            only_source="no usable wheels" in text,
            elsewhere=frozenset(_ELSEWHERE.findall(text)),
        )


def _require_supported(requirements: tuple[Requirement, ...], base: CondaBase) -> None:
    names = ", ".join(requirement.name for requirement in requirements)
    if minor_of(base.python) < OLDEST_UV_PYTHON:
        raise UnsolvableError(
            f"{names}: no configured channel has it, and packages from PyPI are not supported for"
            f" Python {base.python}",
            OTHER_CHANNEL,
        )
    if not PLATFORMS[base.platform].uv:
        raise UnsolvableError(
            f"{names}: no configured channel has it for {base.platform}, where packages from PyPI"
            " are not supported",
            OTHER_CHANNEL,
        )


def _pylock(base: CondaBase) -> str:
    """Return a lock of the previous versions alone, in the format of PEP 751."""
    entries = (
        f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        for name, version in base.previous
    )
    return 'lock-version = "1.0"\ncreated-by = "condavision"\n' + "".join(entries)


def _address(stderr: str) -> str:
    """Return the server that is named first, which is the same for every package of an index."""
    found = _SERVER.search(stderr)
    return f" at {without_credentials(found[0])}" if found else ""


def _innermost(stderr: str) -> str:
    """Return uv's last cause without the URL of the package, so that alike failures are alike."""
    lines = _lines(stderr)
    return _FOR_URL.sub("", redacted(lines[-1])) if lines else ""


def _lines(stderr: str) -> list[str]:
    """Return what uv says of an error, less what it advises."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("warning:", "hint:"))]
    return [line.removeprefix("cause: ").removeprefix("error: ") for line in kept]


def _cause(stderr: str) -> str:
    text = " ".join(_lines(stderr))
    return redacted(text.removeprefix("No solution found when resolving dependencies "))
