"""Compiled bytecode for packages that come without: noarch conda packages, and PyPI's.

conda and mamba compile on installation, rattler and uv do not; the first import then pays, and in
a prefix that its user cannot write every import.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["compile_prefix"]


def compile_prefix(prefix: Path, python: Path, inherit: tuple[int, ...] = ()) -> None:
    """Compile what is below the prefix's site-packages and has no bytecode yet, in parallel.

    Files that do not compile are left to fail when they are imported, as conda does. ``inherit``
    are file descriptors that the compiler keeps open.
    """
    sources = _uncompiled(prefix)
    if not sources:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt", errors="surrogateescape") as listing:
        listing.write("".join(f"{source}\n" for source in sources))
        listing.flush()
        command = [str(python), "-E", "-s", "-m", "compileall", "-q", "-i", listing.name]
        workers = min(os.cpu_count() or 1, 1 + len(sources) // 100)
        if workers > 1 and not (prefix / "lib" / "python2.7").exists():
            command[-2:-2] = ["-j", str(workers)]
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            pass_fds=inherit,
        )


def _uncompiled(prefix: Path) -> list[Path]:
    return sorted(
        prefix / name
        for record in (prefix / "conda-meta").glob("*.json")
        for name in _files(record)
        if name.endswith(".py") and "site-packages/" in name
    )


def _files(record: Path) -> list[str]:
    content = json.loads(record.read_bytes())
    return list(content["files"]) if content.get("noarch") == "python" else []
