"""Distributions that no channel has, solved by uv for a Python that conda locked.

What conda supplies is *excluded* from uv's solve: as constraints it would make uv put a second copy
in under another name. Only wheels are taken, unless source distributions are allowed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uv
from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from condavision.errors import ChannelError, UnsolvableError
from condavision.model import LockedPackage, Manager

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.model import Requirement

__all__ = ["OLDEST_PYTHON", "PyPISolver"]

OLDEST_PYTHON = (3, 6)
"""What uv reaches back to; below, a channel has to have the package."""

_UV_PLATFORMS = {
    "linux-64": "x86_64-manylinux_2_28",
    "linux-aarch64": "aarch64-manylinux_2_28",
    "osx-64": "x86_64-apple-darwin",
    "osx-arm64": "aarch64-apple-darwin",
    "win-64": "x86_64-pc-windows-msvc",
}
_GLIBC = (2, 28)  # as the virtual package __glibc says
_MACOS = (11, 0)  # as the virtual package __osx says
_UNREACHABLE = ("Failed to fetch", "error sending request", "Could not connect", "dns error")


@dataclass(frozen=True, slots=True)
class PyPISolver:
    """uv with its cache; indexes and credentials are those uv itself is configured with."""

    cache: Path
    allow_sdist: bool = False

    def solve(
        self,
        requirements: Iterable[Requirement],
        python_version: str,
        platform: str,
        excluded: Iterable[str],
    ) -> tuple[LockedPackage, ...]:
        """Solve distributions for one platform.

        ``python_version`` is the full version conda locked, ``excluded`` the distribution names
        that conda packages supply.

        Raises:
            UnsolvableError: uv found no solution; carries uv's reason.
            ChannelError: the index cannot be reached.
        """
        requirements = tuple(requirements)
        version = tuple(int(part) for part in python_version.split(".")[:2])
        names = ", ".join(requirement.name for requirement in requirements)
        if version < OLDEST_PYTHON:
            raise UnsolvableError(
                f"{names}: no configured channel has it, and packages from PyPI cannot be had for"
                f" Python {python_version}",
                "add a channel that has it: condavision lock -c CHANNEL SCRIPT",
            )
        if platform not in _UV_PLATFORMS:
            raise UnsolvableError(
                f"{names}: no configured channel has it for {platform}, where packages from PyPI"
                " are not supported"
            )
        with tempfile.TemporaryDirectory(prefix="condavision-") as folder:
            document = self._compile(
                Path(folder), requirements, python_version, platform, tuple(excluded)
            )
        order = {tag: rank for rank, tag in enumerate(_supported_tags(version, platform))}
        return tuple(_locked(package, platform, order) for package in document.get("packages", ()))

    def _compile(
        self,
        folder: Path,
        requirements: tuple[Requirement, ...],
        python_version: str,
        platform: str,
        excluded: tuple[str, ...],
    ) -> dict[str, Any]:
        lines = sorted(_pep508(requirement) for requirement in requirements)
        (folder / "requirements.in").write_text("\n".join(lines), encoding="utf-8")
        (folder / "excludes.txt").write_text("\n".join(sorted(excluded)), encoding="utf-8")
        command = [
            uv.find_uv_bin(),
            *("pip", "compile", "requirements.in"),
            *("--output-file", "pylock.toml", "--format", "pylock.toml"),
            *("--python-version", python_version, "--python-platform", _UV_PLATFORMS[platform]),
            *("--python", sys.executable),  # or uv probes every Python of the machine, for 2 s
            *("--excludes", "excludes.txt", "--no-header", "--quiet", "--color", "never"),
            *("--cache-dir", str(self.cache)),
            *(() if self.allow_sdist else ("--only-binary", ":all:")),
        ]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("VIRTUAL_ENV")
        }
        environment["UV_PYTHON_DOWNLOADS"] = "never"
        result = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if result.returncode:
            raise _uv_error(result.stderr, python_version, platform)
        return tomllib.loads((folder / "pylock.toml").read_text(encoding="utf-8"))


def _pep508(requirement: Requirement) -> str:
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.constraint}"


def _uv_error(stderr: str, python_version: str, platform: str) -> ChannelError | UnsolvableError:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("warning:", "hint:"))]
    text = " ".join(line.removeprefix("cause: ").removeprefix("error: ") for line in lines)
    if any(sign in text for sign in _UNREACHABLE):
        return ChannelError(
            f"the package index cannot be reached: {text}",
            "a certificate of your organization's: type export UV_SYSTEM_CERTS=1, then try again"
            if "certificate" in text
            else "check the network, then try again",
        )
    text = text.removeprefix("No solution found when resolving dependencies ")
    return UnsolvableError(
        f"no set of wheels for Python {python_version} on {platform} meets the requirements: {text}"
    )


def _locked(package: dict[str, Any], platform: str, order: dict[tags.Tag, int]) -> LockedPackage:
    name, version = package["name"], package["version"]
    ranked = sorted(
        (rank, index)
        for index, wheel in enumerate(package.get("wheels", ()))
        if (rank := _rank(wheel, order)) is not None
    )
    artefact = package["wheels"][ranked[0][1]] if ranked else package.get("sdist")
    if artefact is None:
        raise UnsolvableError(f"{name} {version} has no wheel for {platform}")
    sha256 = artefact.get("hashes", {}).get("sha256")
    url = artefact.get("url") or Path(artefact.get("path", "")).absolute().as_uri()
    if not sha256:
        raise ChannelError(f"{url} cannot be locked: its index gives no sha256 for it")
    return LockedPackage(Manager.PYPI, name, version, platform, url, sha256)


def _rank(wheel: dict[str, Any], order: dict[tags.Tag, int]) -> int | None:
    filename = wheel.get("name") or (wheel.get("url") or wheel["path"]).rpartition("/")[2]
    try:
        *_, wheel_tags = parse_wheel_filename(filename.replace("%2B", "+"))
    except InvalidWheelFilename:
        return None
    return min((order[tag] for tag in wheel_tags if tag in order), default=None)


def _supported_tags(version: tuple[int, ...], platform: str) -> Iterator[tags.Tag]:
    """Yield the wheel tags of a CPython on a platform, best first (PEP 425)."""
    platforms = list(_platform_tags(platform))
    yield from tags.cpython_tags(version, platforms=platforms)
    yield from tags.compatible_tags(version, f"cp{version[0]}{version[1]}", platforms)


def _platform_tags(platform: str) -> Iterator[str]:
    if platform == "win-64":
        yield "win_amd64"
    elif platform.startswith("osx"):
        yield from tags.mac_platforms(_MACOS, "arm64" if platform == "osx-arm64" else "x86_64")
    else:
        machine = "x86_64" if platform == "linux-64" else "aarch64"
        legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
        for minor in range(_GLIBC[1], 4, -1):
            yield f"manylinux_2_{minor}_{machine}"
            if minor in legacy:
                yield f"{legacy[minor]}_{machine}"
        yield f"linux_{machine}"
