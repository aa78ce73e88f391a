"""Dotted names of modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def prefixes(module: str) -> Iterator[str]:
    """Yield a dotted module and its parent packages, the longest first."""
    while module:
        yield module
        module = module.rpartition(".")[0]
