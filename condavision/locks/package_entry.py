"""One package in a conda-lock file."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from condavision.core.model import LockedPackage, Manager

_MANAGERS = {"conda": Manager.CONDA, "pip": Manager.PYPI}
_TEXT = re.compile(r"(?s).+")
_MD5 = re.compile(r"[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
        TypeError: a field is not a text, or not a mapping of texts.
        ValueError: a digest is not one, or the url is not of that package.
    """
    manager = _MANAGERS[text_in(entry["manager"])]
    name, version, url = (text_in(entry[key]) for key in ("name", "version", "url"))
    md5 = entry["hash"].get("md5")
    return LockedPackage(
        manager=manager,
        name=name,
        version=version,
        platform=text_in(entry["platform"]),
        url=url,
        sha256=text_in(entry["hash"]["sha256"], _SHA256),
        md5=None if md5 is None else text_in(md5, _MD5),
        build=_build(name, version, url) if manager is Manager.CONDA else None,
        dependencies=texts_in(entry["dependencies"]),
    )


def text_in(value: object, pattern: re.Pattern[str] = _TEXT) -> str:
    """Return a value that is a text of a pattern, by default one with anything in it.

    Raises:
        TypeError: it is not a text.
        ValueError: it does not match.
    """
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} is not of the form {pattern.pattern}")
    return value


def texts_in(value: object) -> dict[str, str]:
    """Return a value that is a mapping of texts to texts.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, dict) or not all(
        isinstance(text, str) for pair in value.items() for text in pair
    ):
        raise TypeError(f"{value!r} is not a mapping of texts")
    return value


def _build(name: str, version: str, url: str) -> str:
    """Return the build string, the end of a conda file name: ``name-version-build.conda``."""
    stem = unquote(urlsplit(url).path.rpartition("/")[2])
    stem = stem.removesuffix(".conda").removesuffix(".tar.bz2")
    prefix = f"{name}-{version}-"
    if not stem.startswith(prefix):
        raise ValueError(f"{url} is not {name} {version}")
    return stem.removeprefix(prefix)
