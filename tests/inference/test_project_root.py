"""One rule for the project root: which configuration and locks a script has, and what is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    MakeProject = Callable[[Mapping[str, str]], Path]

LOCAL = 'channels = ["interpreters:"]\n'
HERE = ("-c", "interpreters:")


def made(folder: Path) -> list[str]:
    """Return the project roots that have locks."""
    found = folder.rglob("locks/.local/scripts.yml")
    return sorted(it.parents[2].relative_to(folder).as_posix() for it in found)


GIVEN = [
    (["."], ["."], ["a/main.py", "b/main.py"]),
    (["a/main.py", "b/main.py"], ["a", "b"], ["a/main.py", "b/main.py"]),
    (["a"], ["a"], ["main.py"]),
]


@pytest.mark.parametrize(("names", "roots", "rows"), GIVEN)
def test_without_a_project_the_given_folder_is_one(
    make_project: MakeProject, bare_home: Path, names: list[str], roots: list[str], rows: list[str]
) -> None:
    folder = make_project({"a/main.py": "", "b/main.py": ""})
    for name in ("a", "b"):
        (folder / name / "main.py").write_text("print()\n")
    command = InProcess(folder)
    locked = command("lock", *HERE, *names).ok()
    assert made(folder) == roots
    assert [line.split()[0] for line in locked.out.splitlines()[1:]] == rows
    assert ("a/locks, b/locks" in locked.err) == (len(roots) > 1)
    checked = command("check", *names).ok()
    assert [line.split()[0] for line in checked.out.splitlines()[1:]] == rows
    again = command("lock", *HERE, *names).ok()
    assert "reused" in again.out
    assert "caution" not in again.err, "said once"


def test_configured_locks_are_not_another_root(make_project: MakeProject, bare_home: Path) -> None:
    """Otherwise the next `lock` would ask conda-forge, in place of the configured channel."""
    text = f'{LOCAL}locks = "scripts/locks"\n'
    folder = make_project({"condavision.toml": text, "scripts/s.py": "print()\n"})
    command = InProcess(folder)
    for _ in range(2):
        assert command("lock", "scripts/s.py", "--json").ok().json()[0]["root"] == str(folder)
        assert not command("check", "scripts/s.py").ok().err
    assert made(folder) == ["scripts"]


def test_a_later_configuration_rules_locks_below_it(
    make_project: MakeProject, bare_home: Path
) -> None:
    folder = make_project({"a/s.py": "print()\n"})
    command = InProcess(folder)
    command("lock", *HERE, "a/s.py").ok()
    (folder / "condavision.toml").write_text(f'{LOCAL}python-floor = "3.11"\n')
    reported = "condavision.toml configures the scripts in a, so the locks in a/locks are not used"
    missing = command("install", "a/s.py")
    assert missing.code == 70
    assert reported in missing.err
    locked = command("lock", "a/s.py").ok()
    assert (reported in locked.err, ">=3.11" in locked.out) == (True, True)
    assert made(folder) == [".", "a"]
    assert "caution" not in command("lock", "a/s.py", "--locks", "a/locks").ok().err


def test_a_nested_project_is_not_locked_together(
    make_project: MakeProject, bare_home: Path
) -> None:
    nested = {"jobs/own/condavision.toml": LOCAL, "jobs/own/n.py": "import humanize\n"}
    files = {"condavision.toml": LOCAL, "jobs/a.py": "print()\n", "jobs/sub/b.py": "print()\n"}
    folder = make_project({**files, **nested})
    command = InProcess(folder)
    explained = command("explain", "--together", "jobs", "--json").ok().json()
    assert len(explained["files"]) == 2
    assert explained["pypi"] == []
    assert explained["cautions"] == [
        "jobs/own skipped: a project of its own, which has its own locks"
    ]
    command("lock", "--together", "jobs").ok()
    assert command("check", "jobs/sub/b.py").ok()
    assert command("check", "jobs/own/n.py").code == 70


def test_a_package_called_locks_is_searched(make_project: MakeProject, bare_home: Path) -> None:
    files = {"s.py": "from locks import job\n", "locks/__init__.py": "", "locks/job.py": "1\n"}
    run = {"locks/tools/run.py": "import json\n"}
    command = InProcess(make_project({"condavision.toml": LOCAL, **files, **run}))
    for _ in range(2):
        locked = command("lock", ".", "--json").ok().json()
        assert [it["script"] for it in locked] == ["locks/tools/run.py", "s.py"]


def test_locks_that_are_nearer_than_others(make_project: MakeProject, bare_home: Path) -> None:
    """The nearest decides, which is told where both have a lock of the script."""
    folder = make_project({"sub/s.py": "print()\n", "sub/t.py": "print(1)\n"})
    command = InProcess(folder)
    command("lock", *HERE, ".").ok()
    (folder / "sub" / "locks" / ".local").mkdir(parents=True)
    (folder / "sub" / "locks" / ".local" / "scripts.yml").write_text("")
    missing = command("check", "sub/s.py")
    assert "sub/locks is used, which is nearer to the script than locks with another" in missing.out
    assert "write condavision.toml" in missing.out
    locked = command("lock", *HERE, "sub/s.py").ok()
    assert "caution: sub/locks is used" in locked.err
    (folder / "locks" / ".local" / "scripts.yml").write_text("")
    assert not command("check", "sub/s.py").ok().err
    assert "is used" not in command("check", "sub/s.py").out
