"""Find a project's root and read its configuration; each settings file is read once per command.

Settings live in ``[tool.condavision]`` of ``pyproject.toml`` or at the top level of
``condavision.toml``, in the project root only.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from condavision.core.settings_file import SETTINGS_FILES
from condavision.errors import ConfigError
from condavision.project.config import LOCAL, Config, read_config
from condavision.project.other_tools import FILES, ignored_settings
from condavision.system.documents import DocumentError, key_lines, read_toml
from condavision.system.files import read_file
from condavision.system.ownership import distrust_of, require_trusted
from condavision.system.secrets import redacted_spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from condavision.core.model import IgnoredText
    from condavision.system.ownership import Distrust

# False where a folder may not be looked into; the methods of Path raise PermissionError there.
_exists, _is_file = os.path.exists, os.path.isfile

_log = logging.getLogger(__name__)


class SettingsFiles:
    """The settings files that one command has read."""

    def __init__(self, given: Iterable[Path] = ()) -> None:
        """Open nothing yet; ``given`` are folders of the command line, as for :meth:`give`."""
        self._contents: dict[Path, bytes | OSError] = {}
        self._configs: dict[Path, Config] = {}
        self._upward = cache(_upward)
        self._marked_root = cache(lambda start: self._marked_above(self._upward(start)[0]))
        self._marked_above = cache(self._find_marked)
        self.distrusted = cache(self._distrusted)
        self._is_configured = cache(self._configures)
        self._distrust_of: Callable[[Path], Distrust | None] = cache(distrust_of)
        self.ignored = cache(self._ignored)
        self.unused_locks = cache(self._unused_locks)
        self.locks_above = cache(self._locks_above)
        self._given: tuple[Path, ...] = ()
        self.give(given)

    def give(self, folders: Iterable[Path]) -> None:
        """Take the real paths of folders for roots of what is in them and has no other root."""
        self._given = tuple(sorted({*self._given, *folders}, key=lambda it: len(it.parts)))

    def root_of(self, start: Path) -> Path:
        """Return the project root of a script or folder, sought upward from its real path.

        1. The nearest folder with condavision's own configuration.
        2. The nearest with locks, but none outside of the Git repository.
        3. The nearest with a ``pyproject.toml`` or ``.git``.
        4. The outermost folder of the command line that it is in, else its own folder.

        A folder that does not count (``system.ownership``) ends the search: other users could have
        put anything there.
        """
        return self._marked_root(start) or self._unmarked_root(start)

    def is_marked(self, root: Path) -> bool:
        """Return whether anything marks a project root, or it is just where a script is."""
        return self._marked_root(root) is not None

    def root_within(self, start: Path, folder: Path) -> Path:
        """Return the root of a path; where nothing marks one, that of the ``folder`` it is in."""
        found = self._marked_root(start)
        if found is None and start.resolve().is_relative_to(folder):
            return self.root_of(folder)
        return found or self.root_of(start)

    def _unused_locks(self, start: Path) -> tuple[Path, ...]:
        """Return the folders with locks between ``start`` and the root, which is another one."""
        root = self.root_of(start)
        between = takewhile(lambda folder: folder != root, self._upward(start))
        return tuple(filter(_has_locks, between))

    def _locks_above(self, start: Path) -> tuple[Path, ...]:
        """Return the folders with locks above the root of ``start``, in its Git repository."""
        root = self.root_of(start)
        found = []
        for folder in (root, *root.parents):
            if self._distrust_of(folder) is not None:
                break
            if folder != root and _has_locks(folder):
                found.append(folder)
            if _exists(folder / ".git"):
                break
        return tuple(found)

    def _find_marked(self, folder: Path) -> Path | None:
        upward = (folder, *folder.parents)
        candidates = list(takewhile(lambda it: self._distrust_of(it) is None, upward))
        return self._own_root(candidates) or next(filter(_is_project, candidates), None)

    def _own_root(self, upward: Sequence[Path]) -> Path | None:
        """Return the first folder with configuration, else that with locks in its repository."""
        for folder in upward:
            if self._is_configured(folder):
                return folder
        for folder in upward:
            if _has_locks(folder):
                return folder
            if _exists(folder / ".git"):
                break
        return None

    def _unmarked_root(self, start: Path) -> Path:
        folder = self._upward(start)[0]
        return next((it for it in self._given if folder.is_relative_to(it)), folder)

    def _distrusted(self, start: Path) -> tuple[Path, Distrust] | None:
        """Return the root of ``start`` by content alone, and why it does not count, if so."""
        upward = self._upward(start)
        root = self._own_root(upward)
        if root is None:
            return None
        below = (*takewhile(lambda folder: folder != root, upward), root)
        distrust = next(filter(None, map(self._distrust_of, below)), None)
        return None if distrust is None else (root, distrust)

    def config(self, root: Path) -> Config:
        """Return the configuration of a project root; the defaults if it has none.

        Raises:
            ConfigError: the file is not TOML, or has unknown or wrong settings (all are listed).
            UntrustedError: another user can change the file.
        """
        if root not in self._configs:
            found = self._configs[root] = self._read_config(root)
            source, channels = found.source or "defaults", ", ".join(found.channels)
            _log.info("project root %s, settings from %s", root, source)
            _log.info("channels %s, locks in %s", channels, found.locks)
        return self._configs[root]

    def _ignored(self, root: Path) -> tuple[IgnoredText, ...]:
        """Return the settings of other tools at a project root that decide about packages.

        None of them counts where the project's own settings name channels.
        """
        if self._distrust_of(root) is not None or self.config(root).names_channels:
            return ()
        found: list[IgnoredText] = []
        for name in FILES:
            with suppress(OSError, UnicodeDecodeError):
                found += ignored_settings(name, self._read(root / name).decode("utf-8"))
        return tuple(found)

    def _read_config(self, root: Path) -> Config:
        if self._distrust_of(root) is None:
            for name, keys in SETTINGS_FILES.items():
                settings = self._table(root / name, keys)
                if settings is not None:
                    require_trusted(root / name, f"the configuration {root / name}")
                    lines = _lines(self._read(root / name).decode(), keys)
                    return read_config(root, root / name, settings, lines)
        return read_config(root)

    def _read(self, path: Path) -> bytes:
        """Return the content of a file.

        Raises:
            OSError: it cannot be read, or does not exist.
        """
        if path not in self._contents:
            try:
                self._contents[path] = read_file(path)
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
            table: Any = read_toml(text)
        except DocumentError as error:
            if keys and "tool.condavision" not in text:
                return None  # a broken file without our table is ignored
            place = source if error.line is None else f"{source}:{error.line}"
            raise ConfigError(
                f"{place} is not valid TOML: {redacted_spelling(error.problem)}",
                "close what is still open there" if error.line is None else "correct that line",
            ) from error
        for key in keys:
            table = table.get(key)
            if not isinstance(table, dict):
                return None
        return dict(table)

    def _configures(self, folder: Path) -> bool:
        if _exists(folder / "condavision.toml"):  # a folder of that name is reported as wrong
            return True
        try:
            return b"[tool.condavision" in self._read(folder / "pyproject.toml")
        except OSError:
            return False


def _lines(text: str, keys: tuple[str, ...]) -> dict[str, int]:
    """Return the line numbers of the settings in the table under ``keys``, of those in tables too.

    The latter have the name of the table and a dot before theirs.
    """
    depth = len(keys)
    found = key_lines(text.splitlines())
    return {
        ".".join(path[depth:]): at
        for path, at in found.items()
        if path[:depth] == keys and len(path) > depth
    }


def _upward(start: Path) -> tuple[Path, ...]:
    real = start.resolve()
    folder = real if real.is_dir() else real.parent
    return (folder, *folder.parents)


def _has_locks(folder: Path) -> bool:
    return any(_is_file(folder / "locks" / local / "scripts.yml") for local in ("", LOCAL))


def _is_project(folder: Path) -> bool:
    return _is_file(folder / "pyproject.toml") or _exists(folder / ".git")
