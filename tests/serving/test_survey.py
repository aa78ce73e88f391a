"""What is found out about the scripts of a folder before they are served."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from condavision.core.platforms import current_subdir
from condavision.environments.environment import environment_of
from condavision.errors import CondavisionError, UsageError
from condavision.exec_stage.prepared import Prepared
from condavision.inference.lock_lookup import find_lock
from condavision.inference.workspace import Workspace
from condavision.project.config import Flags
from condavision.project.targets import Module
from condavision.serving.catalog import Catalog
from condavision.serving.problems import Problem
from condavision.serving.survey import Listing, Question, RefusalKind, Surveyed, unchanged
from condavision.serving.surveying import answers
from condavision.system.file_lock import exclusive
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="serving needs POSIX")

OPTION = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--{0}')\n"


def survey(
    *paths: Path, only: tuple[str, ...] | None = None, lock: bool = False
) -> tuple[Listing, list[Surveyed]]:
    listing, *found = answers(Question(paths, Flags(), lock, only), Progress())
    assert isinstance(listing, Listing)
    return listing, [it for it in found if isinstance(it, Surveyed)]


def test_scripts_that_share_a_lock_have_their_own_parameters(
    local_command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = local_command.folder
    for name in ("one", "two"):
        (folder / f"{name}.py").write_text(f"{OPTION.format(name)}parser.parse_args()\n")
    local_command("lock", "--together", ".").ok()
    monkeypatch.chdir(folder)
    listing, found = survey(folder)
    assert listing.names == ("one.py", "s.py", "two.py")
    assert [[it.name for it in one.interface.parameters] for one in found] == [["one"], [], ["two"]]
    assert all(one.prepared is not None and one.script.is_absolute() for one in found)
    (one,) = survey(folder, only=("one.py",))[1]
    assert unchanged(one.sources)
    assert unchanged(one.others)
    (folder / "two.py").write_text("import requests\n")
    assert not unchanged(one.sources)  # the lock is stale for all of them


def test_what_is_not_served(local_command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = local_command.folder
    (folder / "broken.py").write_text("def f(:\n  x(\n")
    (folder / "explore.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4}')
    monkeypatch.chdir(folder)
    listing, found = survey(folder)
    assert {it.name: it.refusal.kind for it in found if it.refusal} == {
        "broken.py": RefusalKind.UNLOCKED,
        "explore.ipynb": RefusalKind.UNLOCKED,
        "s.py": RefusalKind.UNLOCKED,
    }
    (notebook,) = [it.refusal for it in found if it.name == "explore.ipynb"]
    assert notebook is not None
    assert notebook.message == "explore.ipynb is a notebook, which Jupyter runs"
    assert notebook.hints[0] == "execute it: run `condavision run explore.ipynb`"
    assert unchanged(listing.checks)
    (folder / "new.py").write_text("print(2)\n")
    assert not unchanged(listing.checks)


@pytest.mark.slow  # solves
def test_the_packages_that_a_script_imports_are_shown_first(local_command: CommandLine) -> None:
    (local_command.folder / "s.py").write_text("import requests\n")
    local_command("lock", "s.py").ok()
    _, found = answers(Question((local_command.folder,), Flags(), pack=True), Progress())
    assert isinstance(found, Surveyed)
    shown = [*found.packages]
    assert shown[:2] == ["python", "requests"]
    assert {"certifi", "idna"} <= {*shown[2:]}


def test_what_is_served_as_a_module(
    local_command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that imports relatively runs as a module only, and under its script's lock."""
    folder = local_command.folder
    for name in ("named", "by-path", "more", "both"):
        (folder / name).mkdir()
        (folder / name / "__main__.py").write_text("from .helper import f\nf()\n")
        (folder / name / "helper.py").write_text("def f(): pass\n")
    (folder / "more" / "__init__.py").write_text("import tomllib\n")  # since Python 3.11
    (folder / "both" / "__main__.py").write_text(
        "try:\n  from .helper import f\nexcept ImportError:\n  from helper import f\nf()\n"
    )
    (folder / "tool.py").write_text("print(1)\n")
    local_command("lock", ".").ok()
    (folder / "last.py").write_text("print(2)\n")
    local_command("lock", "-m", "last").ok()
    monkeypatch.chdir(folder)
    _, found = survey(folder)
    ready = {it.name: it.prepared for it in found if isinstance(it.prepared, Prepared)}
    targets = {name: it.target for name, it in ready.items()}
    assert targets == {
        "both/__main__.py": folder / "both" / "__main__.py",
        "last.py": Module("last", folder),
        "named/__main__.py": Module("named", folder),
        "s.py": folder / "s.py",
        "tool.py": folder / "tool.py",
    }
    assert all(folder in it.paths for it in ready.values() if isinstance(it.target, Module))
    refusals = {it.name: it.refusal for it in found if it.refusal}
    assert [*refusals] == ["by-path/__main__.py", "more/__main__.py"]
    assert refusals["more/__main__.py"].hints == ("run `condavision lock -m more`",)
    assert "relative import" in refusals["by-path/__main__.py"].message
    (it,) = survey(folder, only=("more/__main__.py",), lock=True)[1]
    assert isinstance(it.prepared, Prepared)
    assert it.prepared.target == Module("more", folder)


