"""The whole way, with real parts: scripts are locked on a real channel, installed and run."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conda_lock.lockfile import parse_conda_lock_file

from condavision.core.pythons import format_minor
from condavision.locks.index import read_index
from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter
    from tests.channels.server import Channel

    MakeProject = Callable[[Mapping[str, str]], Path]
    FindInterpreter = Callable[[Minor], Interpreter]

OLD = """\
import sys
import six
from ConfigParser import ConfigParser
print "%d.%d" % sys.version_info[:2], six.PY2, ConfigParser.__module__
"""
WITH_REQUESTS = """\
import os, sys
import requests
print(*sys.version_info[:2], sep=".")
print(requests.__name__, os.environ["CONDA_PREFIX"] == sys.prefix, *sys.argv[1:])
"""
WITH_NUMPY = """\
import numpy
type Vector = list[float]
print(numpy.arange(4).sum())
"""
FAILING = """\
import sys
print(sys.stdin.read().upper(), end="")
sys.exit(int(sys.argv[1]))
"""
VERSIONED = """\
# /// script
# requires-python = "=={}.*"
# ///
import sys, ssl, zlib
print('%d.%d' % sys.version_info[:2])
"""


@pytest.fixture
def project(make_project: MakeProject, channel: Channel, home: Path, compiled: None) -> Path:
    """A project on the test channel, with a script for each kind of Python."""
    return make_project(
        {
            "condavision.toml": f'channels = ["{channel.url}"]\n',
            "old.py": OLD,
            "web.py": WITH_REQUESTS,
            "sum.py": WITH_NUMPY,
            "plain.py": FAILING,
        }
    )


@pytest.fixture
def command(project: Path) -> CommandLine:
    """condavision in that project."""
    return InProcess(project)


RUNS: list[tuple[str, Minor, str]] = [
    ("old.py", (2, 7), "2.7 True ConfigParser\n"),
    ("web.py", (3, 12), "requests True a b c\n"),
    ("sum.py", (3, 12), "6\n"),
]


@pytest.mark.parametrize(("script", "minor", "printed"), RUNS, ids=[run[0] for run in RUNS])
def test_a_script_that_declares_nothing_runs(
    command: CommandLine, interpreter: FindInterpreter, script: str, minor: Minor, printed: str
) -> None:
    interpreter(minor)
    command("lock", script).ok()
    assert command("run", script, "a", "b c").ok().out.endswith(printed)


@pytest.mark.slow
def test_a_declared_python_is_the_one_that_runs(
    command: CommandLine, interpreter: FindInterpreter
) -> None:
    interpreter((3, 8))
    block = '# /// script\n# requires-python = "==3.8.*"\n# ///\n'
    (command.folder / "web.py").write_text(block + WITH_REQUESTS)
    locked = command("lock", "web.py", "--json").ok().json()
    assert locked[0]["packages"]["python"].startswith("3.8.")
    assert command("run", "web.py").ok().out.startswith("3.8\nrequests True")


def test_the_table_says_what_was_done(command: CommandLine) -> None:
    heading, row = command("lock", "plain.py").ok().out.splitlines()
    assert heading.split() == ["script", "python", "packages", "lock"]
    assert row.startswith("plain.py")
    assert row.endswith("written")
    assert command("lock", "plain.py").ok().out.splitlines()[1].endswith("reused")


def test_a_valid_lock_is_not_solved_again(command: CommandLine, channel: Channel) -> None:
    (command.folder / "condavision.toml").write_text(f'channels = ["{channel.http_url}"]\n')
    command("lock", "plain.py").ok()
    asked = len(channel.requested)
    assert asked
    before = _contents(command.folder / "locks")
    command("lock", "plain.py").ok()
    assert len(channel.requested) == asked
    assert _contents(command.folder / "locks") == before


def test_equal_requirements_share_one_lock_and_one_environment(command: CommandLine) -> None:
    (command.folder / "other.py").write_text(
        "def f():\n    from requests.sessions import Session as S\n    print(S)\n"
        "f()\n# needs no more than web.py\nimport os, sys\nprint(*sys.argv)\n"
    )
    first, second = command("lock", "web.py", "other.py", "--json").ok().json()
    assert first["hash"] == second["hash"]
    assert len(list((command.folder / "locks").glob("*.conda-lock.yml"))) == 1
    prefixes = {command("path", script).ok().out for script in ("web.py", "other.py")}
    assert len(prefixes) == 1


def test_conda_lock_reads_what_was_locked(command: CommandLine) -> None:
    for locked in command("lock", "web.py", "sum.py", "--json").ok().json():
        content = parse_conda_lock_file(Path(locked["lock"]))
        assert {package.name for package in content.package} == set(locked["packages"])
        assert {"python"} < set(locked["packages"])


def test_the_same_inputs_give_the_same_bytes(command: CommandLine, tmp_path: Path) -> None:
    command("lock", "web.py", "sum.py", "old.py").ok()
    first = _contents(command.folder / "locks")
    shutil.rmtree(command.folder / "locks")
    elsewhere = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "CONDAVISION_HOME": str(tmp_path / "new")}
    command("lock", "old.py", "sum.py", "web.py", environ=elsewhere).ok()
    assert _contents(command.folder / "locks") == first


def test_streams_arguments_and_exit_code_are_the_script_s_own(command: CommandLine) -> None:
    command("lock", "plain.py").ok()
    for code in (0, 3, 255):
        finished = command("run", "-q", "plain.py", str(code), stdin="streams\n")
        assert (finished.code, finished.out, finished.err) == (code, "STREAMS\n", "")


def test_a_script_may_take_options_that_look_like_ours(command: CommandLine) -> None:
    (command.folder / "plain.py").write_text("import sys\nprint(sys.argv[1:])\n")
    command("lock", "plain.py").ok()
    arguments = ["--help", "--json", "-c", "x", "--", "--locks", "ünï code", "$HOME;'\""]
    assert command("run", "plain.py", *arguments).ok().out == f"{arguments}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_killed_script_reports_its_signal(command: CommandLine) -> None:
    (command.folder / "plain.py").write_text("import os\nos.kill(os.getpid(), 15)\n")
    command("lock", "plain.py").ok()
    assert command("run", "-q", "plain.py").code == -15


@pytest.mark.slow
def test_what_channels_lack_comes_from_pypi(
    command: CommandLine, interpreter: FindInterpreter
) -> None:
    interpreter((3, 12))
    text = "import requests, humanize\nprint(humanize.intcomma(1234567), requests.__name__)\n"
    (command.folder / "web.py").write_text(text)
    (locked,) = command("lock", "web.py", "--json").ok().json()
    managers = {
        package.name: package.manager
        for package in parse_conda_lock_file(Path(locked["lock"])).package
    }
    assert managers["humanize"] == "pip"
    assert managers["requests"] == managers["urllib3"] == managers["pip"] == "conda"
    assert command("run", "web.py").ok().out == "1,234,567 requests\n"


def test_packages_activate(command: CommandLine) -> None:
    (command.folder / "plain.py").write_text(
        "# /// script\n# [tool.conda]\n# dependencies = ['activation-sample', 'live-sample']\n"
        "# ///\nimport os\n"
        "prefix = os.environ['CONDA_PREFIX']\n"
        "assert os.environ['PATH'].startswith(prefix + '/bin:')\n"
        "for name in ('SET', 'PREPENDED', 'APPENDED', 'UNSET', 'LIVE'):\n"
        "    print(os.environ.get('SAMPLE_' + name, '-').replace(prefix, '*'))\n"
    )
    command("lock", "plain.py").ok()
    variables = {
        "SAMPLE_PREPENDED": "mine",
        "SAMPLE_APPENDED": "mine",
        "SAMPLE_UNSET": "mine",
        "SAMPLE_LIVE": "now",
    }
    for _ in range(2):  # the second run is warm
        printed = command("run", "-q", "plain.py", environ=variables).ok().out
        assert printed.split("\n") == ["in *", "*/first:mine", "mine:*/last", "-", "<now>", ""]


def test_check_tells_missing_stale_and_ok(command: CommandLine) -> None:
    assert command("check", "web.py").code == 70
    command("lock", "web.py").ok()
    assert "ok" in command("check", "web.py").ok().out
    web = command.folder / "web.py"
    web.write_text(f"# a comment changes nothing\n{WITH_REQUESTS}")
    command("check", "web.py").ok()
    web.write_text(f"import numpy\n{WITH_REQUESTS}")
    stale = command("check", "web.py", "--json")
    assert stale.code == 71
    (checked,) = stale.json()
    assert checked["state"] == "stale"
    assert "added numpy" in checked["notes"][0]
    assert command("run", "web.py").code == 71


def test_a_change_of_configuration_is_noticed(command: CommandLine, channel: Channel) -> None:
    command("lock", "web.py").ok()
    (command.folder / "condavision.toml").write_text(f'channels = ["{channel.http_url}"]\n')
    checked = command("check", "web.py")
    assert checked.code == 71
    assert "channels" in checked.out


def test_a_newer_rule_does_not_orphan_an_unchanged_script(command: CommandLine) -> None:
    command("lock", "web.py").ok()
    index = command.folder / "locks" / "scripts.yml"
    (lock,) = (command.folder / "locks").glob("*.conda-lock.yml")
    entry = json.loads(f"{{{index.read_text().splitlines()[1]}}}")["web.py"]
    assert entry["lock"] == lock.name.partition(".")[0]
    # what another release would have recorded: the same sources, another hash, its lock
    command("lock", "sum.py").ok()
    other = next(
        found for found in (command.folder / "locks").glob("*.conda-lock.yml") if found != lock
    )
    index.write_text(index.read_text().replace(entry["lock"], other.name.partition(".")[0]))
    checked = command("check", "web.py").ok().out
    assert "would be inferred differently today" in checked
    assert "added requests" in checked


def test_explain_works_offline_and_lists_what_is_unknown(command: CommandLine) -> None:
    (command.folder / "web.py").write_text(
        "import urllib.request, requests, local_thing\n"
        "try:\n    import yaml\nexcept ImportError:\n    yaml = None\n"
        "import no_such_thing_at_all\n"
        "if (n := 3) > 2:\n    pass\n"
    )
    (command.folder / "local_thing.py").write_text("import tomllib\n")
    offline = {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    found = command("explain", "--json", "web.py", environ=offline).ok().json()
    assert found["python"] == ">=3.11"
    rules = {(reason["file"], reason["line"]): reason["python"] for reason in found["reasons"]}
    assert rules["web.py", 7] == ">=3.8"
    assert rules["local_thing.py", 1] == ">=3.11"
    imports = {line["name"]: line for line in found["imports"]}
    assert imports["requests"]["pypi"] == imports["requests"]["conda"] == "requests"
    assert imports["local_thing"]["origin"] == "local"
    assert imports["tomllib"]["origin"] == "stdlib"
    assert imports["yaml"]["kind"] == "optional"
    assert imports["yaml"]["pypi"] == "pyyaml"
    assert imports["no_such_thing_at_all"]["pypi"] is None
    assert found["unknown"] == ["no_such_thing_at_all"]
    assert found["pypi"] == found["conda"] == ["requests"]
    assert "no_such_thing_at_all" in command("explain", "web.py").ok().out


def test_explain_shows_the_locked_version(command: CommandLine) -> None:
    command("lock", "web.py").ok()
    found = command("explain", "--json", "web.py").ok().json()
    (line,) = (line for line in found["imports"] if line["name"] == "requests")
    assert line["locked"].startswith("requests 2.")
    assert found["locked"]


def test_install_path_list_and_clean(command: CommandLine, home: Path) -> None:
    (locked,) = command("lock", "plain.py", "--json").ok().json()
    assert command("list", "--json").ok().json() == []
    prefix = command("path", locked["hash"]).ok().out.strip()
    assert f"plain.py  {prefix}  reused\n" in command("install", "plain.py").ok().out
    assert command("path", "plain.py").ok().out.strip() == prefix
    python = Path(command("path", "--python", "plain.py").ok().out.strip())
    version = command.process([str(python), "-c", "import sys; print(sys.prefix)"]).ok()
    assert version.out.strip() == prefix
    command("run", "-q", "plain.py", "0").ok()
    (listed,) = command("list", "--json").ok().json()
    assert listed["prefix"] == prefix
    assert listed["scripts"] == [str(command.folder / "plain.py")]
    assert command("clean").code == 2
    assert command("clean", "--all", "--dry-run").ok().out
    assert Path(prefix).exists()
    command("clean", "--unused-for", "1").ok()
    assert Path(prefix).exists()
    assert command("clean", "--unreferenced").ok().out == "nothing to remove\n"
    command("clean", listed["key"]).ok()
    assert not Path(prefix).exists()
    assert command("run", "-q", "plain.py", "4", stdin="").code == 4


@pytest.mark.skipif(sys.platform == "win32", reason="a launcher is a sh script")
def test_a_launcher_runs_the_script_without_condavision(
    command: CommandLine, tmp_path: Path
) -> None:
    command("lock", "plain.py").ok()
    folder = tmp_path / "bin folder"
    launcher = str(folder / "plain")
    assert launcher in command("install", "-q", "--launcher", folder, "plain.py").ok().out
    ran = command.process([launcher, "8"], stdin="by sh\n")
    assert (ran.code, ran.out) == (8, "BY SH\n")
    (command.folder / "plain.py").write_text("import requests\n")
    assert command.process([launcher]).code == 71, "an edit is noticed"


def test_locks_can_lie_elsewhere(command: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "my locks"
    command("lock", "plain.py", "--locks", folder).ok()
    assert not (command.folder / "locks").exists()
    assert command("run", "-q", "--locks", folder, "plain.py", "5").code == 5
    assert command("run", "plain.py", "5").code == 70


def test_channels_and_platforms_of_the_command_line(command: CommandLine, channel: Channel) -> None:
    (locked,) = command("lock", "plain.py", "-c", channel.http_url, "--json").ok().json()
    assert locked["platforms"] == ["linux-64"]
    command("check", "plain.py").ok()
    assert command("run", "-q", "plain.py", "0").ok().out == ""
    assert command("lock", "plain.py", "--platform", "amiga-68k").code == 2


def test_modules_on_pythonpath_are_found_by_cron_too(command: CommandLine, tmp_path: Path) -> None:
    shared = tmp_path / "shared modules"
    shared.mkdir()
    (shared / "housekeeping.py").write_text("import six\nname = 'found ' + six.__name__\n")
    script = command.folder / "plain.py"
    script.write_text("import housekeeping\nprint(housekeeping.name)\n")
    assert command("lock", "plain.py").code == 66
    command("lock", "plain.py", environ={"PYTHONPATH": str(shared)}).ok()
    for _ in range(2):
        assert command("run", "-q", "plain.py").ok().out == "found six\n"
    command("lock", "plain.py").ok()
    assert command("run", "-q", "plain.py").ok().out == "found six\n"


def test_the_working_directory_does_not_matter(command: CommandLine, tmp_path: Path) -> None:
    script = command.folder / "plain.py"
    command("lock", script, cwd=tmp_path).ok()
    assert command("run", "-q", script, "6", cwd=tmp_path).code == 6
    assert command("run", "-q", "project/plain.py", "7", cwd=tmp_path).code == 7


def test_a_folder_is_all_its_scripts(command: CommandLine, interpreter: FindInterpreter) -> None:
    interpreter((2, 7))
    locked = command("lock", ".", "--json").ok().json()
    assert [one["script"] for one in locked] == ["old.py", "plain.py", "sum.py", "web.py"]


def test_processes_that_lock_at_once_lose_nothing(command: CommandLine) -> None:
    scripts = [f"s{number}.py" for number in range(6)]
    for script in scripts:
        (command.folder / script).write_text(f"import six  # {script}\n")
    with ThreadPoolExecutor() as pool:
        for finished in pool.map(lambda script: command("lock", script), scripts):
            finished.ok()
    assert set(scripts) == set(read_index(command.folder / "locks").entries)


def test_one_failure_does_not_keep_the_others_from_their_locks(command: CommandLine) -> None:
    (command.folder / "bad.py").write_text("import no_such_thing_at_all\n")
    finished = command("lock", "bad.py", "plain.py")
    assert finished.code == 66
    assert "plain.py" in finished.out
    assert "bad.py:1" in finished.err
    assert command("run", "-q", "plain.py", "0").ok()


@pytest.mark.slow
def test_the_exit_code_survives_the_engine_s_shutdown(command: CommandLine) -> None:
    codes = {command("lock", "web.py").code}
    for _ in range(12):
        shutil.rmtree(command.folder / "locks")
        codes.add(command("lock", "web.py").code)
    assert codes == {0}


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.mark.slow
def test_every_interpreter_of_the_machine_runs_scripts(
    make_project: MakeProject, home: Path, known_interpreters: Path
) -> None:
    from condavision.interpreters.discovery import discover

    minors = sorted({found.minor for found in discover(known_interpreters)})
    scripts = {
        f"s{minor[0]}{minor[1]}.py": VERSIONED.format(format_minor(minor)) for minor in minors
    }
    command = InProcess(make_project({"condavision.toml": "", **scripts}))
    command("lock", "-c", "interpreters:", *scripts).ok()
    assert (command.folder / "locks/.local/scripts.yml").exists()
    assert not list((command.folder / "locks").glob("*.yml"))
    for script in scripts:
        command("install", "-q", script).ok()
    for minor, script in zip(minors, scripts, strict=True):
        assert command("run", "-q", script).ok().out == f"{format_minor(minor)}\n"
