"""The two stages of condavision as nox sessions.

nox -s lock -- SCRIPT...       read the scripts, solve once, write the lock files to commit
nox -s check                   report whether the committed locks still fit
nox -s install -- SCRIPT...    install environments ahead of time
nox -s run -- SCRIPT ARGS...   run a locked script; the exit code is the script's own
nox -s run -- -m MODULE ARGS...  run a module; lock, check and install accept -m as well
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nox

nox.options.sessions = ["check"]


def become(session, *words):
    """Replace nox by condavision, so that streams, signals and exit code are condavision's."""
    beside_nox = shutil.which("condavision", path=sysconfig.get_path("scripts"))
    found = beside_nox or shutil.which("condavision")
    if not found:
        session.error(
            "condavision is not installed; run `uv tool install condavision`"
            f" or `{sys.executable} -m pip install condavision`"
        )
    command = [str(Path(found).absolute()), *words]
    os.chdir(session.invoked_from)
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # Windows cannot replace a process
        os._exit(subprocess.call(command))
    os.execv(command[0], command)


@nox.session(venv_backend="none")
def lock(session):
    """Compile stage: lock scripts (default: the whole repository)."""
    become(session, "lock", *(session.posargs or ["."]))


@nox.session(venv_backend="none")
def check(session):
    """Report whether scripts have locks that still fit (default: the whole repository)."""
    become(session, "check", *(session.posargs or ["."]))


@nox.session(venv_backend="none")
def install(session):
    """Exec stage, ahead of time: install the environments of locked scripts."""
    become(session, "install", *session.posargs)


@nox.session(venv_backend="none")
def run(session):
    """Exec stage: run a locked script; nothing is solved."""
    first = session.posargs[:1]  # a script, whose name may start with a dash, or -m
    is_script = first and Path(session.invoked_from, first[0]).exists()
    words = ["--", *session.posargs] if is_script else session.posargs
    become(session, "run", *words)
