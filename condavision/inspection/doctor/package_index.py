"""Whether uv can read its package index, and how fast."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from uv import find_uv_bin

from condavision.inspection.doctor.finding import UNREACHABLE, Finding, State
from condavision.system.error_text import certificate_hint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.inspection.doctor.finding import Subject

_TIMEOUT = 60.0  # seconds


def check_package_index(_: Subject) -> Iterator[Finding]:
    """Yield whether uv can read the package index that it is configured for."""
    what = "package index"
    command = [find_uv_bin(), "pip", "compile", "-", "--no-deps", "--no-cache", "--quiet"]
    began = time.monotonic()
    try:
        answer = subprocess.run(
            command, input="pip", capture_output=True, text=True, check=False, timeout=_TIMEOUT
        )
    except subprocess.TimeoutExpired:
        yield Finding("network", what, State.WARNING, "does not answer", UNREACHABLE)
        return
    if answer.returncode == 0:
        found = f"answers uv in {time.monotonic() - began:.2f} s"
        yield Finding("network", what, State.OK, found)
    else:
        reason = answer.stderr.strip().splitlines()[-1].strip() if answer.stderr.strip() else ""
        fix = certificate_hint(reason) or f"{UNREACHABLE}, and uv's index settings"
        yield Finding("network", what, State.WARNING, f"uv cannot read it: {reason}", fix)
