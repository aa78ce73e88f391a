"""One package in a conda-lock file."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from condavision.core.model import LockedPackage, Manager

_MANAGERS = {"conda": Manager.CONDA, "pip": Manager.PYPI}


def package_entry(package: LockedPackage) -> dict[str, Any]:
    """Return the entry of a package."""
    hashes = {"md5": package.md5} if package.md5 else {}
    return {
        "name": package.name,
        "version": package.version,
        "manager": "pip" if package.manager is Manager.PYPI else "conda",
        "platform": package.platform,
        "dependencies": dict(sorted(package.dependencies.items())),
        "url": package.url,
        "hash": {**hashes, "sha256": package.sha256},
        "category": "main",
        "optional": False,
    }


def read_package(entry: dict[str, Any]) -> LockedPackage:
    """Read one entry of a conda-lock file, ours or another's.

    Raises:
        KeyError: it lacks a field.
        ValueError: its url is not of that package.
    """
    manager = _MANAGERS[entry["manager"]]
    name, version, url = entry["name"], entry["version"], entry["url"]
    hashes = entry["hash"]
    return LockedPackage(
        manager=manager,
        name=name,
        version=version,
        platform=entry["platform"],
        url=url,
        sha256=hashes["sha256"],
        md5=hashes.get("md5"),
        build=_build(name, version, url) if manager is Manager.CONDA else None,
        dependencies=entry["dependencies"],
    )


def _build(name: str, version: str, url: str) -> str:
    """Return the build string, the end of a conda file name: ``name-version-build.conda``."""
    stem = unquote(urlsplit(url).path.rpartition("/")[2])
    stem = stem.removesuffix(".conda").removesuffix(".tar.bz2")
    prefix = f"{name}-{version}-"
    if not stem.startswith(prefix):
        raise ValueError(f"{url} is not {name} {version}")
    return stem.removeprefix(prefix)
