"""The pages about the service are true: what they show is sent, and every setting is listed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from condavision.core.serving import Serving, ServingError, read_serving
from condavision.serving.answering import STATUSES
from condavision.serving.endpoints import ENDPOINTS
from condavision.serving.openapi import openapi_document
from tests.pages import REPOSITORY, files, shown
from tests.serving.conftest import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from condavision.interpreters.probing import Interpreter
    from tests.command_line import InProcess
    from tests.serving.conftest import Server

REFERENCE = (REPOSITORY / "docs" / "serve.md").read_text("utf-8")


REQUESTS = (
    (
        shown("docs/howto/serve.md", '{"month": 5, "out"'),
        shown("docs/howto/serve.md", '"exit_code": 0'),
    ),
    (shown("docs/howto/serve.md", "printf"), shown("docs/howto/serve.md", "month 5: 42 EUR\n")),
    (shown("docs/howto/serve.md", "old.py/runs"), shown("docs/howto/serve.md", "Python 2\n")),
    (shown("docs/howto/serve.md", '{"mont": 5}'), shown("docs/howto/serve.md", '"status": 422')),
    (shown("docs/howto/serve.md", "-X PUT"), shown("docs/howto/serve.md", "202\n")),
    (shown("docs/howto/serve.md", "curl -s -N"), shown("docs/howto/serve.md", "retry: 1000")),
)
STARTED = shown("docs/howto/serve.md", "condavision serve scripts/\n")
FOR_OTHERS = shown("docs/howto/serve.md", "--token-file token\n")
WITH_TOKEN = shown("docs/howto/serve.md", "Authorization: Bearer")


def _typed(block: str) -> tuple[str, ...]:
    """Return the command that runs a block in sh, whose last command gets more arguments."""
    line = block.replace("condavision serve", "exec condavision serve").rstrip()
    return ("sh", "-ec", f'{line} "$@"', "sh")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt" or shutil.which("curl") is None, reason="needs POSIX and curl")
def test_what_the_how_to_shows(
    make_project: Callable[[Mapping[str, str]], Path], bare_home: Path, python2: Interpreter
) -> None:
    folder = make_project(files("docs/howto/serve.md"))
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with serving(folder, command=_typed(STARTED), paths=(), environ=path) as server:
        for command, answer in REQUESTS:
            assert _plain(_sent(command, server)) == _plain(answer)
    with serving(folder, command=_typed(FOR_OTHERS), paths=(), environ=path) as server:
        assert server.client.get("/scripts").status_code == 401
        line = WITH_TOKEN.replace("http://reports.example:8000", server.url)
        printed = _sent(line, server, folder)
        assert {it["script"] for it in json.loads(printed)["scripts"]} == {"report.py", "old.py"}
        assert (folder / "token").stat().st_mode & 0o77 == 0


def _sent(command: str, server: Server, folder: Path | None = None) -> str:
    line = command.replace("localhost:8000", server.url)
    return subprocess.run(
        ["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=True, timeout=600
    ).stdout


def _plain(text: str) -> str:
    text = re.sub(r"[0-9a-f]{32}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "TIME", text)
    return re.sub(r'("seconds": ?)[\d.]+', r"\1 0", text)


def test_the_reference_has_every_setting_status_and_endpoint() -> None:
    table = REFERENCE.partition("## Settings")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"(?m)^\| `([\w-]+)`\*? \| ([^|]+) \|", table))
    assert [*rows] == [it.name.replace("_", "-") for it in fields(Serving)]
    for name, default in rows.items():
        if match := re.fullmatch(r"`(.+)`", default):
            value = json.loads(match[1])
            read = read_serving({name: value})[name.replace("-", "_")]
            assert read == getattr(Serving(), name.replace("-", "_")), name
    starred = set(re.findall(r"(?m)^\| `([\w-]+)`\*", table))
    for name in rows:
        examples: dict[str, Any] = {"origins": ["https://x.example"]}
        examples |= dict.fromkeys(("warm", "network", "restart"), True)
        examples |= {"environment": ["x"], "hosts": ["x"]}
        example = examples.get(name, 100)
        if name in starred:
            read_serving({name: example}, script=True)
        else:
            with pytest.raises(ServingError, match="is not a setting"):
                read_serving({name: example}, script=True)
    statuses = set(map(int, re.findall(r"\b[2-5]\d\d\b", REFERENCE)))
    assert {status.value for status in STATUSES.values()} <= statuses
    for route in ENDPOINTS:
        shown = route.path.replace("{script:path}", "PATH").replace("{run}", "ID")
        assert shown.replace("{name:path}", "NAME").rpartition("/")[2] in REFERENCE, route.path


WRONG = {
    "timeout": (0, -1, True, "60", float("inf")),
    "memory": ("4X", 0, "-1", True, 1.5, ""),
    "concurrency": (0, 1.5, "4"),
    "queue": (-1,),
    "warm": (1, "yes"),
    "environment": ("A", ["A B"], [1]),
    "hosts": (["a/b"],),
    "origins": (["*"], ["example.org"]),
    "tiemout": (1,),
}


@pytest.mark.parametrize(("name", "value"), [(k, v) for k, them in WRONG.items() for v in them])
def test_a_wrong_setting_is_named(name: str, value: object) -> None:
    with pytest.raises(ServingError, match=f"`serve.{name}`"):
        read_serving({name: value})


def test_sizes_and_what_a_script_sets(command: InProcess) -> None:
    assert read_serving({"memory": "512M", "output": "1 KiB", "upload": 5}) == {
        "memory": 512 << 20,
        "output": 1024,
        "upload": 5,
    }
    script = command.folder / "s.py"
    script.write_text("# /// script\n# [tool.condavision.serve]\n# keep = 1\n# ///\n")
    result = command("lock", "s.py")
    assert result.code != 0
    assert "s.py:3: `serve.keep` is not a setting" in result.err
    script.write_text("# /// script\n# [tool.condavision.serve]\n# timeout = 1\n# ///\n")
    command("lock", "s.py").ok()


def test_notebooks_are_not_in_the_document() -> None:
    found = openapi_document([("a.py", None), ("b.ipynb", None)])
    assert [*found["paths"]] == ["/scripts/a.py/runs"]
