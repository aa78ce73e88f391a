"""The platforms a lock can be made for: everything that differs between them, one row each.

A lock must not depend on the machine that made it, so virtual packages are conda-lock's documented
defaults (its ``default-virtual-packages.yaml``, 4.0) and not what this machine has. They take part
in conda-lock's content hash, which is why they are kept in its form: name, version, build string.
A project can change them; its locks record the changes.
"""

from __future__ import annotations

import platform as machine_platform
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VirtualPackage = tuple[str, str, str]
"""Name, version, build string."""


@dataclass(frozen=True, slots=True)
class Family:
    """An operating system as Python names it: what platform conditions in code can tell apart."""

    sys_platform: str
    platform_system: str
    os_name: str

    def markers(self) -> dict[str, str]:
        """Return its values of environment markers (PEP 508)."""
        return asdict(self)


FAMILIES: Mapping[str, Family] = {
    "linux": Family("linux", "Linux", "posix"),
    "osx": Family("darwin", "Darwin", "posix"),
    "win": Family("win32", "Windows", "nt"),
}
"""The families by the name that conda's subdirs start with."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that locks are made for.

    ``machine`` is what ``platform.machine()`` returns there, ``selector`` what conda-lock calls the
    platform in ``# [selector]``. ``uv`` is uv's name of it, with ``{glibc}`` for the minor version
    of glibc, and ``image`` that of container images; empty where there is none.
    """

    subdir: str
    machine: str
    selector: str
    virtual_packages: tuple[VirtualPackage, ...]
    uv: str = ""
    image: str = ""

    @property
    def family(self) -> Family:
        """The operating system."""
        return FAMILIES[family_of(self.subdir)]

    @property
    def marker(self) -> str:
        """The environment marker (PEP 508) that holds on this platform alone."""
        system = self.family.sys_platform
        return f"sys_platform == '{system}' and platform_machine == '{self.machine}'"


_LINUX = (("__unix", "0", ""), ("__linux", "5.10", ""), ("__glibc", "2.28", ""))
_OSX = (("__unix", "0", ""), ("__osx", "11.0", ""))
_WIN = (("__win", "0", ""),)
_CUDA = ("__cuda", "11.4", "")


def _processor(name: str) -> VirtualPackage:
    return ("__archspec", "1", name)


_ROWS = (
    Platform(
        "linux-64", "x86_64", "linux64", (*_LINUX, _processor("x86_64"), _CUDA),
        uv="x86_64-manylinux_2_{glibc}", image="linux/amd64",
    ),
    Platform(
        "linux-aarch64", "aarch64", "aarch64", (*_LINUX, _processor("aarch64"), _CUDA),
        uv="aarch64-manylinux_2_{glibc}", image="linux/arm64",
    ),
    Platform(
        "linux-ppc64le", "ppc64le", "ppc64le", (*_LINUX, _processor("ppc64le"), _CUDA),
        image="linux/ppc64le",
    ),
    Platform(
        "osx-64", "x86_64", "osx64", (*_OSX, _processor("x86_64")), uv="x86_64-apple-darwin"
    ),
    Platform(
        "osx-arm64", "arm64", "arm64", (*_OSX, _processor("arm64")), uv="aarch64-apple-darwin"
    ),
    Platform(
        "win-64", "AMD64", "win64", (*_WIN, _processor("x86_64"), _CUDA),
        uv="x86_64-pc-windows-msvc",
    ),
)  # fmt: skip

PLATFORMS: Mapping[str, Platform] = {row.subdir: row for row in _ROWS}
"""Every platform a lock can be made for, by subdir, in the order of lock files."""


def family_of(subdir: str) -> str:
    """Return the family that a subdir belongs to: ``linux``, ``osx`` or ``win``."""
    return subdir.partition("-")[0]


def virtual_packages(platform: str, changes: Mapping[str, str]) -> tuple[VirtualPackage, ...]:
    """Return the virtual packages of a platform: the defaults, as ``changes`` has them.

    Keys of ``changes`` are ``__glibc`` (wherever a platform has it by default) or
    ``linux-64/__glibc``, which wins and can add one; values are ``VERSION``, ``VERSION BUILD``, or
    empty for none.
    """
    found = {package[0]: package for package in PLATFORMS[platform].virtual_packages}
    general = {key: value for key, value in changes.items() if key in found}
    own = {
        key.removeprefix(f"{platform}/"): value
        for key, value in changes.items()
        if key.startswith(f"{platform}/")
    }
    for name, value in {**general, **own}.items():
        version, _, build = value.partition(" ")
        found[name] = (name, version, build)
    return tuple(package for package in found.values() if package[1])


def for_conda_lock(found: Mapping[str, Iterable[VirtualPackage]]) -> dict[str, Any]:
    """Return the virtual packages of platforms as conda-lock's ``--virtual-package-spec`` reads."""
    return {
        "subdirs": {
            platform: {
                "packages": {
                    name: f"{version} {build}".strip() for name, version, build in packages
                }
            }
            for platform, packages in found.items()
        }
    }


def subdir_of(family: str, machine: str) -> str:
    """Return the subdir of a machine: ``linux-64`` for ``linux`` and ``x86_64``.

    A machine that no lock is made for keeps its own name: ``linux-riscv64``.
    """
    rows = (row for row in PLATFORMS.values() if family_of(row.subdir) == family)
    found = (row.subdir for row in rows if row.machine.lower() == machine.lower())
    return next(found, f"{family}-{machine.lower()}")


def current_subdir() -> str:
    """Return the subdir of this machine, such as ``linux-64`` or ``osx-arm64``.

    rattler knows it too, but importing rattler takes longer than the rest of a run.
    """
    families = (name for name, family in FAMILIES.items() if family.sys_platform == sys.platform)
    return subdir_of(next(families, sys.platform), machine_platform.machine())
