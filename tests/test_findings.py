"""What strangers found the commands to keep to themselves, or to say badly; in process, so fast."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.environments.conda_install import _explained
from condavision.locks import index as script_index
from condavision.locks.index import Entry, read_index, write_index
from condavision.system.files import write_atomic
from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    MakeProject = Callable[[Mapping[str, str]], Path]

LOCAL = 'channels = ["interpreters:"]\n'


@pytest.fixture
def command(make_project: MakeProject, home: Path) -> InProcess:
    return InProcess(make_project({"condavision.toml": LOCAL, "s.py": "print(1)\n"}))


def test_a_lock_that_run_will_not_take_is_told(command: InProcess) -> None:
    (command.folder / "condavision.toml").unlink()
    committed = read_index(command.folder / "locks").updated({"s.py": Entry("0" * 16, "1" * 16)})
    write_index(committed)
    locked = command("lock", "-c", "interpreters:", "s.py", "--json").ok()
    assert any("`run` takes that one" in caution for caution in locked.json()[0]["cautions"])
    assert "locks/scripts.yml" in command("lock", "-c", "interpreters:", "s.py").ok().err


def test_explain_lists_what_is_declared_only(command: InProcess) -> None:
    block = (
        "# /// script\n# dependencies = ['httpx[socks]>=0.27', 'PyYAML[x]']\n# ///\nimport yaml\n"
    )
    (command.folder / "s.py").write_text(block)
    found = command("explain", "s.py", "--json").ok().json()
    assert [(one["pypi"], one["extras"], one["line"]) for one in found["declared"]] == [
        ("httpx", ["socks"], 2)
    ]
    out = command("explain", "s.py").ok().out
    assert "httpx[socks]" in out
    assert "pyyaml[x]" in out


def test_a_python_of_the_far_future_is_said_to_be_that(command: InProcess) -> None:
    text = '# /// script\n# requires-python = ">=3.99"\n# ///\n'
    (command.folder / "s.py").write_text(text)
    failed = command("lock", "s.py")
    assert failed.code == 65
    assert "s.py:2: requires-python >=3.99 is newer than any Python known" in failed.err
    assert "<2.7" not in failed.err + command("explain", "s.py").ok().out


def test_explain_of_a_folder_names_what_takes_all_of_it(command: InProcess) -> None:
    failed = command("explain", f"{command.folder}/")
    assert failed.code == 65
    assert f"condavision explain --together {command.folder}" in failed.err


@pytest.mark.parametrize("folder", ["jobs", "."])
def test_prune_forgets_the_last_script_of_a_folder(folder: str, command: InProcess) -> None:
    (command.folder / "jobs").mkdir()
    (command.folder / "s.py").rename(command.folder / "jobs" / "s.py")
    command("lock", folder).ok()
    (command.folder / "jobs" / "s.py").unlink()
    assert command("lock", folder).code == 65
    assert "forgot jobs/s.py" in command("lock", "--prune", folder).ok().err
    locks = command.folder / "locks" / ".local"
    assert not read_index(locks).entries
    assert not [*locks.glob("*.conda-lock.yml")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full")
def test_a_full_disk_names_the_file(command: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(prefix: str, dir: Path) -> tuple[int, str]:  # noqa: A002 - mkstemp's
        return os.open("/dev/full", os.O_WRONLY), str(dir / f"{prefix}x")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(OSError, match="No space left") as raised:
        write_atomic(command.folder / "scripts.yml", "x")
    assert raised.value.filename == str(command.folder / "scripts.yml")


def test_explain_says_where_a_local_module_lies(command: InProcess) -> None:
    for place in ("lib/m.py", "own/n.py", "src/p/__init__.py"):
        path = command.folder / place
        path.parent.mkdir(parents=True)
        path.write_text("")
    (command.folder / "condavision.toml").write_text(f'{LOCAL}paths = ["own"]\n')
    (command.folder / "s.py").write_text("import m, n, p\n")
    found = command("explain", "s.py", "--json").ok().json()
    assert [one["why"] for one in found["imports"]] == [
        "found at lib/m.py, outside Python's search path: lib",
        "found at own/n.py",
        "found at src/p/__init__.py, outside Python's search path: src",
    ]


def test_a_module_that_python_will_not_find_is_told(command: InProcess) -> None:
    for place in ("scripts/s.py", "p/__init__.py", "src/q.py"):
        path = command.folder / place
        path.parent.mkdir()
        path.write_text("import p, p.x, q\n" if path.name == "s.py" else "")
    settings = command.folder / "condavision.toml"
    (command.folder / "r.py").write_text(f"import {command.folder.name}.p\n")
    assert 'which lies in ..: add ".." to `paths`' in command("explain", "r.py").ok().err
    told = 'scripts/s.py:1: Python will not find `{}`, which lies in {}: add "{}" to `paths`'
    found = command("explain", "scripts/s.py").ok().err
    assert [told.format("p", ".", ".") in found, told.format("q", "src", "src") in found] == [1, 1]
    assert found.count("will not find") == 2
    assert "will not find" not in command("explain", "--together", "scripts").ok().err
    settings.write_text(f'{LOCAL}paths = [".", "src"]\n')
    assert "will not find" not in command("explain", "scripts/s.py").ok().err


def test_explain_does_not_list_every_line_of_what_is_no_python(command: InProcess) -> None:
    (command.folder / "s.py").write_text("import yaml\n" + "def (:\nx = 1\n" * 40)
    found = command("explain", "s.py")
    unread = command("explain", "s.py", "--json").json()["unread"]
    assert len(unread) > 5
    assert found.out.count("not read") == 5
    assert f"and {len(unread) - 5} more places" in found.out


def test_the_table_counts_this_platform_s_packages(command: InProcess) -> None:
    text = "import sys\nif sys.platform == 'win32':\n    import colorama\n"
    (command.folder / "s.py").write_text(f"{text}elif sys.platform == 'darwin':\n    import yaml\n")
    assert "none" in command("lock", "s.py").ok().out.splitlines()[1]


MALFORMED = [
    ("dependencies = ['numpy =>1.0']", "numpy =>1.0"),
    ("dependencies = ['nosuchthing >>2']", "nosuchthing >>2"),
]


@pytest.mark.parametrize(("line", "spec"), MALFORMED)
def test_a_malformed_match_spec_is_named_with_its_line(
    line: str, spec: str, command: InProcess
) -> None:
    (command.folder / "s.py").write_text(f"# /// script\n# [tool.conda]\n# {line}\n# ///\n")
    failed = command("lock", "s.py")
    assert failed.code == 2, failed.err
    assert f"s.py:3: `{spec}` is not a conda match spec" in failed.err


CONFIGURATIONS = [
    ('platforms = ["linux-46"]\n', 2, "condavision.toml: `platforms` must be some of linux-64"),
    ('paths = ["library"]\n', 0, "`paths` names library, no folder"),
]


@pytest.mark.parametrize(("line", "code", "said"), CONFIGURATIONS)
def test_settings_that_cannot_be_meant(line: str, code: int, said: str, command: InProcess) -> None:
    (command.folder / "condavision.toml").write_text(LOCAL + line)
    found = command("lock", "s.py")
    assert (found.code, said in found.err) == (code, True), found.err


def test_platforms_of_a_script_are_checked_too(command: InProcess) -> None:
    block = "# /// script\n# [tool.condavision]\n# platforms = ['linux-46']\n# ///\n"
    (command.folder / "s.py").write_text(block)
    failed = command("lock", "s.py")
    assert failed.code == 2
    assert "`linux-46` is not a platform" in failed.err


def test_a_folder_in_the_place_of_the_configuration(command: InProcess) -> None:
    (command.folder / "condavision.toml").unlink()
    (command.folder / "condavision.toml").mkdir()
    failed = command("explain", "s.py")
    assert failed.code == 2
    assert "condavision.toml cannot be read: Is a directory" in failed.err
    assert "hint" in failed.err


def test_an_index_that_cannot_be_read(command: InProcess) -> None:
    (command.folder / "locks" / "scripts.yml").mkdir(parents=True)
    failed = command("check", "s.py")
    assert failed.code == 72
    assert "restore it from version control" in failed.out


EMPTY = [
    ["run", ""],
    ["lock", ""],
    ["lock", "-c", "", "s.py"],
    ["lock", "-m", ""],
    ["check", ""],
    ["explain", ""],
    ["path", ""],
    ["install", ""],
    ["export", "--format", "explicit", ""],
    ["lock"],
    ["run"],
    ["explain"],
    ["install"],
]


@pytest.mark.parametrize("words", EMPTY, ids=[" ".join(words) or "none" for words in EMPTY])
def test_an_empty_name_is_no_script(words: list[str], command: InProcess) -> None:
    failed = command(*words)
    assert failed.code == 2
    assert "empty" in failed.err or "Name " in failed.err or "nothing is named" in failed.err


@pytest.mark.parametrize("words", [["lock", "--nope"], ["explain"], ["lock"], ["check", ""]])
def test_wrong_usage_is_told_in_json_too(words: list[str], command: InProcess) -> None:
    failed = command(*words, "--json")
    assert failed.code == 2
    assert set(json.loads(failed.out)) == {"schema", "error", "hints", "code"}


def test_check_reads_the_index_once(command: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (command.folder / f"s{number}.py").write_text(f"print({number})\n")
    command("lock", ".").ok()
    parsed: list[Path] = []
    parse = script_index.parse_index

    def counted(text: str, path: Path) -> script_index.ScriptIndex:
        parsed.append(path)
        return parse(text, path)

    monkeypatch.setattr(script_index, "parse_index", counted)
    assert len(command("check", ".", "--json").ok().json()) == 21
    assert len(parsed) <= 2, "once to select, once to check"


def test_a_lost_artefact_needs_an_upgrade(tmp_path: Path) -> None:
    lost = "failed to fetch: HTTP status client error (404 Not Found)"
    hints = _explained(lost, (), tmp_path).hints
    assert hints == ("lock again: condavision lock --upgrade SCRIPT",)


def test_diff_finds_the_lock_of_a_folder(command: InProcess) -> None:
    command("lock", "--together", ".").ok()
    assert command("diff", "s.py", ".").ok().out == "no package differs\n"


def test_a_module_that_a_stranger_alone_has_is_told(command: InProcess) -> None:
    (command.folder / "s.py").write_text("import gidgetlab\n")
    told = (
        "caution: s.py:1: `gidgetlab` is taken for gidgetlab, which alone on PyPI has such a module"
    )
    assert told in command("explain", "s.py").ok().err
    settings = 'channels = ["interpreters:"]\n[imports]\ngidgetlab = "pypi:gidgetlab"\n'
    (command.folder / "condavision.toml").write_text(settings)
    assert "caution" not in command("explain", "s.py").ok().err
    (command.folder / "s.py").write_text("import our_data_loaders, requests\n")
    locked = command("lock", "s.py")
    assert (locked.code, "no package is known for `import our_data_loaders`" in locked.err) == (
        66,
        True,
    )


def test_a_folder_that_anybody_can_write_to_is_named(command: InProcess) -> None:
    command.folder.chmod(0o777)
    (command.folder / "scripts").mkdir()
    script = command.folder / "scripts" / "s.py"
    script.write_text("import json\n")
    told = "the configuration or locks in . are not used, because anybody can write to .;"
    assert f"caution: {told}" in command("explain", "scripts/s.py").ok().err
    assert f"hint: {told}" in command("run", "scripts/s.py").err
    script.write_text("import no_such_thing_at_all\n")
    locked = command("lock", "-c", "https://conda.example.com/own", "scripts/s.py")
    assert f"hint: {told}" in locked.err
