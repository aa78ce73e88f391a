"""What follows from an unchanged script, kept so that later commands derive nothing.

What a script requires is a function of its analysis, of the configuration without the options of a
solve, of what was learned, of what the project's files name, and of this release. The cache answers
for the analysis and the release (``analysis.resolve.result_cache``, ``rules_tag``),
:func:`circumstances` for the rest.

Most scripts can run, declare nothing and have nothing to be reported. Of those alone something is
kept, so what is to be said of the others is always derived anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from condavision.core.origin import PickledAsCall
from condavision.locks.modules import modules_text
from condavision.mapping.project_names import project_names
from condavision.project.solve_options import SolveOptions

if TYPE_CHECKING:
    from condavision.mapping.learned import LearnedModules
    from condavision.project.config import Config


@dataclass(frozen=True, slots=True)
class Conclusion(PickledAsCall):
    """What a script requires under some ``circumstances``: its hash, and the digest of its sources.

    ``modules`` are the files of the local modules that it reaches.
    """

    circumstances: str
    hash: str
    digest: str
    modules: tuple[str, ...]


def circumstances(config: Config, learned: LearnedModules) -> str:
    """Return a digest of what decides about requirements beside sources and this release.

    Whether the options of a solve admit a requirement set is decided by those who solve.
    """
    deciding = replace(config, solve=SolveOptions(), flag_platforms=())
    names = sorted(project_names(config.root))
    text = f"{deciding!r}\n{names}\n{modules_text(learned)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
