"""The library: the two stages as functions, imported only when used."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import condavision
from condavision.errors import MissingLockError, UnknownImportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


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


def test_importing_the_package_imports_next_to_nothing() -> None:
    code = "import sys; was = {*sys.modules}; import condavision; print({*sys.modules} - was)"
    printed = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed == "{'condavision'}\n"
