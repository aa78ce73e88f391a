"""One command reads each file once."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from condavision.exec_stage.stage import prepare
from condavision.inference.infer import analyze_target
from condavision.inference.lock_lookup import locate
from condavision.inference.relative_imports import relative_import_of
from condavision.inference.workspace import Workspace
from condavision.locks import index as script_index
from condavision.system.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.command_line import CommandLine

BLOCK = "# /// script\n# requires-python = '>=3.8'\n# ///\n"
FILES = {
    "pyproject.toml": "[project]\nname = 'x'\n",
    "a.py": f"{BLOCK}import helper\n",
    "b.py": "import helper, pkg.mod\n",
    "helper.py": "import json\n",
    "pkg/__init__.py": "",
    "pkg/mod.py": "import sys\n",
    "app/__main__.py": "import sys\n",
    "tool": "#!/usr/bin/env python3\nimport sys\n",
}
MOST = {"condavision.toml": 1, "pyproject.toml": 1, "scripts.yml": 1, ".conda-lock.yml": 1}
"""How often a command opens settings and locks, by how their names end."""

SOURCE = 2
"""Facts may be read in another process, and are often known from the cache, so their bytes are not
kept. A file is opened once more for what is not among them: metadata, its compiler, its marks."""

BEGINNING = {"tool": 2, "__init__.py": 1}
"""More for the first bytes: is it a script (in a folder, and to lock), is a package shared?"""

REREAD = 2
"""Opens of ``scripts.yml`` before it is written, alone in its folder: others may have written."""

_recording: list[Callable[[str], None]] = []
"""What is called with each file that is opened; a hook cannot be removed again."""


def _opened(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _recording and isinstance(arguments[0], str):
        path, _, flags = arguments
        if not flags & (os.O_WRONLY | os.O_RDWR):
            _recording[0](path)


@pytest.fixture
def opens(command: CommandLine) -> Iterator[Counter[str]]:
    """How often each file of the project was opened for reading, by its path there."""
    found: Counter[str] = Counter()

    def record(opened: str) -> None:
        path = Path(os.path.abspath(opened))  # noqa: PTH100 - where a file lies, not what it is
        if path.is_relative_to(command.folder) and path.is_file():
            found[path.relative_to(command.folder).as_posix()] += 1

    _recording.append(record)
    yield found
    _recording.clear()


sys.addaudithook(_opened)


def too_often(opens: Counter[str], *, writes: bool = False) -> dict[str, int]:
    """Return the files that were opened more often than the tables above allow, and forget all."""
    most = {**MOST, "scripts.yml": MOST["scripts.yml"] + REREAD} if writes else MOST
    found = {}
    for name, count in opens.items():
        ending = next((it for it in most if name.endswith(it)), None)
        source = SOURCE + BEGINNING.get(name.rpartition("/")[2], 0)
        if count > (source if ending is None else most[ending]):
            found[name] = count
    opens.clear()
    return found


def test_no_file_is_read_twice(
    command: CommandLine, opens: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in FILES.items():
        (command.folder / name).parent.mkdir(exist_ok=True)
        (command.folder / name).write_text(text)
    command("lock", ".").ok()
    assert {*FILES, "condavision.toml"} - {*opens} <= {"pyproject.toml"}, "reads are recorded"
    assert not too_often(opens, writes=True)
    (command.folder / "b.py").write_text("import helper, pkg.mod, sys\n")
    command("lock", ".").ok()
    assert not too_often(opens, writes=True)
    command("check", ".").ok()
    assert any(name.endswith(".conda-lock.yml") for name in opens)
    assert not too_often(opens)
    command("explain", "a.py").ok()
    assert not too_often(opens)
    command("install", ".").ok()
    assert not too_often(opens)
    monkeypatch.chdir(command.folder)
    prepare(Path("a.py"), Workspace(), Progress())
    assert opens["condavision.toml"]
    assert not too_often(opens)


def test_check_reads_the_index_once(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_script_with_recorded_search_paths_is_analyzed_once(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (command.folder / "lib").mkdir()
    (command.folder / "lib" / "mine.py").write_text("")
    (command.folder / "s.py").write_text("import mine\n")
    command("lock", "s.py", environ={"PYTHONPATH": str(command.folder / "lib")}).ok()
    asked = []
    analyze = analyze_target

    def counted(*arguments: Any) -> Any:
        asked.append(arguments[0])
        return analyze(*arguments)

    monkeypatch.setattr("condavision.inference.workspace.analyze_target", counted)
    monkeypatch.chdir(command.folder)
    workspace = Workspace()
    assert locate(Path("s.py"), workspace).entry.paths == ("lib",)
    assert relative_import_of(Path("s.py"), workspace) is None
    assert asked == [Path("s.py")]
