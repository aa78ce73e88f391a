"""``environment``: an ``environment.yml``, for conda and mamba."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.export.share import MARK, ExportFormat, direct, refuse_local
from condavision.locks.yaml_text import yaml_text

if TYPE_CHECKING:
    from condavision.export.share import Share


def _render(share: Share) -> str:
    """Return an environment.yml with every package pinned, for conda and mamba."""
    refuse_local(share)
    dependencies: list[Any] = [f"{it.name}={it.version}={it.build}" for it in share.conda]
    if share.pypi:
        dependencies.append({"pip": list(map(direct, share.pypi))})
    document = {
        "name": f"condavision-{share.lock.hash}",
        "channels": list(share.lock.channels),
        "dependencies": dependencies,
    }
    header = f"# The environment of {share.lock.hash} on {share.platform}; {MARK}.\n"
    return header + yaml_text(document)


FORMAT = ExportFormat(_render)
