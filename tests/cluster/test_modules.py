"""What `run` can run, `map` runs as well: here, and unpacked on another machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from condavision.cluster.bundle import pack, prepare_bundle, unpack, unpacked
from condavision.inference.runnable import runnable
from condavision.inference.workspace import Workspace
from condavision.project.targets import Module
from condavision.system.progress import Progress
from tests.command_line import InProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.command_line import CommandLine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX's")

TOOL = "import sys\nfrom .words import greeting\nprint(greeting, *sys.argv[1:])\n"
FILES = {
    "condavision.toml": 'channels = ["interpreters:"]\npaths = ["src"]\n',
    "near/words.py": "greeting = 'near'\n",
    "near/tool.py": TOOL,
    "pkg/__init__.py": "from pkg.below import words\n",
    "pkg/below/__init__.py": "",
    "pkg/below/words.py": "from ..above import greeting\n",
    "pkg/below/tool.py": TOOL,
    "pkg/above.py": "greeting = 'above'\n",
    "pkg/__main__.py": TOOL.replace("words", "above"),
    "app/__main__.py": "import sys\nfrom words import greeting\nprint(greeting, *sys.argv[1:])\n",
    "app/words.py": "greeting = 'app'\n",
    "src/lib/__init__.py": "",
    "src/lib/words.py": "greeting = 'lib'\n",
    "src/lib/tool.py": TOOL,
    "joined/a/words.py": "greeting = 'joined'\n",
    "joined/a/tool.py": TOOL,
    "joined/b.py": "import sys\nprint('b', *sys.argv[1:])\n",
}
PRINTED = {
    "near/tool.py": "near",
    "-m near.tool": "near",
    "-m pkg": "above",
    "-m pkg.below.tool": "above",
    "pkg/below/tool.py": "above",
    "app": "app",
    "-m lib.tool": "lib",
    "joined/b.py": "b",
}
"""What is run, and what it prints; only modules and a script in no package have their own lock."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory, locked: Path) -> Iterator[CommandLine]:
    folder = tmp_path_factory.mktemp("packages")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONDAVISION_HOME", str(locked / "home"))
        command = InProcess(folder)
        modules = [word for it in PRINTED if it.startswith("-m ") for word in it.split()]
        command("lock", "-q", "near/tool.py", "app", *modules).ok()
        command("lock", "-q", "--together", "joined").ok()
        yield command


@pytest.mark.parametrize("words", PRINTED)
def test_what_runs_maps(words: str, packages: CommandLine, tmp_path: Path) -> None:
    given = tmp_path / "in.txt"
    given.write_text("x\n")
    out = tmp_path / "out"
    mapped = packages("map", *words.split(), str(given), "--each", "line", "-qo", str(out))
    (row,) = map(json.loads, (out / "results.jsonl").read_text().splitlines())
    assert (row["stdout"], row["stderr"]) == (f"{PRINTED[words]} x\n", "")
    mapped.ok()


@pytest.mark.parametrize("words", PRINTED)
def test_it_runs_where_it_is_unpacked(
    words: str,
    packages: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = Path(shutil.copytree(packages.folder, tmp_path / "moved"))
    monkeypatch.chdir(moved)
    name = words.removeprefix("-m ")
    target = Path(words) if name == words else Module(name, moved)
    bundle = pack(runnable(target, Workspace()))
    unpack(bundle.digest, bundle.content)
    folder = unpacked(bundle.digest)
    assert folder is not None
    shutil.rmtree(moved)
    monkeypatch.chdir(tmp_path)
    argv, environ = prepare_bundle(folder, None, Progress()).command(["x"], os.environ)
    found = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert (found.stdout, found.stderr) == (f"{PRINTED[words]} x\n", "")
    shutil.rmtree(folder)
