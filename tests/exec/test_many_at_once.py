"""Builders that race, die, or find no room: the next run succeeds, and nothing wrong is run."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import condavision
from condavision.locking import exclusive, try_exclusive
from condavision.prefixes import list_environments

if TYPE_CHECKING:
    from condavision.model import Lock
    from tests.exec.conftest import MakeLock

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="process groups")]

KILLS = int(os.environ.get("CONDAVISION_TEST_KILLS", "6"))
STARTERS = int(os.environ.get("CONDAVISION_TEST_STARTERS", "32"))
ENVIRONMENTS = int(os.environ.get("CONDAVISION_TEST_ENVIRONMENTS", "12"))

RUN = """
import json, os, sys
from pathlib import Path
from condavision.activation import load
from condavision.environment import install
from condavision.execution import run
from condavision.model import Lock, LockedPackage, Manager
from condavision.progress import LineProgress
from condavision.subdir import current_subdir

home, script, *files = sys.argv[1:]
for file in files:
    content = json.loads(Path(file).read_text())
    packages = tuple(LockedPackage(**{**p, "manager": Manager(p["manager"])}) for p in content.pop("packages"))
    lock = Lock(**content, packages=packages)
    environment = install(lock, current_subdir(), home=Path(home), progress=LineProgress())
sys.stdout.flush()
if script == "-":
    os._exit(0)
run(script, [], environment, load(environment.prefix))
"""  # noqa: E501
SCRIPT = "import requests, urllib3, idna; print(requests.codes.ok)\n"


class Scene:
    """A home, locks on disk, and processes that install and run."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        (folder / "run.py").write_text(RUN)
        (folder / "script.py").write_text(SCRIPT)

    def keep(self, name: str, lock: Lock) -> str:
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(asdict(lock)))
        return str(path)

    def start(self, *files: str, script: str | None = None) -> subprocess.Popen[str]:
        root = str(Path(condavision.__file__).parents[1])
        command = [sys.executable, str(self.folder / "run.py"), str(self.home)]
        return subprocess.Popen(
            [*command, script or str(self.folder / "script.py"), *files],
            env={**os.environ, "PYTHONPATH": root},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def altered_files(prefix: Path) -> list[str]:
    """The files of packages, python's apart, that are not what their package says."""
    found = []
    for record in prefix.glob("conda-meta/*.json"):
        if record.name.startswith("python-"):
            continue
        for item in json.loads(record.read_bytes())["paths_data"]["paths"]:
            expected = item.get("sha256_in_prefix", item.get("sha256"))
            if expected and item["path_type"] != "softlink":
                content = prefix.joinpath(item["_path"]).read_bytes()
                if hashlib.sha256(content).hexdigest() != expected:
                    found.append(item["_path"])
    return found


@pytest.fixture
def scene(tmp_path: Path, home: Path) -> Scene:
    return Scene(tmp_path, home)


def test_many_starters_one_build(scene: Scene, make_lock: MakeLock) -> None:
    file = scene.keep("lock", make_lock("requests"))
    started = [scene.start(file) for _ in range(STARTERS)]
    results = [(*process.communicate(), process.returncode) for process in started]
    assert {(output, code) for output, _, code in results} == {("200\n", 0)}
    builds = [errors for _, errors, _ in results if "making the environment" in errors]
    assert len(builds) == 1
    assert any("waiting for another process" in errors for _, errors, _ in results)


def test_distinct_environments_at_once(scene: Scene, make_lock: MakeLock) -> None:
    names = ["requests", "urllib3", "idna", "pyyaml", "certifi", "charset-normalizer"]
    chooser = random.Random(5)
    subsets = {tuple(sorted(chooser.sample(names, 1 + n % 4))) for n in range(ENVIRONMENTS * 4)}
    chosen = sorted(subsets)[:ENVIRONMENTS]
    files = [scene.keep(str(n), make_lock(*specs)) for n, specs in enumerate(chosen)]
    started = []
    for _ in range(8):
        chooser.shuffle(files)
        started.append(scene.start(*files, script="-"))
    for process in started:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    environments = list_environments(scene.home)
    assert all(item.ready for item in environments)
    assert len(environments) > len(chosen) / 2
    for item in environments:
        assert altered_files(item.prefix) == []


def test_killed_at_any_moment(scene: Scene, make_lock: MakeLock) -> None:
    file = scene.keep("lock", make_lock("requests", "pyyaml"))
    began = time.monotonic()
    process = scene.start(file)
    process.communicate()
    duration = time.monotonic() - began
    chooser = random.Random(int(os.environ.get("CONDAVISION_TEST_SEED", "1")))
    for _ in range(KILLS):
        shutil.rmtree(scene.home / "envs")
        for entry in scene.home.joinpath("pkgs").glob("requests-*"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        process = scene.start(file)
        time.sleep(chooser.uniform(0, duration))
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        assert output in {"", "200\n"}
        process = scene.start(file)
        output, errors = process.communicate()
        assert (output, process.returncode) == ("200\n", 0), errors
        [environment] = list_environments(scene.home)
        assert altered_files(environment.prefix) == []


def test_orphans_keep_the_lock(scene: Scene, make_lock: MakeLock) -> None:
    """What a killed builder started still writes; nobody builds until it is done."""
    path = scene.home / "it.lock"
    code = (
        "import subprocess, sys; from pathlib import Path;"
        "from condavision.locking import exclusive;"
        "held = exclusive(Path(sys.argv[1]), lambda: None); descriptor = held.__enter__();"
        "child = subprocess.Popen(['sleep', '60'], pass_fds=[descriptor], stdout=-3);"
        "print(child.pid, flush=True); child.wait()"
    )
    root = str(Path(condavision.__file__).parents[1])
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=-1, cwd=root) as builder:
        assert builder.stdout is not None
        orphan = int(builder.stdout.readline())
        builder.kill()
    with try_exclusive(path) as descriptor:
        assert descriptor is None
    os.kill(orphan, signal.SIGKILL)
    with exclusive(path, lambda: None) as held:
        assert held >= 0
