"""Whether the files that ``init`` wrote are those of this version of condavision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.export.scaffold import FILES, template
from condavision.inspection.doctor.finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.inspection.doctor.finding import Subject


def check_front_ends(subject: Subject) -> Iterator[Finding]:
    """Yield whether the files of ``init`` are this version's; other files are skipped."""
    for name in FILES:
        path, ours = subject.config.root / name, template(name)
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if text == ours:
            yield Finding("project", name, State.OK, "as this version writes it")
        elif text.splitlines()[:1] == ours.splitlines()[:1]:
            found = "edited, or written by another version"
            fix = f"mv {name} {name}.mine && condavision init, then copy your edits"
            yield Finding("project", name, State.WARNING, found, fix)
