"""The library: the two stages as functions, imported only when used."""

from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING, Any, cast

import pytest

import condavision
from condavision.errors import MissingLockError, UnknownImportError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


NOTEBOOK = """{"cells": [{"cell_type": "code", "source": ["import sys"], "metadata": {},
 "outputs": [], "execution_count": null}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"""


def test_both_stages_from_python(
    make_project: Callable[[Mapping[str, str]], Path], home: Path
) -> None:
    folder = make_project(
        {
            "condavision.toml": 'channels = ["interpreters:"]\n',
            "s.py": "import sys\nprint(sys.argv[1:], sys.prefix)\nsys.exit(3)\n",
            "bad.py": "import no_such_thing_at_all\n",
        }
    )
    script = folder / "s.py"
    assert condavision.analyze(script).analysis.imports[0].name == "sys"
    with pytest.raises(MissingLockError):
        condavision.install(script)
    report = condavision.lock(folder)
    assert [locked.inference.project.key for locked in report.locked] == ["s.py"]
    ((failed, error),) = report.failed
    assert failed == folder / "bad.py"
    assert isinstance(error, UnknownImportError)
    assert [checked.state for checked in condavision.check(folder).checked] == ["missing", "ok"]
    prefix = condavision.install(script).prefix
    ran = condavision.run(script, "a b", capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (3, f"['a b'] {prefix}\n")


SHOW = "import os, sys\nprint([os.environ.get('SAMPLE'), os.getcwd(), sys.argv[0]])\n"


@pytest.mark.slow
def test_a_process_from_python(
    make_project: Callable[[Mapping[str, str]], Path],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = make_project(
        {"condavision.toml": 'channels = ["interpreters:"]\n', "s.py": SHOW, "n.ipynb": NOTEBOOK}
    )
    condavision.lock(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SAMPLE", "inherited")

    def run(**options: Any) -> list[str | None]:
        ran = condavision.run("s.py", capture_output=True, text=True, **options)
        assert ran.returncode == 0, ran.stderr
        return cast("list[str | None]", ast.literal_eval(ran.stdout))

    assert run() == ["inherited", str(folder), "s.py"]
    (tmp_path / "s.py").write_text("print('another')\n")
    assert run(cwd=tmp_path) == ["inherited", str(tmp_path), str(folder / "s.py")]
    assert run(env={"SAMPLE": "given"})[0] == "given"
    assert run(env={})[0] is None
    assert run(env=None)[0] == "inherited"
    with pytest.raises(UsageError, match="is a notebook"):
        condavision.run("n.ipynb")


def test_importing_the_package_imports_next_to_nothing() -> None:
    code = "import sys; was = {*sys.modules}; import condavision; print({*sys.modules} - was)"
    printed = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed == "{'condavision'}\n"