def test_names(local_command: CommandLine) -> None:
    folder = local_command.folder
    (folder / "below").mkdir()
    assert survey(folder / "below")[0].names == ()
    (folder / "below" / "s.py").write_text("print('other')\n")
    with pytest.raises(UsageError, match=r"would both be served as s\.py"):
        survey(folder / "s.py", folder / "below")
    assert survey(folder, folder / "s.py")[0].names == ("below/s.py", "s.py")
    with pytest.raises(Exception, match="does not exist"):
        survey(folder / "gone")


@pytest.mark.anyio
async def test_a_survey_that_dies_ends_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = [sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"]
    monkeypatch.setattr("condavision.serving.catalog.own_python", lambda _: dies)
    catalog = Catalog(Question((tmp_path,), Flags()))
    with pytest.raises(CondavisionError, match="exit code -15"):
        await catalog.open()
    await catalog.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_a_script_is_named_once_where_it_is_refused(
    local_command: CommandLine, caplog: pytest.LogCaptureFixture
) -> None:
    catalog = Catalog(Question((local_command.folder,), Flags()))
    await catalog.open()
    await catalog.complete.wait()
    await catalog.close()
    said = [it.getMessage() for it in caplog.records if it.levelname == "WARNING"]
    assert said == [f"{local_command.folder / 's.py'} has no lock"]


@pytest.mark.slow  # installs
@pytest.mark.anyio
async def test_a_script_that_has_been_locked_is_not_refused_for_its_old_lock(
    local_command: CommandLine, bare_home: Path
) -> None:
    folder = local_command.folder
    await asyncio.to_thread(lambda: local_command("lock", "s.py").ok())
    lock = find_lock(folder / "s.py", Workspace(Flags()))
    environment = environment_of(lock, current_subdir(), bare_home)
    (folder / "locks").rename(folder / "away")
    catalog = Catalog(Question((folder,), Flags()))
    await catalog.open()
    await catalog.complete.wait()
    with pytest.raises(Problem) as unlocked:
        await catalog.ready("s.py")
    environment.prefix.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(environment.prefix.with_name(f"{environment.key}.lock"), lambda: None):
        (folder / "away").rename(folder / "locks")
        while catalog.looked_at != "s.py":
            await asyncio.sleep(0.01)
        with pytest.raises(Problem) as installing:
            await catalog.ready("s.py")
    while catalog.looked_at:
        await asyncio.sleep(0.01)
    assert (await catalog.ready("s.py")).surveyed.hash == lock.hash
    await catalog.close()
    assert (unlocked.value.status, installing.value.status) == (409, 503)
    assert installing.value.headers["Retry-After"]
    assert installing.value.hints == ()
