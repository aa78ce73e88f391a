"""The table of ``check``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.cli.filling import from_here
from condavision.cli.output import note, print_counts, print_diagnostics
from condavision.cli.wording import notes_of
from condavision.system.progress import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from condavision.errors import Diagnostic
    from condavision.inspection.check import Checked, CheckReport


def print_check_count(report: CheckReport) -> None:
    """Write how many of several scripts have which state."""
    print_counts(Counter(str(checked.state) for checked in report.checked))


def print_why_missing(report: CheckReport) -> None:
    """Write why this machine has no locks, once for all scripts without one."""
    print_diagnostics(found for it in report.checked if it.error for found in it.diagnostics)


def strict_code(code: int, cautions: Collection[Diagnostic]) -> int:
    """Return an exit code as `--strict` has it: where it is 0, and there are cautions, 1."""
    if code or not cautions:
        return code
    note(f"{counted(len(cautions), 'caution')}, which --strict does not accept")
    return 1


def checked_rows(
    names: Iterable[str], checked: Iterable[Checked]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield the rows of ``check``'s table; what is likely wrong with a set is said once."""
    said: set[tuple[str, Diagnostic]] = set()
    for name, it in zip(names, checked, strict=True):
        new = {(it.hash, found): found for found in it.diagnostics if (it.hash, found) not in said}
        said.update(new)
        notes = notes_of(replace(it, diagnostics=(*new.values(),)))
        yield name, it.hash, it.state, from_here("; ".join(notes).replace("\n", "; "))
