"""``requirements``: a ``requirements.txt``, for pip and uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.export.share import ExportFormat, joined, refuse_conda

if TYPE_CHECKING:
    from condavision.export.share import Share


def _render(share: Share) -> str:
    """Return a requirements file with hashes, for pip and uv."""
    refuse_conda(share, "requirements.txt")
    lines = [
        f"# {share.lock.hash} for Python {share.python} on {share.platform}; by condavision.",
        *(f"{item.name}=={item.version} --hash=sha256:{item.sha256}" for item in share.pypi),
    ]
    return joined(lines)


FORMAT = ExportFormat(_render)
