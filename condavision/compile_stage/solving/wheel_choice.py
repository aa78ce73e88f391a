"""Which artefact of a solved distribution is locked: the best wheel for a Python and a platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging import tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from condavision.compile_stage.solving.failure import FROM_SOURCE
from condavision.core.model import LockedPackage, Manager
from condavision.core.platforms import PLATFORMS, family_of
from condavision.core.pythons import minor_of
from condavision.errors import ChannelError, UnsolvableError
from condavision.system.package_indexes import without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from condavision.compile_stage.solving.conda_base import CondaBase


def locked_packages(
    packages: Iterable[Mapping[str, Any]], base: CondaBase
) -> tuple[LockedPackage, ...]:
    """Return the packages of a ``pylock.toml`` (PEP 751) as locked ones, a file of each.

    Raises:
        UnsolvableError: one has no wheel for the platform, and no source distribution to use.
        ChannelError: an index gives no SHA-256 digest.
    """
    order = {tag: rank for rank, tag in enumerate(_supported_tags(base))}
    return tuple(_locked(package, base.platform, order) for package in packages)


def _locked(
    package: Mapping[str, Any], platform: str, order: Mapping[tags.Tag, int]
) -> LockedPackage:
    name, version = package["name"], package["version"]
    ranked = sorted(
        (rank, index)
        for index, wheel in enumerate(package.get("wheels", ()))
        if (rank := _rank(wheel, order)) is not None
    )
    artefact = package["wheels"][ranked[0][1]] if ranked else package.get("sdist")
    if artefact is None:
        raise UnsolvableError(f"{name} {version} has no wheel for {platform}", *FROM_SOURCE)
    sha256 = artefact.get("hashes", {}).get("sha256")
    url = artefact.get("url") or Path(artefact.get("path", "")).absolute().as_uri()
    url = without_credentials(url)  # which the index has in uv's settings, to install as well
    if not sha256:
        raise ChannelError(
            f"{url} cannot be locked: its index gives no sha256 for it",
            "have the index give SHA-256 digests, or use one that does",
        )
    size = artefact.get("size")
    return LockedPackage(Manager.PYPI, name, version, platform, url, sha256, size=size)


def _rank(wheel: Mapping[str, Any], order: Mapping[tags.Tag, int]) -> int | None:
    url = (wheel.get("url") or wheel["path"]).partition("?")[0]
    filename = wheel.get("name") or url.rpartition("/")[2]
    try:
        *_, wheel_tags = parse_wheel_filename(filename.replace("%2B", "+"))
    except InvalidWheelFilename:
        return None
    return min((order[tag] for tag in wheel_tags if tag in order), default=None)


def _supported_tags(base: CondaBase) -> Iterator[tags.Tag]:
    """Yield the wheel tags of a CPython on a platform, best first (PEP 425)."""
    version = minor_of(base.python)
    platforms = list(platform_tags(base))
    yield from tags.cpython_tags(version, platforms=platforms)
    yield from tags.compatible_tags(version, f"cp{version[0]}{version[1]}", platforms)


def platform_tags(base: CondaBase) -> Iterator[str]:
    """Yield the platform tags of wheels for a platform, best first."""
    machine = PLATFORMS[base.platform].machine
    family = family_of(base.platform)
    if family == "win":
        yield f"win_{machine.lower()}"
    elif family == "osx":
        yield from tags.mac_platforms(base.version_of("__osx", "11.0"), machine)
    else:
        legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
        for minor in range(base.version_of("__glibc", "2.28")[1], 4, -1):
            yield f"manylinux_2_{minor}_{machine}"
            if minor in legacy:
                yield f"{legacy[minor]}_{machine}"
        yield f"linux_{machine}"
