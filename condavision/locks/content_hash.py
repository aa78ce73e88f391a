"""conda-lock's content hash, by which it compares a lock with its environment.yml.

Importing conda-lock costs 0.6 s, so the computation is repeated here; tests prove it equal to the
original. Source: ``conda_lock/content_hash.py``, conda-lock 4.0.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.core.platforms import VirtualPackage

_TIMESTAMP = 1577854800000  # 2020-01-01, as conda-lock gives its virtual packages


def content_hash(
    channels: Iterable[str],
    conda: Iterable[tuple[str, str]],
    pip: Iterable[tuple[str, tuple[str, ...], str]],
    platform: str,
    virtual_packages: Iterable[VirtualPackage],
) -> str:
    """Return the hash of an environment.yml that pins these packages, for one platform.

    ``conda`` are (name, version), ``pip`` (name, extras, version). ``virtual_packages`` are the
    same as in conda-lock's ``--virtual-package-spec``.
    """
    pip = tuple(pip)
    versions = dict(conda)
    if pip:
        versions["pip"] = "*"  # conda-lock always adds it, whatever the file has
    specs = [_spec("conda", name, version) for name, version in versions.items()]
    specs += [_spec("pip", name, f"=={version}", extras) for name, extras, version in pip]
    content = {
        "channels": [
            json.dumps({"url": url, "used_env_vars": []}, separators=(",", ":"), ensure_ascii=False)
            for url in channels
        ],
        "specs": sorted(specs, key=lambda spec: (spec["manager"], spec["name"])),
        "virtual_package_hash": {
            "noarch": {"info": {"subdir": "noarch"}, "packages": {}},
            platform: {
                "info": {"subdir": platform},
                "packages": _virtual_packages(platform, virtual_packages),
            },
        },
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _spec(manager: str, name: str, version: str, extras: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "build": None,
        "category": "main",
        "conda_channel": None,
        "extras": list(extras),
        "hash": None,
        "manager": manager,
        "name": name,
        "version": version,
    }


def _virtual_packages(platform: str, found: Iterable[VirtualPackage]) -> dict[str, Any]:
    packages = {}
    for name, version, build_string in found:
        build = build_string or "0"
        packages[f"{name}-{version}-{build}.tar.bz2"] = {
            "build": build,
            "build_number": 0,
            "build_string": build_string,
            "depends": [],
            "name": name,
            "noarch": "",
            "package_type": "virtual_system",
            "subdir": platform,
            "timestamp": _TIMESTAMP,
            "version": version,
        }
    return packages
