"""``pep723``: a comment block for the script itself, for uv, pipx, hatch and conda-exec."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomlkit

from condavision.export.block import array_of, block_of
from condavision.export.share import ExportFormat, joined

if TYPE_CHECKING:
    from condavision.export.share import Share


def _render(share: Share) -> str:
    """Return a block with every package pinned; those of conda are in ``[tool.conda]``.

    From this machine's interpreters comes nothing but Python.
    """
    minor = ".".join(share.python.split(".")[:2])
    document = tomlkit.document()
    document["requires-python"] = f"=={minor}.*"
    document["dependencies"] = array_of(f"{it.name}=={it.version}" for it in share.pypi)
    if not share.lock.is_local:
        conda = tomlkit.table()
        conda["channels"] = list(share.lock.channels)
        pins = (f"{it.name}=={it.version}={it.build}" for it in share.conda)
        conda["dependencies"] = array_of(pins)
        document["tool"] = tomlkit.table(is_super_table=True)
        document["tool"].append("conda", conda)
    return joined(block_of(tomlkit.dumps(document)))


FORMAT = ExportFormat(_render)
