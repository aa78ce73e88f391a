"""The programs of ``programs.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Program:
    """A script, and what it is given.

    ``stdin`` is Latin-1, ``repeat`` times. ``environ`` are added variables, ``files`` others
    beside the script. Its streams are a file and two pipes, one pipe if ``merged``, or all a
    ``terminal``. ``since`` is the first Python that can run it.
    """

    name: str
    code: str
    args: tuple[str, ...] = ()
    stdin: str = ""
    repeat: int = 1
    environ: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    terminal: bool = False
    merged: bool = False
    since: tuple[int, int] = (3, 6)

    @property
    def input(self) -> bytes:
        return self.stdin.encode("latin-1") * self.repeat


def _read() -> tuple[Program, ...]:
    table: Any = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    lists = ("args", "since")
    return tuple(
        Program(**{**row, **{it: tuple(row[it]) for it in lists if it in row}})
        for row in table["program"]
    )


PROGRAMS = _read()
