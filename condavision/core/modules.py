"""Dotted names of modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Value = TypeVar("_Value")


def prefixes(module: str) -> Iterator[str]:
    """Yield a dotted module and its parent packages, the longest first."""
    while module:
        yield module
        module = module.rpartition(".")[0]


def longest_prefix(module: str, known: Mapping[str, _Value]) -> tuple[str, _Value] | None:
    """Return the longest of :func:`prefixes` that a mapping has, and its value there."""
    for prefix in prefixes(module) if known else ():
        if prefix in known:
            return prefix, known[prefix]
    return None


def package_of(module: str, *, is_package: bool) -> str:
    """Return the package that relative imports in a module start from; a package starts itself."""
    return module if is_package else module.rpartition(".")[0]


def absolute_name(name: str, level: int, package: str) -> str:
    """Return the dotted name of what a package imports as ``name`` behind ``level`` dots.

    It is empty where that leads out of the package's top level (PEP 328), as it does in a module of
    no package.
    """
    if not level:
        return name
    parts = package.split(".") if package else []
    if level > len(parts):
        return ""
    return ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])
