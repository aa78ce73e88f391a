"""An opened project: a target, its key in ``scripts.yml`` and its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from condavision.project.config import LOCAL

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.project.config import Config
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class Project:
    """A target and its project; ``key`` is the target's key in ``scripts.yml``."""

    target: Target
    key: str
    config: Config

    def locks(self, *, local: bool) -> Path:
        """Return the folder of this project's locks."""
        return _local(self.config.locks) if local else self.config.locks


@cache
def _local(locks: Path) -> Path:
    return locks / LOCAL  # asked for by each of many scripts
