"""A locked project, the conda-lock command line, and the machine's conda, if any."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from conda_lock.conda_lock import main
from uv import find_uv_bin

from tests.command_line import CommandLine, Finished, InProcess
from tests.interop.images import docker  # noqa: F401 - a fixture
from tests.interop.slurm import slurm  # noqa: F401 - a fixture
from tests.pages import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel

    MakeProject = Callable[[Mapping[str, str]], Path]

_CONDAS = ("micromamba", "mamba", "conda")

SCRIPTS = {
    "web.py": "import requests\nprint(requests.__name__)\n",
    "words.py": "import humanize, six\nprint(humanize.intcomma(1234567), six.__name__)\n",
    "sum.py": "import numpy\nprint(numpy.arange(4).sum())\n",
}
PINNED = '# /// script\n# requires-python = "==3.12.*"\n# ///\n'


@dataclass(frozen=True)
class LockedProject:
    """A project whose scripts can be locked, and its command line."""

    command: CommandLine

    def lock(self, script: str, *platforms: str) -> Path:
        """Lock a script and return the path of its conda-lock file."""
        options = [option for platform in platforms for option in ("--platform", platform)]
        (locked,) = self.command("lock", script, *options, "--json").ok().json()
        return Path(locked["lock"])


@dataclass(frozen=True)
class CondaLock:
    """conda-lock's own command line, in a folder; it never asks the network for its name map.

    It needs no process of its own, which would import all of conda-lock again.
    """

    command: CommandLine
    names: Path

    def __call__(self, *arguments: str | Path) -> Finished:
        root = logging.getLogger()
        level, handlers = root.level, root.handlers[:]
        root.handlers.clear()  # conda-lock closes what it finds
        try:
            with contextlib.chdir(self.command.folder), warnings.catch_warnings(action="ignore"):
                done = CliRunner().invoke(main, list(map(str, arguments)))
        finally:
            root.setLevel(level)
            root.handlers[:] = handlers
        return Finished(done.exit_code, done.stdout, done.stderr)

    def lock(self, *arguments: str | Path) -> Finished:
        """Run ``conda-lock lock``."""
        return self("lock", "--pypi_to_conda_lookup_file", self.names.as_uri(), *arguments)


@pytest.fixture
def project(
    make_project: MakeProject,
    channel: Channel,
    home: Path,
    interpreter: Callable[[Minor], Interpreter],
) -> LockedProject:
    """Scripts on the test channel, for a Python that every platform of it has."""
    interpreter((3, 12))
    scripts = {name: PINNED + text for name, text in SCRIPTS.items()}
    return LockedProject(
        InProcess(make_project({"condavision.toml": f'channels = ["{channel.url}"]\n', **scripts}))
    )


@pytest.fixture
def conda_lock(project: LockedProject, tmp_path: Path) -> CondaLock:
    """conda-lock in the project's folder."""
    names = tmp_path / "names.json"
    names.write_text("{}")
    return CondaLock(project.command, names)


@pytest.fixture(params=_CONDAS)
def conda(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The path of an installed micromamba, mamba or conda; it gets a package cache of its own."""
    found = shutil.which(request.param)
    if found is None or "pyenv" in os.fspath(found):
        pytest.skip(f"{request.param} is not installed on this machine")
    monkeypatch.setenv("CONDA_PKGS_DIRS", str(tmp_path / "conda-packages"))
    monkeypatch.setenv("MAMBA_ROOT_PREFIX", str(tmp_path / "mamba"))
    return found


@pytest.fixture
def clone(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A shell in this clone, with an environment in which nothing is installed yet.

    Its ``pip`` is uv's, which takes a tenth of the time; tests/test_readme.py has the other.
    """
    environment = tmp_path / "env"
    line = [find_uv_bin(), "venv", "-q", "-p", sys.executable, str(environment)]
    subprocess.run(line, check=True)
    pip = environment / "bin" / "pip"
    pip.write_text(f'#!/bin/sh\nexec {shlex.quote(find_uv_bin())} pip "$@"\n')
    pip.chmod(0o755)
    monkeypatch.setenv("VIRTUAL_ENV", str(environment))
    monkeypatch.setenv("PATH", f"{environment / 'bin'}:/usr/bin:/bin")
    return CommandLine(REPOSITORY)
