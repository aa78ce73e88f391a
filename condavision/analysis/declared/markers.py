"""Which platform families and Pythons an environment marker of PEP 508 admits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.platforms import FAMILIES
from condavision.core.pythons import KNOWN, PythonRange, format_minor

if TYPE_CHECKING:
    from packaging.markers import Marker

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
        (name, minor)
        for name, family in FAMILIES.items()
        for minor in KNOWN
        if marker.evaluate({**family.markers(), "python_version": format_minor(minor)})
    ]
    return frozenset(name for name, _ in pairs), PythonRange.of(minor for _, minor in pairs)
