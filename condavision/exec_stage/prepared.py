"""A target, or any command, that is ready to start in an environment; the one way to start it."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.environments.activation_scripts import run_batch_scripts
from condavision.errors import CommandError, InstallError
from condavision.system.terminal import shell_word
from condavision.warm import compose, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from condavision.environments.activation import Activation
    from condavision.environments.environment import Environment
    from condavision.project.targets import Target


_START = 1024
_OF_PYTHON = re.compile(rb"#!(?:.*python|.*\n.*exec.*python|(?s:.*)\bpyenv\W+exec\b)")
"""The start of a script of Python, as pip and uv install them, and of pyenv's for any version."""


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
class Activated:
    """An environment to start commands in; ``paths`` are put in front of PYTHONPATH.

    ``name`` is what a person called it. ``script`` is the script that it is for, if any.
    """

    name: str
    script: Path | None
    environment: Environment
    activation: Activation
    paths: tuple[Path, ...]

    def command(
        self, words: Sequence[str], environ: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command that starts a program with its arguments, and its variables.

        It is looked up on PATH after activation: in the environment before anywhere else.

        Raises:
            CommandError: there is no such program.
            InstallError: as :meth:`Prepared.command`.
        """
        program, *arguments = words
        argv, variables = _compose(self, program, arguments, environ)
        found = shutil.which(program, path=variables.get("PATH"))
        if found is None:
            raise self._not_found(program)
        return [*argv[: -len(words)], found, *arguments], variables

    def other_python(self, program: str, environ: Mapping[str, str]) -> str | None:
        """Return the path of a program outside the environment that another Python runs, if so.

        Raises:
            CommandError, InstallError: as :meth:`command`.
        """
        argv, _ = self.command([program], environ)
        is_name = os.path.dirname(program) == ""  # noqa: PTH120 - a Path drops `./`
        inside = Path(argv[-1]).is_relative_to(self.environment.prefix)
        if not is_name or inside:
            return None
        with Path(argv[-1]).open("rb") as file:
            return argv[-1] if _OF_PYTHON.match(file.read(_START)) else None

    def _not_found(self, program: str) -> CommandError:
        where = f"in the environment of {self.name} or elsewhere on PATH"
        programs = {it.name for it in self.environment.python.parent.glob("*")}
        near = get_close_matches(program, sorted(programs))
        return CommandError(
            f"there is no command `{program}` {where}",
            *([f"similar names there: {', '.join(near)}"] if near else []),
            f"list them: run `ls {shell_word(self.environment.python.parent)}`",
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A locked target whose environment exists.

    ``module`` is the name of what Python runs as a module: also in place of a script.
    ``paths`` are put in front of PYTHONPATH. ``inputs`` decided all this: where one of them has
    changed, the target has to be prepared again.
    """

    target: Target
    environment: Environment
    activation: Activation
    paths: tuple[Path, ...]
    inputs: WarmInputs
    module: str = ""

    def command(
        self, args: Iterable[str], environ: Mapping[str, str], script: str = ""
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command that starts the target, and the variables of its process.

        ``environ`` are the variables to activate. ``script`` is the script's path as it is to see
        it in ``sys.argv[0]``; by default that of the target.

        Raises:
            InstallError: an activation script fails (Windows; elsewhere the command runs them).
        """
        name = self.module or script or str(self.target)
        arguments = [*words(name, module=bool(self.module)), *args]
        return _compose(self, str(self.environment.python), arguments, environ)


def _compose(
    found: Prepared | Activated, program: str, arguments: list[str], environ: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    argv, variables = compose(
        arguments,
        environ,
        python=program,
        wrapper=found.activation.wrapper,
        operations=found.activation.operations,
        paths=list(map(str, found.paths)),
    )
    if os.name == "nt" and found.activation.live:
        variables = _after_batch_scripts(found.activation.scripts, variables)
    return argv, variables


def _after_batch_scripts(scripts: tuple[str, ...], variables: dict[str, str]) -> dict[str, str]:
    result = run_batch_scripts(scripts, variables)
    if result is None:
        raise InstallError(
            f"An activation script of the environment fails: {', '.join(scripts)}.",
            "report it to the package's maintainers",
        )
    return result
