from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from condavision.analysis.parameters.interface import Use, ValueType
from condavision.analysis.parameters.read import read_interface
from condavision.core.model import SourceFile
from condavision.parameters.naming import COMMAND, command_lines

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.analysis.parameters.interface import Interface, Parameter


def interface_of(source: str, folder: Path, **modules: str) -> Interface:
    """Read a script, with the modules beside it."""
    files = []
    for name, text in {"script": source, **modules}.items():
        path = folder / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        files.append(SourceFile(path, "" if name == "script" else name, ""))
    return read_interface(tuple(files), folder)


def run(source: str, argv: tuple[str, ...]) -> dict[str, Any]:
    """Execute a script with arguments, and return what it has seen of them."""
    names: dict[str, Any] = {"__name__": "__main__"}
    before = sys.argv
    sys.argv = ["script.py", *argv]
    try:
        exec(compile(source, "script.py", "exec"), names)
    finally:
        sys.argv = before
    found: dict[str, Any] = names["seen"]
    return found


TEXTS = st.text(max_size=5) | st.sampled_from(
    ["-", "--", "-x", "--yes", "@f", "-5", "-1.5", "a=b", " "]
)

_VALUES: dict[ValueType, st.SearchStrategy[Any]] = {
    ValueType.INTEGER: st.integers(-20, 20),
    ValueType.NUMBER: st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5),
    ValueType.BOOLEAN: st.booleans(),
    ValueType.TRUTH: st.booleans(),
    ValueType.DATE: st.dates().map(str),
    ValueType.UUID: st.uuids().map(str),
    ValueType.JSON: st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS, max_size=2) | TEXTS,
    ValueType.LITERAL: st.lists(TEXTS | st.integers(), max_size=3) | TEXTS,
    ValueType.PATH: st.sampled_from(["a", "a/b", "-x", "/"]),
}


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    if parameter.use is Use.FLAG:
        return st.booleans()
    if parameter.use is Use.COUNT:
        return st.integers(0, 3)
    one = _one(parameter)
    if parameter.is_list:
        least, most = parameter.count.least, parameter.count.most
        types = parameter.types
        one = (
            st.tuples(*(_VALUES.get(it, TEXTS) for it in types)).map(list)
            if len(types) > 1
            else st.lists(one, min_size=least, max_size=least + 3 if most is None else most)
        )
    return st.lists(one, max_size=3) if parameter.use is Use.REPEATED else one


def _one(parameter: Parameter) -> st.SearchStrategy[Any]:
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.minimum and parameter.maximum and parameter.maximum.is_open:
        return st.floats(parameter.minimum.value, parameter.maximum.value, exclude_max=True)
    if parameter.minimum and parameter.maximum:
        return st.integers(int(parameter.minimum.value), int(parameter.maximum.value))
    return _VALUES.get(parameter.types[0], TEXTS)


def bodies(interface: Interface) -> st.SearchStrategy[dict[str, Any]]:
    """Return documents that fit an interface, but for what a command line cannot carry."""

    def of(line: Any) -> st.SearchStrategy[dict[str, Any]]:
        known = {name: it for name, (_, it) in line.parameters().items()}
        required = {name: values(it) for name, it in known.items() if it.required}
        optional = {name: values(it) for name, it in known.items() if not it.required}
        if line.words:
            required[COMMAND] = st.just(line.name)
        return st.fixed_dictionaries(required, optional=optional)

    return st.one_of([of(line) for line in command_lines(interface)])


@pytest.fixture(scope="session")
def script_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scripts")
