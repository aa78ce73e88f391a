"""What a search for scripts leaves out: by ``.gitignore`` files, and by a project's settings.

Only files of the project count, so that colleagues and CI find the same scripts: not a person's own
``core.excludesFile``, nor ``.git/info/exclude``.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from condavision.system.files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pathspec import GitIgnoreSpec

GITIGNORE = ".gitignore"

_Rules = tuple[tuple[str, "GitIgnoreSpec"], ...]


def no_patterns(_: Path) -> Sequence[str]:
    """Exclude nothing."""
    return ()


def patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    """Return the patterns of lines as in ``.gitignore``.

    Raises:
        ValueError: one is not a pattern.
    """
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - 20 ms, where nothing is ignored for nothing

    return GitIgnoreSpec.from_lines(lines)


@dataclass(frozen=True, slots=True)
class Ignored:
    """The patterns that count in a folder, each with its place, outermost first.

    ``excludes`` returns the patterns that the configuration of a folder has, if it is a root; they
    win over ``.gitignore``. ``files`` are the ``.gitignore`` files that were read.
    """

    excludes: Callable[[Path], Sequence[str]] = no_patterns
    ignored: _Rules = ()
    excluded: _Rules = ()
    files: tuple[Path, ...] = ()

    def below(self, top: Path) -> Ignored:
        """Return what counts in a folder that a search starts at, by the folders above it.

        Those are the folders of its Git repository, and those with configuration. A folder that is
        itself ignored is searched if it is given.
        """
        found = self._above(top)
        return self if found.has(str(top.absolute()), folder=True) else found

    def leaves_out(self, file: Path) -> bool:
        """Return whether a file is left out of a search in the folders that it is in."""
        return self._above(file).has(str(file.absolute()))

    def _above(self, path: Path) -> Ignored:
        """Return what counts by the folders that a file or folder is in."""
        found = self
        above = list(reversed(path.absolute().parents))
        repository = next(
            (it for it in (path.absolute(), *reversed(above)) if (it / ".git").exists()), None
        )
        for folder in above:
            inside = repository is not None and folder.is_relative_to(repository)
            names = (GITIGNORE,) if inside and (folder / GITIGNORE).is_file() else ()
            found = found.within(folder, names)
        return found

    def within(self, folder: Path, names: Iterable[str]) -> Ignored:
        """Return what counts in a folder of the last one, which has files of these ``names``."""
        found, place = self, f"{folder.absolute()}{os.sep}"
        if GITIGNORE in names:
            file = folder.absolute() / GITIGNORE
            rules = _rules(file, place)
            found = replace(found, ignored=(*found.ignored, *rules), files=(*found.files, file))
        if own := self.excludes(folder):
            found = replace(found, excluded=(*found.excluded, (place, patterns(own))))
        return found

    def has(self, path: str, *, folder: bool = False) -> bool:
        """Return whether an absolute path, of a file or a ``folder``, is left out."""
        for rules in (self.excluded, self.ignored):
            for place, spec in reversed(rules):
                name = path[len(place) :].replace(os.sep, "/")
                found = spec.check_file(f"{name}/" if folder else name).include
                if found is not None:
                    return found
        return False


def _rules(file: Path, place: str) -> _Rules:
    """Return the rules of a ``.gitignore``; like Git, without lines that are not patterns."""
    try:
        lines = read_file(file).decode(errors="surrogateescape").splitlines()
    except OSError:
        return ()
    try:
        return ((place, patterns(lines)),)
    except ValueError:
        good = []
        for line in lines:
            with suppress(ValueError):
                patterns([line])
                good.append(line)
        return ((place, patterns(good)),)
