"""What a project's files say to other tools about packages, and what nothing here follows.

Requirements of a project are evidence for names, as ``requirements.txt`` is. Where its packages
come from, and which versions replace others, is a decision that a lock would not show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.core.model import IgnoredReason, IgnoredText, SourceLocation
from condavision.system.documents import DocumentError, key_lines, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {"pixi.toml": ("tool", "pixi"), "pyproject.toml": (), "uv.toml": ("tool", "uv")}
"""The files of a project root with such settings, and the table that a whole file stands for."""

_PIXI = ("tool", "pixi")
_DECIDING = {
    ("tool", "uv"): (
        "conflicts", "constraint-dependencies", "environments", "exclude-dependencies",
        "exclude-newer", "extra-index-url", "find-links", "index", "index-url", "no-index",
        "override-dependencies", "prerelease", "resolution", "sources",
    ),
    _PIXI: ("constraints", "pypi-options", "system-requirements"),
    (*_PIXI, "workspace"): ("channel-priority", "channels", "exclude-newer", "solve-strategy"),
    (*_PIXI, "project"): ("channel-priority", "channels", "exclude-newer", "solve-strategy"),
    ("tool", "poetry"): ("source",),
    ("tool", "pdm"): ("source", "resolution"),
    ("tool", "pip"): ("extra-index-url", "find-links", "index-url"),
}  # fmt: skip
_DEFAULT_CHANNELS = (["conda-forge"], ["https://conda.anaconda.org/conda-forge"])


def ignored_settings(name: str, text: str) -> Iterator[IgnoredText]:
    """Yield the settings of other tools in one of :data:`FILES` that decide about packages.

    A file that is not TOML has none: the tools that it is for report that.
    """
    own = FILES[name]
    if not own and "[tool." not in text:
        return
    try:
        document: dict[str, Any] = read_toml(text)
    except DocumentError:
        return
    for part in reversed(own):
        document = {part: document}
    lines = key_lines(text.splitlines())
    for path, keys in _DECIDING.items():
        table = _table(document, path)
        for key in keys:
            if key in table and not (key == "channels" and table[key] in _DEFAULT_CHANNELS):
                shown = (*path[len(own) :], key) if path[: len(own)] == own else (*path, key)
                location = SourceLocation(name, lines.get(shown, 1))
                table_name = ".".join(shown[:-1])
                yield IgnoredText(
                    f"[{table_name}] {key}" if table_name else key, location, IgnoredReason.SETTING
                )


def _table(document: Any, path: tuple[str, ...]) -> dict[str, Any]:
    for part in path:
        document = document.get(part) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}
