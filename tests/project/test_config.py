"""Configuration: where it is found, which values are valid, all mistakes reported at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from condavision.errors import ConfigError
from condavision.inference.workspace import Workspace
from condavision.project.config import Flags
from condavision.project.settings_files import SettingsFiles
from condavision.system.ownership import Distrust, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.command_line import CommandLine

    MakeProject = Callable[[Mapping[str, str]], Path]

ROOTS = [
    ({"a/b/s.py": "", "condavision.toml": ""}, "."),
    ({"a/b/s.py": "", "condavision.toml": "", "a/condavision.toml": ""}, "a"),
    ({"a/b/s.py": "", "pyproject.toml": "[tool.condavision]\n", "a/pyproject.toml": ""}, "."),
    ({"a/b/s.py": "", "locks/scripts.yml": "", "a/pyproject.toml": ""}, "."),
    ({"a/b/s.py": "", "a/pyproject.toml": ""}, "a"),
    ({"a/b/s.py": "", "a/.git": ""}, "a"),
    ({"a/b/s.py": ""}, "a/b"),
    ({"a/b/s.py": "", "condavision.toml": "", "a/b/locks/scripts.yml": ""}, "."),
    ({"a/b/s.py": "", "condavision.toml": "", "a/locks/.local/scripts.yml": ""}, "."),
    ({"a/b/s.py": "", "locks/scripts.yml": "", "a/locks/scripts.yml": ""}, "a"),
    ({"a/b/s.py": "", "locks/scripts.yml": "", "a/.git": ""}, "a"),
    ({"a/b/s.py": "", "condavision.toml": "", "a/.git": ""}, "."),
]


@pytest.mark.parametrize(("files", "root"), ROOTS)
def test_the_root_is_sought_upward_from_the_script(
    make_project: MakeProject, files: dict[str, str], root: str
) -> None:
    folder = make_project(files)
    assert SettingsFiles().root_of(folder / "a/b/s.py") == (folder / root).resolve()


def test_a_given_folder_is_the_root_where_nothing_marks_one(make_project: MakeProject) -> None:
    folder = make_project({"a/b/s.py": "", "c/.git": "", "c/s.py": ""}).resolve()
    settings = SettingsFiles([folder / "a", folder, folder / "a/b"])
    assert settings.root_of(folder / "a/b/s.py") == folder
    assert settings.root_of(folder / "c/s.py") == folder / "c"
    assert not settings.is_marked(folder)


def test_a_link_belongs_to_the_project_of_what_it_leads_to(
    make_project: MakeProject, tmp_path: Path
) -> None:
    folder = make_project({"s.py": "", "condavision.toml": ""})
    link = tmp_path / "link.py"
    link.symlink_to(folder / "s.py")
    assert SettingsFiles().root_of(link) == folder.resolve()


def test_what_others_can_write_is_not_believed(make_project: MakeProject) -> None:
    folder = make_project({"a/s.py": "", "condavision.toml": 'channels = ["evil"]\n'})
    folder.chmod(0o777)
    assert SettingsFiles().root_of(folder / "a/s.py") == (folder / "a").resolve()
    assert SettingsFiles().config(folder).channels == ("conda-forge",)


@pytest.mark.parametrize(
    ("files", "opened", "expected"),
    [
        (["condavision.toml"], ["."], (".", ".")),
        (["condavision.toml"], [], None),
        (["condavision.toml"], ["a"], (".", "a")),
        (["locks/scripts.yml"], ["."], (".", ".")),
        (["notes.txt"], ["."], None),
        (["a/condavision.toml", "condavision.toml"], ["."], ("a", ".")),
        (["a/condavision.toml", "condavision.toml"], ["a"], ("a", "a")),
    ],
)
def test_a_configuration_that_is_not_believed_is_named(
    make_project: MakeProject,
    files: list[str],
    opened: list[str],
    expected: tuple[str, str] | None,
) -> None:
    folder = make_project({"a/s.py": "", **dict.fromkeys(files, "")}).resolve()
    for name in opened:
        (folder / name).chmod(0o777)
    found = SettingsFiles().distrusted(folder / "a/s.py")
    if expected is None:
        assert found is None
    else:
        distrust = Distrust(folder / expected[1], Fault.WRITABLE)
        assert found == (folder / expected[0], distrust)


def test_settings_are_read_and_made_absolute(make_project: MakeProject) -> None:
    folder = make_project(
        {
            "pyproject.toml": """
                [tool.condavision]
                channels = ["bioconda", "conda-forge", "./own"]
                platforms = ["linux-64", "win-64"]
                paths = ["lib"]
                locks = "envs/locks"
                python-floor = "3.8"
                optional-imports = true
                imports = { cv2 = "opencv", mine = "pypi:my-dist>=2", legacy = "" }
            """
        }
    )
    config = SettingsFiles().config(folder)
    assert config.channels == ("bioconda", "conda-forge", (folder / "own").as_uri())
    assert config.paths == (folder / "lib",)
    assert config.locks == folder / "envs/locks"
    assert config.python_floor == (3, 8)
    assert config.optional_imports
    assert config.imports["mine"] == "pypi:my-dist>=2"


def test_condavision_toml_wins_over_pyproject(make_project: MakeProject) -> None:
    folder = make_project(
        {
            "condavision.toml": 'channels = ["a"]\n',
            "pyproject.toml": '[tool.condavision]\nchannels = ["b"]\n',
        }
    )
    assert SettingsFiles().config(folder).channels == ("a",)


NAMES, NETRC = "the settings are channels, trusted-channels", "they can be in ~/.netrc"
LINE = "correct that line"
MISTAKES = [
    ("channels = 3", ":1: `channels` must be a list of strings", LINE),
    ("channels = []", ":1: `channels` must be a list of at least one channel", LINE),
    ('chanels = ["x"]', ":1: `chanels` is not a setting", "did you mean `channels`?"),
    ('chanels = ["x"]', "is not a setting", NAMES),
    ("project = 1", "is not a setting", NAMES),
    ("[tool.condavision]\nlocks = 'x'", ":1: `tool` is not a setting", "without that table"),
    ("dependencies = []", ":1: `dependencies` is not a setting", "declare it in the script"),
    ("locks = 'x'\n[serve]\ntimout = 1", ":3: `serve.timout` is not", "did you mean `timeout`?"),
    ("serve.warm = 1", ":1: `serve.warm` must be true or false", LINE),
    ("serve = { x = 1 }", ":1: `serve.x` is not a setting", "the settings of `serve` are warm"),
    ('python-floor = "3"', ":1: `python-floor` must be a Python version", LINE),
    ('imports = "cv2"', ":1: `imports` must be a table", LINE),
    ("\n[imports]\nx = 1", ":2: `imports` must be a table", LINE),
    ("\nimports.cv2 = 1", ":2: `imports` must be a table", LINE),
    ("optional-imports = 1", ":1: `optional-imports` must be true or false", LINE),
    ("channels = [", "not valid TOML", "close what is still open there"),
    ('channels = ["https://me:secret@host/x"]', "written with its credentials", NETRC),
    ('channels = ["https://host/t/tk-123-456/x"]', "written with its credentials", NETRC),
    ('channels = ["no channel"]', ":1: `no channel` is not a channel", "a channel is a name"),
    ('channels = ["interpreters"]\nlocks = ""', ":2: `locks` must be a string", LINE),
]


@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES)
def test_a_mistake_is_named_with_a_hint_that_fits(
    make_project: MakeProject, text: str, message: str, hint: str
) -> None:
    folder = make_project({"condavision.toml": text})
    with pytest.raises(ConfigError, match=re.escape(message)) as raised:
        SettingsFiles().config(folder)
    assert "secret" not in str(raised.value)
    assert "condavision.toml" in str(raised.value)
    assert hint in (said := " ".join(raised.value.hints))
    assert bool(hint) == bool(said)


def test_the_line_of_a_setting_is_that_of_our_table(make_project: MakeProject) -> None:
    text = "[project]\nlocks = 1\n[tool.other]\nlocks = 1\n[tool.condavision]\n\nlocks = 1\n"
    folder = make_project({"pyproject.toml": text})
    with pytest.raises(ConfigError, match=r"pyproject.toml:7: `locks` must be"):
        SettingsFiles().config(folder)


LOCKS = [
    ("locks = '../x'", {}, "", "condavision.toml:1: `locks` must be a folder inside the project"),
    ("\nlocks = '/x'", {}, "", "condavision.toml:2: `locks` must be"),
    ("locks = 'in'", {"in": ".."}, "", "condavision.toml:1: `locks` must be"),
    ("", {"locks": "../x"}, "", "project/locks: the locks must be inside the project"),
    ("", {"locks": "/"}, "", "project/locks: the locks must be"),
    ("", {"kept/.local": "/x", "locks": "kept"}, "", "locks/.local: the locks must be"),
    ("", {"locks": "kept"}, "", ""),
    ("locks = 'kept/../other'", {}, "", ""),
    ("locks = '../x'", {}, "../y", ""),
    ("", {"locks": "../x"}, "locks", ""),
]


@pytest.mark.parametrize(("text", "links", "flag", "message"), LOCKS)
def test_locks_are_inside_the_project_unless_the_command_line_says_so(
    make_project: MakeProject, text: str, links: dict[str, str], flag: str, message: str
) -> None:
    folder = make_project({"condavision.toml": text, "kept/s.py": ""})
    for name, goal in links.items():
        (folder / name).symlink_to(goal)
    workspace = Workspace(Flags(locks=folder / flag if flag else None))
    if not message:
        assert workspace.config(folder).root == folder
        return
    with pytest.raises(ConfigError, match=re.escape(message)) as raised:
        workspace.config(folder)
    assert "--locks" in raised.value.hints[0]


def test_every_mistake_is_named_at_once(make_project: MakeProject) -> None:
    folder = make_project({"condavision.toml": "channels = 1\nnope = 2\n"})
    with pytest.raises(ConfigError, match=r"channels.*nope"):
        SettingsFiles().config(folder)


def test_a_broken_pyproject_that_is_not_ours_is_left_alone(make_project: MakeProject) -> None:
    folder = make_project({"pyproject.toml": "[tool.other\n"})
    assert SettingsFiles().config(folder).channels == ("conda-forge",)


CONFIGURATIONS = [
    (
        'platforms = ["linux-46"]\n',
        2,
        "condavision.toml:2: `platforms` must be a list of platforms: linux-64",
    ),
    ('paths = ["library"]\n', 0, "`paths` has library, which is not a folder"),
]


@pytest.mark.parametrize(("line", "code", "said"), CONFIGURATIONS)
def test_platforms_and_paths_that_do_not_exist_are_reported(
    line: str, code: int, said: str, command: CommandLine
) -> None:
    settings = command.folder / "condavision.toml"
    settings.write_text(settings.read_text() + line)
    found = command("lock", "s.py")
    assert (found.code, said in found.err) == (code, True), found.err


def test_a_folder_in_the_place_of_the_configuration(command: CommandLine) -> None:
    (command.folder / "condavision.toml").unlink()
    (command.folder / "condavision.toml").mkdir()
    failed = command("explain", "s.py")
    assert failed.code == 2
    assert "condavision.toml cannot be read: Is a directory" in failed.err
    assert "hint" in failed.err
