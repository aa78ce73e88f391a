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
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from condavision.core.model import Manager, ScriptMetadata
from condavision.core.origin import PickledAsCall
from condavision.inference.inference import Inference
from condavision.locks.modules import modules_text
from condavision.mapping.project_names import project_names
from condavision.project.solve_options import SolveOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from condavision.errors import Diagnostic
    from condavision.inference.inference import Candidate
    from condavision.mapping.import_map import ImportMap
    from condavision.mapping.learned import LearnedModules, LearnedNeed
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


def conclusion_of(inference: Inference, circumstances: str) -> Conclusion | None:
    """Return what later commands need of a target that can run and has no mistakes.

    That is None if there is more to it: something declared, learned, to accept or to look up, or a
    package of a channel of its own, which may be a folder.
    """
    if (
        inference.metadata != ScriptMetadata()
        or inference.paths
        or inference.needs
        or inference.candidates
        or any(it.manager is Manager.IMPORT for it in inference.requirements.requirements)
        or any(
            it.requirement and "channel" in it.requirement.constraint
            for it in inference.resolutions
        )
    ):
        return None
    modules = tuple(it.path.as_posix() for it in inference.analysis.files[1:])
    return Conclusion(circumstances, inference.hash, inference.digest, modules)


@dataclass(frozen=True)
class ConcludedInference(Inference):
    """What an earlier command has concluded of a target: :func:`conclusion_of` says of which.

    ``derive`` is called only where that does not suffice.
    """

    conclusion: Conclusion = field(kw_only=True)

    @property
    def needs(self) -> tuple[LearnedNeed, ...]:
        """Nothing: it would not have been concluded."""
        return ()

    @property
    def metadata(self) -> ScriptMetadata:
        """What it declares: nothing."""
        return ScriptMetadata()

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels to solve with, none of which it declares."""
        return self.project.config.channels_for(())

    @property
    def paths(self) -> tuple[Path, ...]:
        """The local search paths that came from PYTHONPATH: none."""
        return ()

    @property
    def digest(self) -> str:
        """The digest of everything that it was derived from."""
        return self.conclusion.digest

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The distributions that somebody has to accept: none."""
        return ()

    def require_known(self, import_map: ImportMap, diagnostics: Iterable[Diagnostic]) -> None:
        """Return: no import is unknown."""

    def require_runnable(
        self, require_readable: Callable[..., None], script: Path | None = None
    ) -> None:
        """Return: some Python runs it."""
