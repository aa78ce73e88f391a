"""``explicit``: urls with hashes, for conda, mamba and pixi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.export.share import ExportFormat, OnlyInComments, direct, joined, refuse_local

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.core.model import LockedPackage
    from condavision.errors import Diagnostic
    from condavision.export.share import Share


def _render(share: Share) -> str:
    """Return urls with MD5, as ``conda list --explicit --md5`` prints them.

    Every conda, mamba and pixi checks MD5; conda before 24.9 takes a SHA-256 for a damaged URL.
    Packages from PyPI are in comments that ``conda-lock install`` reads and the others ignore.
    """
    refuse_local(share)
    lines = [
        f"# The environment of {share.lock.hash}; written by condavision.",
        f"# platform: {share.platform}",
        "@EXPLICIT",
        *(f"{it.url}#{it.md5 or it.sha256}" for it in _in_link_order(share.conda)),
        *(f"# pip {direct(package)}" for package in share.pypi),
    ]
    return joined(lines)


def _in_link_order(packages: tuple[LockedPackage, ...]) -> Iterator[LockedPackage]:
    """Yield each package after those it depends on: some tools link in the order of the file.

    The dependency of Python on pip is skipped: pip depends on Python.
    """
    by_name = {package.name: package for package in packages}
    done: set[str] = set()

    def visit(package: LockedPackage) -> Iterator[LockedPackage]:
        if package.name in done:
            return
        done.add(package.name)
        for name in sorted(package.dependencies):
            if name in by_name and (package.name, name) != ("python", "pip"):
                yield from visit(by_name[name])
        yield package

    for name in sorted(by_name):
        yield from visit(by_name[name])


def _diagnose(share: Share) -> tuple[Diagnostic, ...]:
    names = tuple(package.name for package in share.pypi)
    return (OnlyInComments(names),) if names else ()


FORMAT = ExportFormat(_render, diagnose=_diagnose)
