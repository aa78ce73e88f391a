"""The checks in CI that `init` writes, and the hooks for pre-commit, say what the command reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from condavision.export.scaffold import CI, FILES
from condavision.system import extras
from tests.pages import REPOSITORY, require_valid

if TYPE_CHECKING:
    from tests.command_line import CommandLine


def _commands(document: Any) -> list[str]:
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        return [line for part in document for line in _commands(part)]
    return re.findall(r"(?m)^condavision .*", document) if isinstance(document, str) else []


@pytest.mark.parametrize("host", CI)
def test_a_check_in_ci(host: str, command: CommandLine) -> None:
    placed = command("init", "--ci", host, "--json").ok().json()
    assert {it["path"]: it["state"] for it in placed} == dict.fromkeys(CI[host], "written")
    texts = {name: (command.folder / name).read_text() for name in CI[host]}
    commands = [it for text in texts.values() for it in _commands(yaml.safe_load(text))]
    assert [it.split()[1] for it in commands] == ["check", "install"]
    for line in commands:
        require_valid(line)
    for name, text in texts.items():
        (command.folder / name).write_text(text + "# edited\n")
    again = command("init", "--ci", host, "--json").ok().json()
    assert {it["path"] for it in again if it["state"] == "kept"} == {*CI[host]}


def test_locks_of_one_machine_are_none_for_ci(command: CommandLine) -> None:
    said = command("init", "--ci", "github").ok().err
    assert "CI will find none" in said
    assert "CI will find none" not in command("init").ok().err
    (command.folder / "condavision.toml").write_text('channels = ["conda-forge"]\n')
    assert "CI will find none" not in command("init", "--ci", "github").ok().err
    locked = command("lock", "-c", "interpreters:", "s.py").ok().err
    said = "locks/.local has locks that are for this machine only and not committed"
    assert said in locked
    assert said in command("init", "--ci", "github").ok().err


def test_an_unknown_host(command: CommandLine) -> None:
    failed = command("init", "--ci", "nowhere")
    assert failed.code == 2
    assert all(host in failed.err for host in CI)


def test_the_hooks_for_pre_commit() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    assert [it["id"] for it in hooks] == ["condavision-check", "condavision-lock"]
    for hook in hooks:
        require_valid(hook["entry"])
        assert hook["pass_filenames"] is False  # a module of a script is not another script


def test_a_condavision_from_no_index_is_none_for_ci(command: CommandLine) -> None:
    said = "no index has condavision yet"
    assert said not in command("init").ok().err
    made = command("init", "--ci", "github", "--ci", "gitlab").ok().err
    assert {it.name for it in command.folder.iterdir()} >= {*FILES}  # of the command without --ci
    assert f".github/workflows/condavision.yml, .gitlab/condavision.yml: {said}" in made
    assert said not in command("init", "--ci", "github").ok().err


def test_a_condavision_from_a_repository_comes_from_there_in_ci(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "_url", lambda: "git+https://x.invalid/c.git@1a2b")
    assert "no index" not in command("init", "--ci", "github", "--ci", "gitlab").ok().err
    line = "python -m pip install 'condavision @ git+https://x.invalid/c.git@1a2b'"
    for host, places in (("github", ["jobs", "check", "steps"]), ("gitlab", ["condavision"])):
        document = yaml.safe_load((command.folder / next(iter(CI[host]))).read_text())
        for place in places:
            document = document[place]
        lines = document["script"] if host == "gitlab" else [it.get("run") for it in document]
        assert line in lines


def test_a_pipeline_of_ones_own_is_told_what_to_include(command: CommandLine) -> None:
    own = command.folder / ".gitlab-ci.yml"
    own.write_text("stages: [test]\n")
    said = "it is yours and stays as it is; include the check: local: .gitlab/condavision.yml"
    assert said in command("init", "--ci", "gitlab").ok().err
    assert own.read_text() == "stages: [test]\n"
    own.write_text("include: .gitlab/condavision.yml\n")
    assert said not in command("init", "--ci", "gitlab").ok().err
