"""The file with a project's settings, as hints have it: which lines to write, and where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

SETTINGS_FILES = {"condavision.toml": (), "pyproject.toml": ("tool", "condavision")}
"""The files that configure a project, in order of precedence, and our table in each."""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file, which may not exist yet, and what is in it that a hint may add to.

    ``path`` is as it is shown, ``table`` that of the settings, empty in ``condavision.toml``.
    """

    path: str = "condavision.toml"
    table: str = ""
    paths: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    has_imports: bool = False

    def adding(self, name: Literal["paths", "exclude"], *values: str) -> str:
        """Return how to add to a list: its whole line, also where it is set, and the place of it.

        What is below the head of a table is in that table, so that the place is part of it.
        """
        before = self.paths if name == "paths" else self.exclude
        line = json.dumps([*dict.fromkeys((*before, *values))], ensure_ascii=False)
        place = f"in [{self.table}] of" if self.table else "at the top of"
        return f"`{name} = {line}` {place} {self.path}"

    def naming(self, packages: Mapping[str, str], comment: str = "") -> str:
        """Return how to name the packages of imports: the place, and the lines below that.

        The head of the table is left out where it is there, as TOML allows one.
        """
        keys = {it: it if it.isascii() and it.isidentifier() else f'"{it}"' for it in packages}
        head = f"[{self.table}.imports]" if self.table else "[imports]"
        lines = [f'{keys[module]} = "{package}"' for module, package in packages.items()]
        place = f"{head} of {self.path}" if self.has_imports else self.path
        above = [*([] if self.has_imports else [head]), *([comment] if comment else [])]
        return "\n".join([f"{place}:", *above, *lines])
