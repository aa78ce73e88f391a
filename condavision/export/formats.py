"""The formats that other tools install a lock from, one platform at a time.

Every format names exact packages with their hashes, and equal locks give equal bytes. A new format
is one file that defines ``FORMAT`` and one row here. The files are imported when they are used: the
command line shows the names at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.export.share import Format

__all__ = ["FORMATS", "load"]

FORMATS: Mapping[str, tuple[str, str]] = {
    "explicit": ("explicit", "urls with hashes: conda, mamba, pixi"),
    "environment": ("environment_yml", "environment.yml, every package pinned: conda, mamba"),
    "requirements": ("requirements_txt", "where all but Python is from PyPI: pip, uv"),
    "pylock": ("pylock", "the same, as PEP 751 has it"),
    "dockerfile": ("dockerfile", "an image that runs the script or module"),
}
"""By name: the file of the format in this folder, and what ``export --help`` says of it."""


def load(form: str) -> Format:
    """Return a format by its name."""
    found: Format = import_module(f"condavision.export.{FORMATS[form][0]}").FORMAT
    return found
