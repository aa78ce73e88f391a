"""What conda has locked before the distributions of PyPI are solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.core.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.core.platforms import VirtualPackage

OLDEST_UV_PYTHON = (3, 6)
"""The oldest Python that uv supports; ``pip_solver`` is for 2.7, where nothing newer will do."""

_UV_GLIBC = (40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 28, 17)  # minors that uv has a name for


@dataclass(frozen=True, slots=True)
class CondaBase:
    """The conda packages that distributions are solved for: a platform, its Python and the rest.

    ``python`` is the full version conda locked. ``supplied`` are the distributions that conda
    packages supply, with their versions, ``renamed`` those of them that conda has under another
    name. ``previous`` are (name, version) to keep where possible; the distributions that are needed
    meet the requirements ``agreed``. ``local`` if the Python is one of this machine's interpreters.
    """

    platform: str
    python: str
    virtual_packages: tuple[VirtualPackage, ...]
    supplied: Mapping[str, str]
    previous: tuple[tuple[str, str], ...] = ()
    renamed: frozenset[str] = frozenset()
    agreed: tuple[str, ...] = ()
    local: bool = False

    def version_of(self, name: str, default: str) -> tuple[int, int]:
        """Return major and minor of a virtual package."""
        found = next((package[1] for package in self.virtual_packages if package[0] == name), "")
        major, _, rest = (found or default).partition(".")
        return int(major), int(rest.partition(".")[0] or 0)

    @property
    def uv_platform(self) -> str:
        """The platform as uv names it."""
        minor = self.version_of("__glibc", "2.28")[1]
        known = next((known for known in _UV_GLIBC if known <= minor), _UV_GLIBC[-1])
        return PLATFORMS[self.platform].uv.format(glibc=known)
