"""The formats that other tools install a lock from, one platform at a time.

Every format names exact packages, with their hashes where it has a place for them; equal locks give
equal bytes. A new format is one file that defines ``FORMAT``, and one row here. A file is imported
when it is used: the command line reads this table at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.export.share import ExportFormat

FORMATS: Mapping[str, tuple[str, str]] = {
    "explicit": ("explicit", "urls with hashes: conda, mamba, pixi"),
    "environment": ("environment_yml", "environment.yml, every package pinned: conda, mamba"),
    "requirements": (
        "requirements_txt",
        "requirements.txt, if all but Python is from PyPI: pip, uv",
    ),
    "pylock": ("pylock", "pylock.toml (PEP 751), if all but Python is from PyPI: pip, uv"),
    "pep723": ("pep723", "a comment block for the script: uv, pipx, hatch, conda-exec"),
    "dockerfile": ("dockerfile", "an image that runs the script or module"),
    "snakemake": ("snakemake", "environment.yml and its pin files: Snakemake's `conda:` rules"),
    "ray": ("ray", "a runtime environment, if it has Ray: ray.init, `ray job submit`"),
    "slurm": ("slurm", "a job array that runs the script once for each line of a file"),
}
"""By name: the file of the format in this folder, and its description in ``export --help``."""


def load(form: str) -> ExportFormat:
    """Return a format by its name."""
    found: ExportFormat = import_module(f"condavision.export.{FORMATS[form][0]}").FORMAT
    return found
