"""The engines of solves; alone here, as the command line reads them at every start."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """Who solves for conda packages."""

    RATTLER = "rattler"
    CONDA_LOCK = "conda-lock"
    """conda-lock, which drives the user's own conda, mamba or micromamba."""
