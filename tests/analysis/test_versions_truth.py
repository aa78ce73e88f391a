"""The Python range inferred for each snippet is what the interpreters at hand do with it."""

from __future__ import annotations

import json
import re
import subprocess
from functools import reduce
from pathlib import Path

import pytest

from condavision.analysis.context.guards import Guards
from condavision.analysis.imports.imports import find_imports
from condavision.analysis.python_range.versions import python_reasons
from condavision.analysis.source.source import parse, read_source
from condavision.core.pythons import KNOWN, Minor, PythonRange, format_minor

SNIPPETS = Path(__file__).parent / "data" / "python_snippets.txt"

# Runs under every interpreter, 2.7 included: [[path, run], ...] in, [true, ...] out.
WORKER = """
import json, sys, warnings
warnings.simplefilter("ignore")
results = []
for path, run in json.load(sys.stdin):
    try:
        with open(path, "rb") as stream:
            source = stream.read()
        if run and sys.version_info[0] == 2:
            execfile(path, {"__name__": "snippet"})  # reads the file as Python does: PEP 263
        elif run:
            exec(compile(source, path, "exec", 0, 1), {"__name__": "snippet"})
        else:
            compile(source, path, "exec", 0, 1)
        results.append(True)
    except (Exception, SystemExit):
        results.append(False)
sys.__stdout__.write(json.dumps(results))
"""


def snippets() -> dict[str, tuple[str, bool]]:
    """Return source and whether to run it, by name."""
    found = {}
    parts = re.split(r"^=== (.*)\n", SNIPPETS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for title, source in zip(parts[1::2], parts[2::2], strict=True):
        name = title.removesuffix("[run]").strip()
        assert name not in found, f"two snippets are named {name}"
        found[name] = (source, title.endswith("[run]"))
    return found


CASES = snippets()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("snippets")
    paths = {}
    for number, (name, (source, _)) in enumerate(CASES.items()):
        paths[name] = folder / f"snippet{number}.py"
        paths[name].write_bytes(source.encode())
    return paths


@pytest.fixture(scope="module")
def inferred(files: dict[str, Path]) -> dict[str, PythonRange]:
    ranges = {}
    for name, path in files.items():
        source = read_source(path)
        tree = parse(source)
        guards = Guards(source, tree)
        reasons = python_reasons(source, tree, guards, find_imports(source, guards))
        ranges[name] = reduce(PythonRange.__and__, (r.pythons for r in reasons), PythonRange())
    return ranges


def executable(minor: Minor) -> Path | None:
    spelt = format_minor(minor)
    candidates = sorted(Path.home().glob(f".pyenv/versions/{spelt}.*/bin/python{spelt}"))
    candidates += [Path(f"/usr/bin/python{spelt}"), Path(f"/usr/local/bin/python{spelt}")]
    return next((path for path in candidates if path.exists()), None)


def test_corpus_is_large() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("minor", KNOWN, ids=format_minor)
def test_range_is_what_the_interpreter_does(
    minor: Minor, files: dict[str, Path], inferred: dict[str, PythonRange]
) -> None:
    python = executable(minor)
    if python is None:
        pytest.skip(f"no CPython {format_minor(minor)} on this machine")
    asked = json.dumps([[str(files[name]), run] for name, (_, run) in CASES.items()])
    process = subprocess.run(
        [python, "-S", "-c", WORKER], input=asked, capture_output=True, text=True, check=True
    )
    answers = dict(zip(CASES, json.loads(process.stdout), strict=True))
    wrong = [
        f"{name}: inferred {inferred[name]}, but {format_minor(minor)} "
        + ("takes it" if answer else "does not")
        for name, answer in answers.items()
        if answer != (minor in inferred[name])
    ]
    assert not wrong, "\n".join(wrong)
