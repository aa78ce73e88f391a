"""Channels, wherever one is declared: normalized, and refused with credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    MakeProject = Callable[[Mapping[str, str]], Path]


def block(*lines: str) -> dict[str, str]:
    """A script in a folder of its own with a PEP 723 block."""
    inside = "".join(f"# {line}\n" for line in lines)
    return {"jobs/s.py": f"# /// script\n{inside}# ///\nimport cv2\n"}


def execute(*lines: str) -> dict[str, str]:
    inside = "".join(f"# {line}\n" for line in lines)
    return {"jobs/s.py": f"# conda execute\n{inside}import cv2\n"}


def notebook(line: str) -> dict[str, str]:
    cell = {"cell_type": "code", "source": f"{line}\nimport cv2", "metadata": {}, "outputs": []}
    return {"jobs/s.ipynb": json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4})}


def configured(line: str) -> dict[str, str]:
    return {"jobs/s.py": "import cv2\n", "condavision.toml": line}


CHANNEL_LISTS = {
    "conda": block("[tool.conda]", 'channels = ["CHANNEL"]'),
    "pixi": block("[tool.pixi]", 'channels = ["CHANNEL"]'),
    "pixi workspace": block("[tool.pixi.workspace]", 'channels = ["CHANNEL"]'),
    "pixi table": block("[tool.pixi.project]", 'channels = [{ channel = "CHANNEL" }]'),
    "condavision": block("[tool.condavision]", 'channels = ["CHANNEL"]'),
    "conda execute": execute("channels:", "  - CHANNEL"),
}
CONFIGURED_LIST = {"configuration": configured('channels = ["CHANNEL"]\n')}

SPECS = {
    "spec of conda": block("[tool.conda]", 'dependencies = ["CHANNEL::numpy >=2"]'),
    "spec of condavision": block("[tool.condavision]", 'dependencies = ["CHANNEL::numpy >=2"]'),
    "key of a spec": block("[tool.conda]", "dependencies = [\"numpy >=2[channel='CHANNEL']\"]"),
    "bare key of a spec": block("[tool.conda]", 'dependencies = ["numpy >=2[channel=CHANNEL]"]'),
    "spec of conda execute": execute("env:", '  - "CHANNEL::numpy >=2"'),
    "pixi dependency": block(
        "[tool.pixi.dependencies]", 'numpy = { version = ">=2", channel = "CHANNEL" }'
    ),
    "override": block("[tool.condavision.imports]", 'cv2 = "CHANNEL::numpy >=2"'),
    "notebook": notebook("%conda install 'CHANNEL::numpy >=2'"),
}
CONFIGURED_SPEC = {"configured override": configured('[imports]\ncv2 = "CHANNEL::numpy >=2"\n')}

REFERENCES = {
    "url of a spec": block("[tool.conda]", 'dependencies = ["CHANNEL/noarch/numpy-1-0.conda"]'),
    "url key": block("[tool.conda]", 'dependencies = ["numpy[url=CHANNEL]"]'),
    "standard": block('dependencies = ["numpy @ CHANNEL"]'),
    "pixi url": block("[tool.pixi.pypi-dependencies]", 'numpy = { url = "CHANNEL" }'),
    "pixi git": block("[tool.pixi.pypi-dependencies]", 'numpy = { git = "CHANNEL" }'),
    "override by url": block("[tool.condavision.imports]", 'cv2 = "pypi:numpy @ CHANNEL"'),
    "pip in a notebook": notebook("!pip install 'numpy @ CHANNEL'"),
}
ELSEWHERE = {
    "python range": block('requires-python = "CHANNEL"'),
    "setting": block("[tool.condavision]", '"CHANNEL" = 1'),
    "duplicate": execute("env: CHANNEL", "env: CHANNEL"),
    "broken TOML": block("x = { 'CHANNEL' = 1, 'CHANNEL' = 2 }"),
}

SECRETS = {
    "password": "https://user:sesame@host.invalid/x",
    "user": "https://sesame@host.invalid/x",
    "token": "https://host.invalid/t/sesame/x",
    "last part": "https://host.invalid/t/sesame",
    "query": "https://host.invalid/x?token=sesame",
    "slash": "https://user:a/sesame@host.invalid/x",
    "comma": "https://user:sesame,a@host.invalid/x",
    "unknown scheme": "ftp://user:sesame@host.invalid/x",
    "no scheme": "user:sesame@host.invalid/x",
    "token without scheme": "host.invalid/t/sesame/x",
    "token in a name": "t/sesame/x",
}

DECLARED = {**CHANNEL_LISTS, **SPECS}
CONFIGURED = {**CONFIGURED_LIST, **CONFIGURED_SPEC}
EVERYWHERE = {**DECLARED, **CONFIGURED}


def project(make_project: MakeProject, files: Mapping[str, str], channel: str) -> InProcess:
    texts = {name: text.replace("CHANNEL", channel) for name, text in files.items()}
    return InProcess(make_project({"condavision.toml": "", **texts}))


def script(command: InProcess) -> str:
    return next(f"jobs/{path.name}" for path in (command.folder / "jobs").glob("s.*"))


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("way", [*EVERYWHERE, *REFERENCES, *ELSEWHERE])
def test_credentials_are_refused_and_never_repeated(
    make_project: MakeProject, home: Path, way: str, secret: str
) -> None:
    files = {**EVERYWHERE, **REFERENCES, **ELSEWHERE}[way]
    command = project(make_project, files, SECRETS[secret])
    before = {path for path in command.folder.rglob("*") if path.is_file()}
    commands: list[tuple[str, ...]] = [("explain", "-v", "--json")]
    if secret in {"password", "token"}:  # the rest differs in the check alone
        commands += [("lock", "--offline"), ("check",)]
    for arguments in commands:
        finished = command(*arguments, script(command))
        assert "sesame" not in finished.out + finished.err, finished
        assert "Traceback" not in finished.err
        if way in EVERYWHERE and arguments != ("check",):
            assert finished.code == 2, finished
    written = [path for folder in (command.folder, home) for path in folder.rglob("*")]
    leaked = [
        path
        for path in written
        if path not in before and path.is_file() and b"sesame" in path.read_bytes()
    ]
    assert not leaked


@pytest.mark.parametrize("way", EVERYWHERE)
def test_a_refusal_names_where_the_channel_is_declared(
    make_project: MakeProject, home: Path, way: str
) -> None:
    command = project(make_project, EVERYWHERE[way], SECRETS["password"])
    refused = command("explain", script(command))
    assert "the channel at host.invalid is written with its credentials" in refused.err
    place = "condavision.toml: " if way in CONFIGURED_SPEC else "condavision.toml:1: "
    if way == "notebook":
        place = "jobs/s.ipynb:cell 1:1: "
    elif way in DECLARED:
        (text,) = DECLARED[way].values()
        rows = [row for row, line in enumerate(text.splitlines(), 1) if "CHANNEL" in line]
        place = f"jobs/s.py:{rows[0]}: "
    assert place in refused.err


@pytest.mark.parametrize("way", [*EVERYWHERE, "flag"])
@pytest.mark.parametrize("spelling", ["bioconda", "https://host.invalid/x", "HCC", "./channel"])
def test_a_channel_is_normalized_however_it_is_declared(
    make_project: MakeProject, home: Path, way: str, spelling: str
) -> None:
    command = project(make_project, EVERYWHERE.get(way, configured("")), spelling)
    flags = ("-c", spelling) if way == "flag" else ()
    found = command("explain", "--json", *flags, script(command)).ok().json()
    folder = command.folder / "jobs" if way in DECLARED else command.folder
    wanted = spelling if spelling != "./channel" else (folder / "channel").resolve().as_uri()
    if way in SPECS or way in CONFIGURED_SPEC:
        quote = "'" if way == "key of a spec" else ""
        assert f"numpy >=2[channel={quote}{wanted}{quote}]" in found["conda"]
    else:
        assert found["channels"] == [wanted]


def test_folders_of_scripts_that_are_locked_together_are_each_one_s_own(
    make_project: MakeProject, home: Path
) -> None:
    text = block("[tool.condavision]", 'channels = ["./channel"]')["jobs/s.py"]
    command = InProcess(make_project({"a/s.py": text, "b/s.py": text, "condavision.toml": ""}))
    found = command("explain", "--json", "--together", ".").ok().json()
    root = command.folder.resolve()
    assert found["channels"] == [(root / name / "channel").as_uri() for name in ("a", "b")]


def test_a_folder_is_the_same_through_a_link_to_the_script(
    make_project: MakeProject, home: Path
) -> None:
    command = project(make_project, CHANNEL_LISTS["conda"], "./channel")
    (command.folder / "link.py").symlink_to("jobs/s.py")
    hashes = {
        command("explain", "--json", name).ok().json()["hash"] for name in ("link.py", "jobs/s.py")
    }
    assert len(hashes) == 1
