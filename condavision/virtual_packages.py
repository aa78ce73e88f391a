"""The virtual packages a lock is solved for, by platform.

A lock must not depend on the machine that made it, so these are conda-lock's documented defaults
(its ``default-virtual-packages.yaml``, 4.0) and not what this machine has. They take part in
conda-lock's content hash, which is why they are kept in its form: name, version, build string.
"""

from __future__ import annotations

__all__ = ["PLATFORMS", "VIRTUAL_PACKAGES"]

_LINUX = (("__unix", "0", ""), ("__linux", "5.10", ""), ("__glibc", "2.28", ""))
_OSX = (("__unix", "0", ""), ("__osx", "11.0", ""))
_CUDA = ("__cuda", "11.4", "")

VIRTUAL_PACKAGES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "linux-64": (*_LINUX, ("__archspec", "1", "x86_64"), _CUDA),
    "linux-aarch64": (*_LINUX, ("__archspec", "1", "aarch64"), _CUDA),
    "linux-ppc64le": (*_LINUX, ("__archspec", "1", "ppc64le"), _CUDA),
    "osx-64": (*_OSX, ("__archspec", "1", "x86_64")),
    "osx-arm64": (*_OSX, ("__archspec", "1", "arm64")),
    "win-64": (("__win", "0", ""), ("__archspec", "1", "x86_64"), _CUDA),
}

PLATFORMS = tuple(VIRTUAL_PACKAGES)
"""Every platform a lock can be made for."""
