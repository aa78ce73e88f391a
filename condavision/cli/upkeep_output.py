"""The output of ``clean`` and ``doctor``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from condavision.cli.json_output import environment_json
from condavision.cli.lock_wording import stale_words
from condavision.cli.output import environment_row, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.environments.clean import Cleaned
    from condavision.inspection.doctor import Finding


def cleaned_json(cleaned: Cleaned) -> dict[str, Any]:
    """Return the document of ``clean --json``."""
    return {
        "removed": [environment_json(one) for one in cleaned.removed],
        "kept": {str(prefix): user for prefix, user in cleaned.kept.items()},
        "caches": cleaned.caches,
    }


def print_cleaned(cleaned: Cleaned, *, dry_run: bool) -> None:
    """Write what was removed, or would be, and what was kept because it is in use."""
    removed = "would remove" if dry_run else "removed"
    if cleaned.removed:
        headings = (removed, "python", "size", "last used")
        print_table(headings, [environment_row(one)[:4] for one in cleaned.removed])
    if cleaned.caches:
        sys.stdout.write(f"{removed} caches of {cleaned.caches / 1e6:.1f} MB\n")
    for prefix, user in cleaned.kept.items():
        sys.stdout.write(f"kept {prefix.name}: used by {user}; --force removes it\n")
    if not (cleaned.removed or cleaned.caches or cleaned.kept):
        sys.stdout.write("nothing to remove\n")


def print_findings(findings: Iterable[Finding]) -> None:
    """Write the doctor's table."""
    headings = ("what", "area", "state", "found", "fix")
    keys = ("what", "area", "state", "found", "mend")
    print_table(headings, [tuple(finding_json(it)[key] for key in keys) for it in findings])


def finding_json(finding: Finding) -> dict[str, str]:
    """Return the object of ``doctor --json`` for one finding."""
    reasons = stale_words(finding.reasons)
    return {
        "area": finding.area,
        "what": finding.what,
        "state": finding.state.value,
        "found": f"{finding.found}: {reasons}" if reasons else finding.found,
        "mend": finding.fix,
    }
