"""A target that is ready to start, and the one way to start it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.environments.activation_scripts import run_batch_scripts
from condavision.errors import InstallError
from condavision.project.targets import Module
from condavision.warm import compose, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from condavision.environments.activation import Activation
    from condavision.environments.environment import Environment
    from condavision.project.targets import Target


@dataclass(frozen=True, slots=True)
class WarmInputs:
    """Everything that decided how a script runs.

    ``files`` need not exist: one that appears (a configuration, say) counts as a change.
    ``folders`` are those searched for modules. ``variables`` are environment variables and their
    values, None where not set. ``started`` is ``time.time_ns()`` before the first of them was read.
    """

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    variables: Mapping[str, str | None]
    started: int = field(default_factory=time.time_ns)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A locked target whose environment exists.

    ``paths`` are put in front of PYTHONPATH. ``inputs`` decided all this: where one of them has
    changed, the target has to be prepared again.
    """

    target: Target
    environment: Environment
    activation: Activation
    paths: tuple[Path, ...]
    inputs: WarmInputs

    def command(
        self, args: Iterable[str], environ: Mapping[str, str], script: str = ""
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command that starts the target, and the variables of its process.

        ``environ`` are the variables to activate. ``script`` is the script's path as it is to see
        it in ``sys.argv[0]``; by default that of the target.

        Raises:
            InstallError: an activation script fails (Windows; elsewhere the command runs them).
        """
        module = isinstance(self.target, Module)
        name = self.target.name if isinstance(self.target, Module) else script or str(self.target)
        argv, variables = compose(
            [*words(name, module=module), *args],
            environ,
            python=str(self.environment.python),
            wrapper=self.activation.wrapper,
            operations=self.activation.operations,
            paths=list(map(str, self.paths)),
        )
        if os.name == "nt" and self.activation.live:
            variables = _after_batch_scripts(self.activation.scripts, variables)
        return argv, variables


def _after_batch_scripts(scripts: tuple[str, ...], variables: dict[str, str]) -> dict[str, str]:
    result = run_batch_scripts(scripts, variables)
    if result is None:
        raise InstallError(
            f"An activation script of the environment fails: {', '.join(scripts)}.",
            "report it to the package's maintainers",
        )
    return result
