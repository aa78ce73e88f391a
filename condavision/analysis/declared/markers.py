"""Which platform families and Pythons an environment marker of PEP 508 admits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.pythons import KNOWN, PythonRange, format_minor

if TYPE_CHECKING:
    from packaging.markers import Marker

__all__ = ["FAMILIES", "admitted_by_marker"]

_ENVIRONMENTS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "osx": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "win": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
FAMILIES = frozenset(_ENVIRONMENTS)
"""The platform families that a requirement can be restricted to."""

_OTHER = (
    "python_full_version", "platform_machine", "platform_release", "platform_version",
    "platform_python_implementation", "implementation_name", "implementation_version", "extra",
)  # fmt: skip


def admitted_by_marker(marker: Marker) -> tuple[frozenset[str], PythonRange] | None:
    """Return the families and the Pythons that it may hold on; None where it asks about more."""
    text = str(marker)
    if any(variable in text for variable in _OTHER):
        return None
    pairs = [
        (family, minor)
        for family, environment in _ENVIRONMENTS.items()
        for minor in KNOWN
        if marker.evaluate({**environment, "python_version": format_minor(minor)})
    ]
    return frozenset(family for family, _ in pairs), PythonRange.of(minor for _, minor in pairs)
