"""The docs are true: the code of ``docs/api.md`` is run, and its lists match the package."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

import condavision
from condavision import errors
from tests.command_line import error_classes
from tests.pages import REPOSITORY, blocks, normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

API = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
SECTIONS = {
    re.split(r"\W", found, maxsplit=2)[1]: found.partition("\n## ")[0]
    for found in API.split("\n### ")[1:]
}


def _names_of(offered: Any) -> set[str]:
    """Return what an entry must list: keywords of a function, public attributes of a class."""
    if inspect.isfunction(offered):
        return {*inspect.signature(offered).parameters}
    found = {name for name, _ in inspect.getmembers(offered, lambda it: isinstance(it, property))}
    if dataclasses.is_dataclass(offered):
        found |= {it.name for it in dataclasses.fields(offered)}
    return found


@pytest.mark.slow
def test_the_code_of_the_library_page(
    make_project: Callable[[Mapping[str, str]], Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project({"condavision.toml": ""})
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    printed: str | None = None
    compared = 0
    for block in blocks("docs/api.md"):
        if block.verb:
            with (folder / block.name).open("a" if block.verb == "append" else "w") as file:
                file.write(block.text)
        elif block.kind == "python":
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block.text, "docs/api.md", "exec"), names)
            printed = output.getvalue()
        elif block.kind == "text":
            assert printed is not None
            assert normalized(printed) == normalized(block.text)
            compared += 1
    assert compared >= 6
    names["log"].handlers.clear()
    names["log"].setLevel(logging.NOTSET)


@pytest.mark.parametrize("name", condavision.__all__)
def test_everything_offered_has_an_entry(name: str) -> None:
    listed = {*re.findall(r"\w+", SECTIONS[name])}
    assert _names_of(getattr(condavision, name)) <= listed


def test_every_error_is_listed_with_its_code() -> None:
    for error in error_classes() - {errors.CondavisionError}:
        assert f"| `{error.__name__}` | {error.code} |" in API
