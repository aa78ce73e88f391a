"""The command lines of the standard library's own scripts, compared with the real parsers."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from condavision.analysis.parameters.interface import Framework, Parameter, Use
from condavision.analysis.parameters.read import read_interface
from condavision.core.model import SourceFile

LIBRARY = Path(argparse.__file__).parent
NAMES = (
    "ast.py", "calendar.py", "compileall.py", "dis.py", "gzip.py", "http/server.py", "inspect.py",
    "json/tool.py", "mimetypes.py", "pickle.py", "pickletools.py", "platform.py", "py_compile.py",
    "random.py", "sqlite3/__main__.py", "tarfile.py", "tokenize.py", "trace.py", "uuid.py",
    "zipapp.py", "zipfile.py", "zipfile/__main__.py", "zoneinfo/__main__.py",
)  # fmt: skip


class CaughtError(BaseException):
    pass


def parser_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser | None:
    """Return the parser with which a script reads its command line."""
    caught: list[argparse.ArgumentParser] = []

    def catch(self: argparse.ArgumentParser, *_: object, **__: object) -> None:
        caught.append(self)
        raise CaughtError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", catch)
    monkeypatch.setattr(sys, "argv", [str(path)])
    with contextlib.suppress(CaughtError, SystemExit), contextlib.redirect_stdout(io.StringIO()):
        runpy.run_path(str(path), run_name="__main__")
    return caught[0] if caught else None


def described(action: argparse.Action) -> tuple[Any, ...]:
    if isinstance(action, argparse._CountAction):
        return tuple(action.option_strings), Use.COUNT
    if action.nargs == 0:
        return tuple(action.option_strings), Use.FLAG
    required = bool(action.option_strings) and action.required  # for others it says little
    return tuple(action.option_strings), Use.VALUE, required, action.help or ""


def read(parameter: Parameter) -> tuple[Any, ...]:
    if parameter.use in {Use.FLAG, Use.COUNT}:
        return parameter.options, parameter.use
    required = bool(parameter.options) and parameter.required
    return parameter.options, Use.VALUE, required, parameter.help


@pytest.mark.parametrize("name", NAMES)
def test_the_real_parser_has_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = LIBRARY / name
    if not path.exists() or not re.search(rb"argparse", path.read_bytes()):
        pytest.skip("not a script of this Python, or one without argparse")
    interface = read_interface((SourceFile(path, "", ""),), LIBRARY)
    parser = parser_of(path, monkeypatch)
    if parser is None:
        pytest.skip("it reads no command line here")
    assert interface.framework is Framework.ARGPARSE
    assert not interface.unread
    unnamed = (argparse._HelpAction, argparse._VersionAction, argparse._SubParsersAction)
    real = [it for it in parser._actions if not isinstance(it, unnamed)]
    assert list(map(read, interface.parameters)) == list(map(described, real))
    for parameter, action in zip(interface.parameters, real, strict=True):
        if parameter.choices:
            assert list(parameter.choices) == [*(action.choices or ())]
