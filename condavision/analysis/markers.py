"""Which platform families an environment marker of PEP 508 admits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.markers import Marker

__all__ = ["platforms_of_marker"]

_ENVIRONMENTS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "osx": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "win": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
_OTHER = (
    "python_version", "python_full_version", "platform_machine", "platform_release",
    "platform_version", "platform_python_implementation", "implementation_name",
    "implementation_version", "extra",
)  # fmt: skip


def platforms_of_marker(marker: Marker) -> frozenset[str] | None:
    """Return the families it holds on, or None where it asks about more than the platform."""
    text = str(marker)
    if any(variable in text for variable in _OTHER):
        return None
    return frozenset(
        family for family, environment in _ENVIRONMENTS.items() if marker.evaluate(environment)
    )
