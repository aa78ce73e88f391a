"""Which Pythons take a keyword argument, by the generator and in the table that it has written."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import condavision

if TYPE_CHECKING:
    import pytest

TABLE = Path(condavision.__file__).parent / "analysis" / "data" / "keywords.tsv"
FIRST = {"builtins": (3, 8), "winreg": (3, 2), "statistics": (3, 6)}
NAMES = ("builtins\t3.8-3.15\tpow:base", "winreg\t3.2-3.15\tOpenKey:access")


def test_what_python_2_has_under_another_name_takes_no_more_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("typeshed_client", "vermin", "vermin.rules"):  # which only the generator needs
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    admitted = import_module("tools.generate_keywords")._admitted
    on_2 = {
        module: (2, 7) in admitted(module, {}, set(), (None, first))
        for module, first in FIRST.items()
    }
    assert on_2 == {"builtins": False, "winreg": False, "statistics": True}
    table = TABLE.read_text("utf-8")
    assert all(f"\n{it} " in table for it in NAMES)
