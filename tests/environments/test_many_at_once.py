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
from dataclasses import asdict, replace
from itertools import combinations, count, islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import condavision
from condavision.environments.inventory import list_environments
from condavision.system.file_lock import exclusive, try_exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from condavision.core.model import Lock, LockedPackage
    from tests.channels.server import Channel
    from tests.environments.conftest import MakeLock

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="process groups")]


def _count(what: str, reduced: int) -> int:
    """How many; the nox session `reliability` asks for more than the suite."""
    return int(os.environ.get(f"CONDAVISION_TEST_{what}", reduced))


KILLS, STARTERS, ENVIRONMENTS, DISKS = (
    _count("KILLS", 2),
    _count("STARTERS", 4),
    _count("ENVIRONMENTS", 4),
    _count("DISKS", 2),
)
BUILDERS = min(8, ENVIRONMENTS)

RUN = """
import json, os, sys
from pathlib import Path
from condavision.environments.activation import load
from condavision.environments.install import install
from condavision.exec_stage.prepared import Prepared, WarmInputs
from condavision.exec_stage.process import become
from condavision.core.model import Lock, LockedPackage, LockRecord, Manager
from condavision.cli.progress import LineProgress
from condavision.core.platforms import current_subdir

home, script, *files = sys.argv[1:]
for file in files:
    content = json.loads(Path(file).read_text())
    packages = tuple(LockedPackage(**{**p, "manager": Manager(p["manager"])}) for p in content.pop("packages"))
    lock = Lock(**{**content, "record": LockRecord()}, packages=packages)
    environment = install(lock, current_subdir(), home=Path(home), progress=LineProgress())
sys.stdout.flush()
if script == "-":
    os._exit(0)
activation, inputs = load(environment.prefix), WarmInputs((), (), {})
become(Prepared(Path(script), environment, activation, (), inputs), [], record=False)
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
    """The files of packages, python's apart, that differ from their package."""
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


def finished(process: subprocess.Popen[str]) -> None:
    """The script ran to its end, in its locked environment."""
    output, errors = process.communicate()
    assert (output, process.returncode) == ("200\n", 0), errors


def test_many_starters_one_build(scene: Scene, make_lock: MakeLock) -> None:
    file = scene.keep("lock", make_lock("requests"))
    started = [scene.start(file) for _ in range(STARTERS)]
    results = [(*process.communicate(), process.returncode) for process in started]
    assert {(output, code) for output, _, code in results} == {("200\n", 0)}
    builds = [errors for _, errors, _ in results if "making the environment" in errors]
    assert len(builds) == 1
    waited = sum("waiting for another process" in errors for _, errors, _ in results)
    assert waited
    print(f"{STARTERS} starters: {len(builds)} build, {waited} waited, none failed")


def distinct_locks(make_lock: MakeLock, channel: Channel, folder: Path) -> Iterator[Lock]:
    """Yield locks of which no two share an environment: other packages, or another channel."""
    names = ["requests", "urllib3", "idna", "pyyaml", "certifi", "charset-normalizer"]
    chosen = [make_lock(*some) for size in (1, 2, 3) for some in combinations(names, size)]
    distinct = list({frozenset(p.url for p in lock.packages): lock for lock in chosen}.values())
    for number in count():
        alias = folder / f"channel {number}"
        alias.symlink_to(channel.path)
        for lock in distinct:
            moved = [
                replace(package, url=package.url.replace(channel.url, alias.as_uri()))
                for package in lock.packages
            ]
            yield replace(lock, packages=tuple(moved))


def test_distinct_environments_at_once(
    scene: Scene, make_lock: MakeLock, channel: Channel, tmp_path: Path
) -> None:
    locks = islice(distinct_locks(make_lock, channel, tmp_path), ENVIRONMENTS)
    files = [scene.keep(str(number), lock) for number, lock in enumerate(locks)]
    chooser = random.Random(5)
    started = []
    for _ in range(BUILDERS):
        chooser.shuffle(files)
        started.append(scene.start(*files, script="-"))
    for process in started:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    environments = list_environments(scene.home)
    assert len(environments) == ENVIRONMENTS
    assert all(item.ready for item in environments)
    assert [altered_files(item.prefix) for item in environments] == [[]] * ENVIRONMENTS
    print(f"{ENVIRONMENTS} environments by {BUILDERS} processes: no altered file")


def test_killed_at_any_moment(scene: Scene, make_lock: MakeLock, iniconfig: LockedPackage) -> None:
    file = scene.keep("lock", make_lock("requests", "pyyaml", extra=(iniconfig,)))

    def start() -> subprocess.Popen[str]:
        for name in ("envs", "pyc"):
            shutil.rmtree(scene.home / name, ignore_errors=True)
        for entry in scene.home.joinpath("pkgs").glob("requests-*"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        return scene.start(file)

    def until_it_builds(process: subprocess.Popen[str]) -> float:
        assert process.stderr is not None
        assert "making the environment" in process.stderr.readline()
        return time.monotonic()

    finished(start())
    process = start()
    began = until_it_builds(process)
    finished(process)
    duration = time.monotonic() - began
    chooser = random.Random(_count("SEED", 1))
    in_the_middle = 0
    for number in range(KILLS):
        process = start()
        if number % 10:  # the others die on the way there
            until_it_builds(process)
        time.sleep((number + chooser.random()) / KILLS * duration)
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        assert output in {"", "200\n"}
        in_the_middle += any(not item.ready for item in list_environments(scene.home))
        finished(scene.start(file))
        [environment] = list_environments(scene.home)
        assert altered_files(environment.prefix) == []
    print(f"{KILLS} kills, {in_the_middle} of them while building: every next run succeeded")


def test_disks_of_any_size(
    scene: Scene, make_lock: MakeLock, small_disk: Callable[..., Path]
) -> None:
    """On a full disk the run reports it and leaves nothing; with more space the next succeeds."""
    file = scene.keep("lock", make_lock("requests"))
    chooser = random.Random(_count("SEED", 1))
    full = 0
    for _ in range(DISKS):
        disk = small_disk(f"size={chooser.randrange(1, 70)}m")
        scene.home = disk / "home"
        process = scene.start(file)
        output, errors = process.communicate()
        if process.returncode:
            full += 1
            assert "the disk is full" in errors or "No space left" in errors
            assert output == ""
            assert not [item for item in list_environments(scene.home) if item.ready]
        small_disk("size=500m")
        finished(scene.start(file))
        [environment] = list_environments(scene.home)
        assert altered_files(environment.prefix) == []
        shutil.rmtree(scene.home)
    print(f"{DISKS} disks, {full} of them too small: every next run with room succeeded")


def test_orphans_keep_the_lock(scene: Scene, make_lock: MakeLock) -> None:
    """Children of a killed builder still write; no build starts until they are done."""
    path = scene.home / "it.lock"
    code = (
        "import subprocess, sys; from pathlib import Path;"
        "from condavision.system.file_lock import exclusive;"
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
