"""`--together FOLDER`: one requirement set, one lock and one environment for a folder's scripts."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

import condavision
from condavision.locks.index import read_index
from condavision.warm import warm_command
from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SHOW = "import sys; print(sys.argv[1:], sys.prefix)\n"
FILES = {
    "condavision.toml": 'channels = ["interpreters:"]\n',
    "jobs/a.py": SHOW,
    "jobs/sub/b.py": f"import zoneinfo\n{SHOW}",
    "jobs/build/generated.py": "import humanize\n",
    "jobs/conftest.py": "import pytest\n",
    "other.py": SHOW,
}


FORM: dict[str, tuple[str, ...]] = {"export": ("--format", "requirements"), "check": ()}


@pytest.fixture
def command(make_project: Callable[[Mapping[str, str]], Path], home: Path) -> InProcess:
    return InProcess(make_project(FILES))


def entries(command: InProcess) -> dict[str, str]:
    index = read_index(command.folder / "locks" / ".local")
    return {key: entry.lock for key, found in index.entries.items() for entry in found}


def test_who_asked_for_what(command: InProcess) -> None:
    (command.folder / "jobs" / "a.py").write_text("import tabulate\n")
    (command.folder / "jobs" / "sub" / "b.py").write_text("import zoneinfo, tabulate\n")
    found = command("explain", "--together", "jobs", "--json").ok().json()
    assert (found["script"], found["python"], found["pypi"]) == ("jobs/", ">=3.9", ["tabulate"])
    places = [(one["name"], one["file"]) for one in found["imports"] if one["pypi"]]
    assert places == [("tabulate", "jobs/a.py"), ("tabulate", "jobs/sub/b.py")]
    assert [one["file"] for one in found["reasons"]] == ["jobs/sub/b.py"]
    assert "jobs/sub/b.py:1" in command("explain", "--together", "jobs").ok().out


@pytest.mark.slow
def test_every_script_shares_one_environment(command: InProcess) -> None:
    command("lock", "jobs/a.py", "other.py").ok()
    command("lock", "--together", "jobs").ok()
    assert set(entries(command)) == {"jobs/", "other.py"}, "its scripts have no lock of their own"
    ran = [
        CommandLine(command.folder)("run", "-q", name, "x").ok().out
        for name in ("jobs/a.py", "jobs/sub/b.py")
    ]
    assert ran[0] == ran[1] == f"['x'] {command('path', 'jobs/a.py').out}"
    assert command("path", "jobs").out == ran[0][6:]
    assert ran[0][6:].strip() in command("install", "jobs").out
    exported = command("export", "jobs", "--format", "requirements").ok().out
    assert exported.startswith(f"# {entries(command)['jobs/']} ")
    checked = command("check", "jobs", "--json").ok().json()
    shared = entries(command)["jobs/"]
    assert [(one["script"], one["hash"]) for one in checked] == [
        ("jobs/a.py", shared),
        ("jobs/sub/b.py", shared),
    ]
    assert f"together with jobs/ as {shared}" in command("explain", "jobs/a.py").ok().out


CHANGES: tuple[tuple[str, str, int], ...] = (
    ("jobs/a.py", f"# edited\n{SHOW}", 0),
    ("jobs/a.py", "import humanize\n", 71),
    ("jobs/new.py", "import zoneinfo\n", 0),
    ("jobs/new.py", "import humanize\n", 71),
    ("jobs/sub/deep/new.py", "import humanize\n", 71),
    ("jobs/sub/new.py", "x: 'int | None' = None\nmatch x:\n    case _: pass\n", 0),
    ("jobs/build/generated.py", "import yaml\n", 0),
    ("other.py", "import humanize\n", 0),
)


@pytest.mark.parametrize(("name", "text", "code"), CHANGES, ids=[f"{n}" for n, _, _ in CHANGES])
def test_what_makes_it_stale(name: str, text: str, code: int, command: InProcess) -> None:
    command("lock", "--together", "jobs").ok()
    path = command.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    checked = command("check", "jobs/sub/b.py")
    assert checked.code == code, checked.out
    if code:
        assert f"added humanize ({name}:1)" in checked.out
        assert "run `condavision lock --together jobs`" in checked.out


def test_the_next_run_is_warm_until_a_file_appears(command: InProcess) -> None:
    command("lock", "--together", "jobs").ok()
    time.sleep(0.12)
    script = command.folder / "jobs" / "a.py"
    assert CommandLine(command.folder)("run", "-q", str(script)).code == 0

    def is_warm() -> bool:
        return warm_command(str(script), [], os.environ) is not None

    assert is_warm()
    (command.folder / "jobs" / "sub" / "results.csv").write_text("")
    assert is_warm()
    (command.folder / "jobs" / "sub" / "new.ipynb").write_text("{}")
    assert not is_warm()


def test_a_folder_of_scripts_with_locks_of_their_own_is_installed(command: InProcess) -> None:
    command("lock", "jobs/a.py").ok()
    failed = command("install", "jobs")
    assert failed.code == 70
    assert "run `condavision lock jobs/sub/b.py`" in failed.err
    command("lock", ".").ok()
    names = ["jobs/a.py", "jobs/sub/b.py"]
    made = command("install", "jobs", "--json").ok().json()
    assert [one["name"] for one in made] == names
    assert [f"{one['prefix']}\n" for one in made] == [command("path", name).out for name in names]
    for verb in (["path"], ["export", "--format", "explicit"], ["vendor", "out"]):
        refused = command(*verb, "jobs")
        assert refused.code == 70
        assert "the scripts of jobs are not locked together" in refused.err
        assert f"give one of them: run `condavision {' '.join(verb)} jobs/a.py`" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize("together", [(), ("--together",)])
def test_a_folder_gets_its_launchers(together: tuple[str, ...], command: InProcess) -> None:
    command("lock", *together, "jobs").ok()
    command("install", "--launcher", "bin", "jobs").ok()
    made = [str(command.folder / "bin" / name) for name in ("a", "b")]
    assert command.process([made[1], "x"]).ok().out.startswith("['x'] ")


def test_a_folder_that_is_locked_again_stays_together(command: InProcess) -> None:
    command("lock", "--together", "jobs").ok()
    command("lock", ".").ok()
    assert set(entries(command)) == {"jobs/", "other.py"}
    command("lock", "jobs/a.py").ok()
    assert set(entries(command)) == {"jobs/", "jobs/a.py", "other.py"}, "named, it gets its own"
    (command.folder / "jobs" / "c.py").write_text("import humanize\n")
    command("lock", ".").ok()
    assert set(entries(command)) == {"jobs/", "jobs/a.py", "other.py"}, "and keeps it"
    command("check", ".").ok()


def test_a_folder_is_parted(command: InProcess) -> None:
    (command.folder / "jobs" / "a.py").write_text("import iniconfig\n")
    (command.folder / "jobs" / "sub" / "b.py").write_text("import tabulate, near\n")
    (command.folder / "jobs" / "sub" / "near.py").write_text("")
    command("lock", "--together", "jobs").ok()
    shared = entries(command)["jobs/"]
    parted = command("lock", "--apart", "jobs", "other.py").ok()
    assert f"lock {shared} is no longer used" in parted.err
    found = entries(command)
    assert set(found) == {"jobs/a.py", "jobs/sub/b.py", "other.py"}, "near.py is a module of b.py"
    assert len({shared, *found.values()}) == 4
    command("check", ".").ok()
    for name in ("export", "check"):
        assert shared not in command(name, "jobs/a.py", *FORM[name]).ok().out
    refused = command("lock", "--apart", "jobs")
    assert (refused.code, "condavision lock jobs" in refused.err) == (2, True)
    assert entries(command) == found


def test_a_folder_is_parted_in_every_index_that_has_it(command: InProcess) -> None:
    command("lock", "--together", "jobs").ok()
    index = command.folder / "locks" / "scripts.yml"
    (command.folder / "locks" / ".local" / "scripts.yml").rename(index)
    assert '"jobs/"' in index.read_text()
    command("lock", "--apart", "jobs").ok()
    assert '"jobs/"' not in index.read_text()
    assert command("lock", "--apart", "jobs").code == 2


def test_a_folder_in_another_is_parted(command: InProcess) -> None:
    command("lock", "--together", ".", "--together", "jobs").ok()
    assert set(entries(command)) == {"./", "jobs/"}
    refused = command("lock", "--apart", "jobs/sub")
    assert (refused.code, "locked together with jobs/" in refused.err) == (2, True)
    report = condavision.lock(apart=[command.folder])
    assert report.code == 0
    assert set(entries(command)) == {"jobs/", "other.py"}
    command("lock", "--apart", "jobs", "--prune").ok()
    assert set(entries(command)) == {"jobs/a.py", "jobs/sub/b.py", "other.py"}


def test_a_folder_is_not_parted_where_a_script_would_lose_its_lock(command: InProcess) -> None:
    command("lock", "--together", "jobs").ok()
    (command.folder / "jobs" / "a.py").write_text("import no_such_thing_at_all\n")
    assert command("lock", "--apart", "jobs").code == 66
    assert set(entries(command)) == {"jobs/", "jobs/sub/b.py"}
    (command.folder / "jobs" / "a.py").write_text(SHOW)
    command("lock", "--apart", "jobs").ok()
    assert set(entries(command)) == {"jobs/a.py", "jobs/sub/b.py"}


def test_a_parted_folder_keeps_versions_and_search_paths(command: InProcess) -> None:
    lib = command.folder / "lib"
    lib.mkdir()
    (lib / "helper.py").write_text("import iniconfig\n")
    (command.folder / "jobs" / "a.py").write_text("import helper\n")
    where = {"PYTHONPATH": str(lib)}
    (command.folder / "old.yml").write_text("dependencies: [{pip: [iniconfig==2.0.0]}]\n")
    command("lock", "--together", "jobs", "--from", "old.yml", environ=where).ok()
    assert "iniconfig==2.0.0" in command("export", "jobs", *FORM["export"]).ok().out
    command("lock", "--apart", "jobs").ok()
    assert "iniconfig==2.0.0" in command("export", "jobs/a.py", *FORM["export"]).ok().out


def test_what_is_committed_goes_first(command: InProcess) -> None:
    command("lock", "--together", "jobs").ok()
    shared = entries(command)["jobs/"]
    for path in (command.folder / "locks" / ".local").glob("*.yml"):
        path.rename(command.folder / "locks" / path.name)
    locked = command("lock", "jobs/a.py").ok()
    assert "which `run` uses" in locked.err
    (checked,) = command("check", "jobs/a.py", "--json").ok().json()
    assert checked["hash"] == shared


def test_files_that_are_not_of_the_set_have_no_lock(command: InProcess) -> None:
    command("lock", "--together", "jobs").ok()
    assert command("check", "jobs/build/generated.py").code == 70
    missing = command("path", "jobs/sub")
    assert (missing.code, "lock --together jobs/sub" in missing.err) == (70, True)
    assert command("check", "other.py").code == 70


PACKAGE = {
    "condavision.toml": 'channels = ["interpreters:"]\n',
    "etl/__init__.py": "",
    "etl/clean.py": "import iniconfig\n",
    "etl/main.py": f"from . import clean\n{SHOW}",
    "etl/job.py": f"import iniconfig\n{SHOW}",
}
RUNS: tuple[tuple[str, ...], ...] = (
    ("etl/main.py",), ("-m", "etl.main"), ("etl/job.py",), ("-m", "etl.job"),
)  # fmt: skip


@pytest.mark.slow
def test_a_folder_of_modules_is_locked_together(
    make_project: Callable[[Mapping[str, str]], Path], home: Path
) -> None:
    command = InProcess(make_project(PACKAGE))
    command("lock", "-m", "etl.main").ok()
    command("lock", "--together", "etl").ok()
    assert set(entries(command)) == {"etl/"}, "its modules have no lock of their own"
    for given, named in (("etl", "etl/"), (".", "etl/"), ("etl/main.py", "etl/main.py")):
        (checked,) = command("check", given, "--json").ok().json()
        assert (checked["script"], checked["state"]) == (named, "ok")
    for words in RUNS:
        assert command("run", "-q", *words, "x").ok().out.startswith("['x'] "), words
    (command.folder / "etl" / "clean.py").write_text("import humanize\n")
    stale = command("check")
    assert (stale.code, "added humanize (etl/clean.py:1)" in stale.out) == (71, True)
    for words in RUNS:
        refused = command("run", *words)
        assert (refused.code, "run `condavision lock --together etl`" in refused.err) == (71, True)
    (locked,) = command("lock", ".", "--json").ok().json()
    assert locked["script"] == "etl/"
    command("check").ok()
    parted = command("lock", "--apart", "etl").ok()
    assert "is no longer used" in parted.err
    assert not entries(command)


def test_the_whole_project_and_merges(command: InProcess) -> None:
    command("lock", "--together", ".").ok()
    (lock,) = entries(command).values()
    index = command.folder / "locks" / ".local" / "scripts.yml"
    assert '"./": {' in index.read_text()
    theirs = f'"./": {{"lock": "{"0" * 16}", "digest": "{"1" * 16}"}}\n'
    index.write_text(index.read_text() + theirs)
    assert command("check", "other.py", "--json").ok().json()[0]["hash"] == lock
    command("lock", ".").ok()
    assert index.read_text().count('"./"') == 1, "the next lock settles it"


def test_requires_python_of_every_script_counts(command: InProcess) -> None:
    block = "# /// script\n# requires-python = '{}'\n# ///\n"
    (command.folder / "jobs" / "a.py").write_text(block.format(">=3.9"))
    (command.folder / "jobs" / "sub" / "b.py").write_text(block.format("<3.12"))
    found = command("explain", "--together", "jobs", "--json").json()
    assert found["python"] == ">=3.9,<3.12"
    (command.folder / "jobs" / "sub" / "b.py").write_text("print 'x'\n")
    failed = command("lock", "--together", "jobs")
    assert failed.code == 65
    assert "error: no Python runs all scripts of jobs: " in failed.err
    assert "jobs/sub/b.py:1" in failed.err
    cure = "condavision lock --together jobs jobs/sub/b.py"
    assert f"without jobs/sub/b.py: run `{cure}`\n" in failed.err
    command(*cure.split()[1:]).ok()
    assert set(entries(command)) == {"jobs/", "jobs/sub/b.py"}
    checked = command("check", "jobs/a.py", "jobs/sub/b.py", "--json").ok().json()
    assert {it["state"] for it in checked} == {"ok"}


def test_what_takes_all_to_an_old_python_is_named_and_locked_apart(command: InProcess) -> None:
    (command.folder / "jobs" / "sub" / "b.py").write_text("import sys\nprint 'x'\n")
    cure = "condavision lock --together jobs jobs/sub/b.py"
    said = (
        "jobs/sub/b.py:2 (print statement) takes all 2 scripts to Python >=2.7,<3, and so to old"
        f" packages; to lock it apart, run `{cure}`"
    )
    assert said in command("lock", "--together", "jobs").ok().err
    assert command("check", "jobs").ok().out.count(said) == 1
    assert [it["script"] for it in command(*cure.split()[1:], "--json").ok().json()] == [
        *("jobs/sub/b.py", "jobs/")
    ]
    locked = {it["script"]: it for it in command("lock", ".", "--json").ok().json()}
    assert {it["status"] for it in locked.values() if it["script"] != "other.py"} == {"reused"}
    assert locked["jobs/sub/b.py"]["packages"]["python"].startswith("2.7")
    assert not locked["jobs/"]["packages"]["python"].startswith("2.7")
    checked = command("check", "jobs", "--json").ok().json()
    assert {it["script"]: it["hash"] for it in checked} == {
        "jobs/a.py": locked["jobs/"]["hash"],
        "jobs/sub/b.py": locked["jobs/sub/b.py"]["hash"],
    }
    assert "takes all" not in command("check", "jobs").out
    again = command("lock", "--together", "jobs", "--json").ok().json()
    assert [it["status"] for it in again] == ["reused"], "what was locked apart stays apart"


HELD_BACK = {
    "all of them": ({"jobs/a.py": "print 1\n", "jobs/sub/b.py": "print 2\n"}, ""),
    "a module of theirs": (
        {"jobs/a.py": "import near\n", "jobs/near.py": "print 1\n"},
        "jobs/near.py:1 (print statement) takes all 2 scripts to Python >=2.7,<3, and so to old",
    ),
    "what the floor admits": ({"jobs/a.py": "import imp\n"}, ""),
}


@pytest.mark.parametrize(("files", "said"), HELD_BACK.values(), ids=HELD_BACK)
def test_what_is_said_of_a_folder_for_old_pythons(
    files: dict[str, str], said: str, command: InProcess
) -> None:
    for name, text in files.items():
        (command.folder / name).write_text(text)
    if "jobs/near.py" in files:
        (command.folder / "jobs" / "sub" / "b.py").write_text("")
    found = command("lock", "--together", "jobs").ok().err
    assert (said in found, "takes all" in found) == (True, bool(said))
    assert ("packages; for >=3.10, change that" in found) == bool(said), "no script can be parted"


def test_a_folder_joins_what_the_folder_around_it_has(command: InProcess) -> None:
    locked = command("lock", ".", "--together", "jobs", "--json").ok().json()
    assert [it["script"] for it in locked] == ["other.py", "jobs/"]
    command("lock", "--apart", "jobs").ok()
    locked = command("lock", ".", "--together", "jobs", "jobs/a.py", "--json").ok().json()
    assert {it["script"] for it in locked} == {"other.py", "jobs/", "jobs/a.py"}
    command("lock", "jobs/sub/b.py").ok()
    command("check", ".").ok()
    assert set(entries(command)) == {"other.py", "jobs/", "jobs/a.py", "jobs/sub/b.py"}


def test_a_file_that_is_no_python_is_named(command: InProcess) -> None:
    (command.folder / "jobs" / "sub" / "b.py").write_text("def (\n")
    failed = command("lock", "--together", "jobs")
    assert failed.code == 65
    assert "jobs/sub/b.py:1" in failed.err
    (command.folder / "jobs" / "old.py").write_text("print 1\n")
    (command.folder / "jobs" / "bytes.py").write_text("\0")
    failed = command("lock", "--together", "jobs")
    assert "jobs/sub/b.py:1: not Python" in failed.err, "though no Python runs the others either"
    assert "jobs/bytes.py:1: not Python" in failed.err
    assert 'set `exclude = ["jobs/bytes.py", "jobs/sub/b.py"]` at the top of con' in failed.err
    with (command.folder / "condavision.toml").open("a") as settings:
        settings.write('exclude = ["jobs/bytes.py", "jobs/sub/b.py"]\n')
    command("lock", "--together", "jobs").ok()
    (command.folder / "jobs" / "new.py").write_text("type X = int\n")
    failed = command("lock", "--together", "jobs")
    assert failed.code == 65
    assert "to lock each script separately, run `condavision lock jobs`" in failed.err
    assert command("lock", "--together", "jobs/a.py").code == 2
    (command.folder / "empty").mkdir()
    assert command("lock", "--together", "empty").code == 65


def test_the_library_takes_folders_together(command: InProcess) -> None:
    jobs = command.folder / "jobs"
    assert condavision.analyze(together=jobs).project.key == "jobs/"
    report = condavision.lock(together=[jobs])
    assert [locked.inference.project.key for locked in report.locked] == ["jobs/"]
    assert condavision.check(jobs).code == 0
