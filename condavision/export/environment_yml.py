"""``environment``: an ``environment.yml``, for conda and mamba."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from condavision.export.share import ExportFormat, direct, joined, refuse_local

if TYPE_CHECKING:
    from condavision.export.share import Share


def _render(share: Share) -> str:
    """Return an environment.yml with every package pinned, for conda and mamba."""
    refuse_local(share)
    pins = [f"{package.name}={package.version}={package.build}" for package in share.conda]
    lines = [
        f"# The environment of {share.lock.hash} on {share.platform}; written by condavision.",
        f"name: condavision-{share.lock.hash}",
        "channels:",
        *(f"  - {json.dumps(channel)}" for channel in share.lock.channels),
        "dependencies:",
        *(f"  - {json.dumps(pin)}" for pin in pins),
    ]
    if share.pypi:
        lines.append("  - pip:")
        lines += [f"      - {json.dumps(direct(package))}" for package in share.pypi]
    return joined(lines)


FORMAT = ExportFormat(_render)
