"""Whether the configuration of the project can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.inspection.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.inspection.doctor.finding import Subject


def check_configuration(subject: Subject) -> Iterator[Finding]:
    """Yield the mistakes in the settings."""
    if subject.error:
        yield Finding.of_error("project", "configuration", subject.error)
