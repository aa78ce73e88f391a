"""What the cache holds, how much removing gives back, and that removing is safe."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.core.platforms import current_subdir
from condavision.environments.clean import CleanCriteria, Cleaned, clean
from condavision.environments.install import install
from condavision.environments.inventory import (
    list_environments,
    older_than,
    over_budget,
    remove,
    unreferenced,
)
from condavision.environments.last_use import record_use
from condavision.system.file_lock import exclusive
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.environments.environment import Environment
    from tests.environments.conftest import MakeLock


def used_days_ago(environment: Environment, days: float) -> None:
    record_use(environment, Path("/scripts/one.py"))
    moment = time.time() - days * 86400
    os.utime(environment.marker.with_name("condavision-used"), (moment, moment))
    text = environment.marker.read_text()
    old = [line for line in text.splitlines() if not line.startswith("created")]
    environment.marker.write_text("\n".join([*old, f"created {moment - 10:.0f}", ""]))


def test_an_empty_cache(tmp_path: Path) -> None:
    assert list_environments(tmp_path / "none") == ()


def test_what_is_known_of_an_environment(
    make_environment: Callable[..., Environment], home: Path, tmp_path: Path
) -> None:
    environment = make_environment("requests", compile_bytecode=False)
    for name in ("b.py", "a.py", "b.py"):
        record_use(environment, tmp_path / name)
    [found] = list_environments(home)
    assert (found.prefix, found.key, found.ready) == (environment.prefix, environment.key, True)
    assert found.python.count(".") == 2
    assert found.hash == "0" * 16
    assert found.scripts == (str(tmp_path / "a.py"), str(tmp_path / "b.py"))
    assert abs(found.used - time.time()) < 60


@pytest.mark.skipif(os.name == "nt", reason="blocks are POSIX's")
def test_sizes_are_honest_with_hard_links(
    make_environment: Callable[..., Environment], home: Path
) -> None:
    environment = make_environment("requests", compile_bytecode=False)
    [before] = list_environments(home)
    assert before.freed < before.size / 2  # the package cache has the rest
    own = environment.prefix / "own"
    own.write_bytes(b"x" * 1_000_000)
    (environment.prefix / "twin").hardlink_to(own)
    [after] = list_environments(home)
    assert 1_000_000 <= after.size - before.size < 1_020_000
    assert after.size - before.size == after.freed - before.freed
    (home / "elsewhere").hardlink_to(own)
    assert list_environments(home)[0].freed == before.freed


def test_the_oldest_go_first(make_lock: MakeLock, home: Path) -> None:
    def build(*specs: str) -> Environment:
        lock = make_lock(*specs)
        options = {"home": home, "progress": Progress(), "compile_bytecode": False}
        return install(lock, current_subdir(), **options)  # type: ignore[arg-type]

    old, young = build("urllib3"), build("idna")
    used_days_ago(old, 40)
    used_days_ago(young, 3)
    unfinished = home / "envs" / ("e" * 16)
    unfinished.mkdir()
    listed = list_environments(home)
    assert [item.key for item in listed if item.ready] == [old.key, young.key]
    assert {item.key for item in older_than(listed, 30)} == {old.key, unfinished.name}
    ready = [item for item in listed if item.ready]
    total = sum(item.freed for item in ready)
    assert over_budget(ready, total) == ()
    assert [item.key for item in over_budget(ready, total - 1)] == [old.key]
    assert len(over_budget(ready, 0)) == 2
    removed = remove(older_than(listed, 30))
    assert {item.key for item in removed} == {old.key, unfinished.name}
    left = sorted(path.name for path in (home / "envs").iterdir())
    assert left == [young.key, f"{young.key}.lock"]


def test_what_is_being_built_is_left_alone(
    make_environment: Callable[..., Environment], home: Path
) -> None:
    environment = make_environment(compile_bytecode=False)
    listed = list_environments(home)
    lock = environment.prefix.with_name(f"{environment.key}.lock")
    with exclusive(lock, lambda: None):
        assert remove(listed) == ()
    assert environment.is_ready
    assert remove(listed) == listed
    assert not environment.prefix.exists()


def test_a_removed_environment_comes_back(make_lock: MakeLock, home: Path) -> None:
    lock = make_lock("idna")
    for _ in range(2):
        environment = install(
            lock, current_subdir(), home=home, progress=Progress(), compile_bytecode=False
        )
        assert environment.python.exists()
        remove(list_environments(home))
        assert list_environments(home) == ()


def test_scripts_that_are_gone_leave_their_environment_unreferenced(
    make_environment: Callable[..., Environment], home: Path, tmp_path: Path
) -> None:
    environment = make_environment(compile_bytecode=False)
    script = tmp_path / "one.py"
    script.touch()
    assert unreferenced(list_environments(home)) == list_environments(home)
    record_use(environment, script)
    record_use(environment, tmp_path / "never.py")
    assert unreferenced(list_environments(home)) == ()
    script.unlink()
    assert unreferenced(list_environments(home)) == list_environments(home)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells who uses what")
def test_what_processes_run_from_is_kept(
    make_environment: Callable[..., Environment], home: Path, tmp_path: Path
) -> None:
    environment = make_environment("idna", compile_bytecode=False)
    everything = CleanCriteria(everything=True)
    (tmp_path / "alias").symlink_to(home)
    python = tmp_path / "alias" / environment.python.relative_to(home)
    for command in (environment.python, python):
        waiting = [str(command), "-c", "print(flush=True); input()"]
        with subprocess.Popen(waiting, stdin=-1, stdout=-1) as process:
            assert process.stdout is not None
            process.stdout.readline()
            user = {environment.prefix: f"process {process.pid}"}
            for dry_run in (True, False):
                assert clean(home, everything, dry_run=dry_run) == Cleaned((), user)
            assert environment.is_ready
            [forced] = clean(home, everything, dry_run=True, force=True).removed
            assert forced.prefix == environment.prefix
            process.communicate(b"\n")
    assert len(clean(home, everything, dry_run=False).removed) == 1


@pytest.mark.slow
def test_environments_outlive_the_caches(make_lock: MakeLock, home: Path) -> None:
    lock = make_lock("idna")
    environment = install(lock, current_subdir(), home=home, progress=Progress())
    caches = CleanCriteria(caches=True)
    size = clean(home, caches, dry_run=True).caches
    assert size > 0
    assert clean(home, caches, dry_run=False) == Cleaned((), {}, size)
    assert {path.name for path in home.iterdir()} & {"pkgs", "uv", "pyc", "warm"} == set()
    code = "import idna; print(idna.encode('é.example').decode())"
    command = [str(environment.python), "-I", "-c", code]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ran.stdout.startswith("xn--")
    remove(list_environments(home))
    assert install(lock, current_subdir(), home=home, progress=Progress()) == environment
