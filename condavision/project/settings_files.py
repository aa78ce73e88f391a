"""Find a project's root and read its configuration; each settings file is read once per command.

Settings live in ``[tool.condavision]`` of ``pyproject.toml`` or at the top level of
``condavision.toml``, in the project root only.
"""

from __future__ import annotations

import logging
import os
import stat
import tomllib
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from condavision.errors import ConfigError
from condavision.project.config import Config, read_config

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS_FILES = {"condavision.toml": (), "pyproject.toml": ("tool", "condavision")}
"""The files that configure a project, in order of precedence, and our table in each."""

LOCAL = ".local"
"""The folder, in a locks folder, of locks that only this machine can use."""

# False where a folder may not be looked into; the methods of Path raise PermissionError there.
_exists, _is_file = os.path.exists, os.path.isfile

_log = logging.getLogger(__name__)


class SettingsFiles:
    """The settings files that one command has read."""

    def __init__(self) -> None:
        self._contents: dict[Path, bytes | OSError] = {}
        self._configs: dict[Path, Config] = {}

    def root_of(self, start: Path) -> Path:
        """Return the project root of a script or folder, sought upward from its real path.

        The nearest folder with condavision's own configuration or locks wins, then the nearest with
        a ``pyproject.toml`` or ``.git``, then the script's folder. A folder that other users can
        write to ends the search: they could have put anything there.
        """
        upward = _upward(start)
        candidates = list(takewhile(lambda folder: not _others_can_write(folder), upward))
        for marks in (self._is_configured, _is_project):
            for folder in candidates:
                if marks(folder):
                    return folder
        return upward[0]

    def distrusted(self, start: Path) -> tuple[Path, Path] | None:
        """Return the root of ``start`` by content alone, and a folder that others can write to.

        The second, if any, is the first or ends the search below it.
        """
        unsafe: Path | None = None
        for folder in _upward(start):
            if unsafe is None and _others_can_write(folder):
                unsafe = folder
            if self._is_configured(folder):
                return None if unsafe is None else (folder, unsafe)
        return None

    def config(self, root: Path) -> Config:
        """Return the configuration of a project root; the defaults if it has none.

        Raises:
            ConfigError: the file is not TOML, or has unknown or wrong settings (all are listed).
        """
        if root not in self._configs:
            found = self._configs[root] = self._read_config(root)
            _log.info("project root %s, settings from %s", root, found.source or "defaults")
        return self._configs[root]

    def _read_config(self, root: Path) -> Config:
        if not _others_can_write(root):
            for name, keys in SETTINGS_FILES.items():
                settings = self._table(root / name, keys)
                if settings is not None:
                    return read_config(root, root / name, settings)
        return read_config(root)

    def _read(self, path: Path) -> bytes:
        """Return the content of a file.

        Raises:
            OSError: it cannot be read, or does not exist.
        """
        if path not in self._contents:
            try:
                self._contents[path] = path.read_bytes()
            except OSError as error:
                self._contents[path] = error
        content = self._contents[path]
        if isinstance(content, OSError):
            raise content
        return content

    def _table(self, source: Path, keys: tuple[str, ...]) -> dict[str, Any] | None:
        try:
            text = self._read(source).decode("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            if keys and isinstance(error, IsADirectoryError):
                return None  # nor does another user's folder
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(
                f"{source} cannot be read: {reason}", "make it a readable file, or remove it"
            ) from error
        try:
            table: Any = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            if keys and "tool.condavision" not in text:
                return None  # a broken file without our table is ignored
            raise ConfigError(f"{source} is not valid TOML: {error}") from error
        for key in keys:
            table = table.get(key)
            if not isinstance(table, dict):
                return None
        return dict(table)

    def _is_configured(self, folder: Path) -> bool:
        if _exists(folder / "condavision.toml"):  # a folder of that name is reported as wrong
            return True
        if any(_is_file(folder / "locks" / local / "scripts.yml") for local in ("", LOCAL)):
            return True
        try:
            return b"[tool.condavision" in self._read(folder / "pyproject.toml")
        except OSError:
            return False


def _upward(start: Path) -> tuple[Path, ...]:
    real = start.resolve()
    folder = real if real.is_dir() else real.parent
    return (folder, *folder.parents)


def _others_can_write(folder: Path) -> bool:
    if os.name == "nt":  # the mode bits say nothing there
        return False
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return True


def _is_project(folder: Path) -> bool:
    return _is_file(folder / "pyproject.toml") or _exists(folder / ".git")
