"""The virtual packages a lock is solved for, by platform.

A lock must not depend on the machine that made it, so these are conda-lock's documented defaults
(its ``default-virtual-packages.yaml``, 4.0) and not what this machine has. They take part in
conda-lock's content hash, which is why they are kept in its form: name, version, build string.
A project can change them; what it changed is recorded in its locks.
"""

from __future__ import annotations

import platform as machine_platform
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "PLATFORMS",
    "VIRTUAL_PACKAGES",
    "VirtualPackage",
    "current_subdir",
    "for_conda_lock",
    "virtual_packages",
]

VirtualPackage = tuple[str, str, str]
"""Name, version, build string."""

_LINUX = (("__unix", "0", ""), ("__linux", "5.10", ""), ("__glibc", "2.28", ""))
_OSX = (("__unix", "0", ""), ("__osx", "11.0", ""))
_CUDA = ("__cuda", "11.4", "")

VIRTUAL_PACKAGES: dict[str, tuple[VirtualPackage, ...]] = {
    "linux-64": (*_LINUX, ("__archspec", "1", "x86_64"), _CUDA),
    "linux-aarch64": (*_LINUX, ("__archspec", "1", "aarch64"), _CUDA),
    "linux-ppc64le": (*_LINUX, ("__archspec", "1", "ppc64le"), _CUDA),
    "osx-64": (*_OSX, ("__archspec", "1", "x86_64")),
    "osx-arm64": (*_OSX, ("__archspec", "1", "arm64")),
    "win-64": (("__win", "0", ""), ("__archspec", "1", "x86_64"), _CUDA),
}

PLATFORMS = tuple(VIRTUAL_PACKAGES)
"""Every platform a lock can be made for."""


def virtual_packages(platform: str, changes: Mapping[str, str]) -> tuple[VirtualPackage, ...]:
    """Return the virtual packages of a platform: the defaults, as ``changes`` has them.

    Keys of ``changes`` are ``__glibc`` (wherever a platform has it by default) or
    ``linux-64/__glibc``, which wins and can add one; values are ``VERSION``, ``VERSION BUILD``, or
    empty for none.
    """
    found = {name: (name, version, build) for name, version, build in VIRTUAL_PACKAGES[platform]}
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


_SYSTEMS = {"linux": "linux", "darwin": "osx", "win32": "win"}
_MACHINES = {"x86_64": "64", "amd64": "64", "i686": "32", "x86": "32"}


def current_subdir() -> str:
    """Return the subdir of the machine we run on, such as ``linux-64`` or ``osx-arm64``.

    rattler knows it too, but importing rattler costs more than the rest of a run.
    """
    system = _SYSTEMS.get(sys.platform, sys.platform)
    machine = machine_platform.machine().lower()
    if machine == "aarch64" and system != "linux":
        machine = "arm64"
    return f"{system}-{_MACHINES.get(machine, machine)}"
