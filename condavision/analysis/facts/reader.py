"""Reading files once: from memory, from the cache, or from their bytes in several processes.

The rules are imported only to read bytes: facts in memory or in the cache need none of them.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.file_bytes import read_bytes
from condavision.analysis.source.module_finder import Directories
from condavision.core.model import ScriptMetadata
from condavision.errors import AnalysisError
from condavision.system.file_stamp import FileClocks, changed_at, stamp_of, step_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from condavision.analysis.facts.cache import FactsCache
    from condavision.analysis.records import Facts
    from condavision.core.model import Analysis
    from condavision.system.file_stamp import Stamp

    Basis = tuple[
        tuple[tuple[str, Stamp], ...],
        tuple[tuple[str, frozenset[str] | None, tuple[bool | str, ...]], ...],
    ]
    """Stamps of files, and the outlines of directories for some names."""


@dataclass(slots=True)
class Reader:
    """Files and directories read so far, shared by the scripts of one command.

    ``root`` is the project root, an absolute path with slashes, as all paths here. ``since`` is
    when it was made, in nanoseconds: nothing that it knows is older.
    """

    root: str
    cache: FactsCache | None = None
    directories: Directories = field(default_factory=Directories)
    since: int = field(default_factory=time.time_ns)
    real: Callable[[str], str] = field(default_factory=lambda: cache(os.path.realpath))
    """Follows the symbolic links of a path: what makes two files one."""
    _facts: dict[str, Facts] = field(default_factory=dict)
    _named: dict[tuple[str, tuple[tuple[str, str], ...]], Facts] = field(default_factory=dict)
    _unreadable: set[str] = field(default_factory=set)
    known: dict[Hashable, Analysis | None] = field(default_factory=dict)
    """Answers from the cache, and which it does not have, by question."""
    bases: dict[Hashable, Basis] = field(default_factory=dict)
    """What the answers were read from, by question."""
    answers: dict[bytes, bytes] = field(default_factory=dict)
    """New answers for the cache, by key."""
    _stamps: dict[str, Stamp | None] = field(default_factory=dict)
    _settled: dict[str, bool] = field(default_factory=dict)
    _clocks: FileClocks = field(default_factory=FileClocks)
    _namesakes: dict[str, bool] = field(default_factory=dict)
    _taken: dict[str, frozenset[str]] = field(default_factory=dict)
    _lacking: dict[str, bool] = field(default_factory=dict)
    _contents: dict[str, bytes | None] = field(default_factory=dict)
    _accepted: dict[str, bool] = field(default_factory=dict)
    _newly_accepted: set[str] = field(default_factory=set)

    def shown(self, path: str) -> str:
        """Return the name to show: relative to the project root for a file below it."""
        return path.removeprefix(f"{self.root.rstrip('/')}/")

    def script(self, path: str) -> tuple[ScriptMetadata, Facts]:
        """Read a script and what it declares.

        Raises:
            AnalysisError: it cannot be read as Python, or declares something malformed.
        """
        facts = self.facts(path)
        if path in self._unreadable or facts.declares:
            return self.declared(path), facts
        return ScriptMetadata(), facts

    def declared(self, path: str) -> ScriptMetadata:
        """Read what a script declares.

        Raises:
            AnalysisError: it cannot be read as Python, or declares something malformed.
        """
        from condavision.analysis.facts.facts import read_declared  # noqa: PLC0415

        data = None if path in self._unreadable else self.content(path)
        return read_declared(path, self.shown(path), data)

    def content(self, path: str) -> bytes | None:
        """Return the bytes of a file, None where it is not a readable one.

        They are kept, unlike those that facts are read from: few files are looked into again.
        """
        if path not in self._contents:
            try:
                self._contents[path] = read_bytes(Path(path), self.shown(path))
            except AnalysisError:
                self._contents[path] = None
        return self._contents[path]

    def facts(self, path: str) -> Facts:
        """Read a local module; one that cannot be read is an unread region, not the end."""
        facts = self._facts.get(path)
        if facts is None:
            shown = self.shown(path)
            facts = self.cache.get(path, shown) if self.cache is not None else None
            if facts is None:
                from condavision.analysis.facts.facts import read_file  # noqa: PLC0415

                self._keep(path, *read_file(path, shown))
                return self._facts[path]
            self._facts[path] = facts
        return facts

    def with_names(self, path: str, names: tuple[tuple[str, str], ...]) -> Facts:
        """Return the facts of a file that has more names than it binds: ``pd`` for pandas."""
        if (path, names) not in self._named:
            from condavision.analysis.facts.facts import read_with_names  # noqa: PLC0415

            found = read_with_names(path, self.shown(path), names)
            self._named[path, names] = found or self.facts(path)
        return self._named[path, names]

    def module(self, path: str) -> Facts:
        """Read a local module as :meth:`facts` does, if it can be opened at all.

        Raises:
            UnreadableModuleError: it is a file that cannot be opened.
        """
        facts = self.facts(path)
        if path in self._unreadable:
            from condavision.analysis.facts.facts import require_open  # noqa: PLC0415

            require_open(path, self.shown(path))
        return facts

    def is_readable(self, path: str) -> bool:
        """Return whether a file can be read as Python at all."""
        self.facts(path)
        return path not in self._unreadable

    def is_accepted(self, digest: str) -> bool:
        """Return whether a file of this digest is known to be accepted by the compiler."""
        if digest not in self._accepted:
            self.preload_accepted([digest])
        return self._accepted[digest]

    def accept(self, digest: str) -> None:
        """Note that the compiler of the running Python accepts a file of this digest."""
        self._accepted[digest] = True
        self._newly_accepted.add(digest)

    def preload_accepted(self, digests: Iterable[str]) -> None:
        """Look up several digests of files at once for :meth:`is_accepted`."""
        digests = [it for it in dict.fromkeys(digests) if it not in self._accepted]
        found = self.cache.accepted(digests) if self.cache is not None else ()
        self._accepted.update((digest, digest in found) for digest in digests)

    def preload(self, keys: Sequence[bytes]) -> None:
        """Read many entries of the cache at once."""
        if self.cache is not None:
            self.cache.preload_keys(keys)

    def prefetch(self, paths: Iterable[str]) -> None:
        """Read many files: from the cache as far as it has them, the rest on every processor."""
        paths = list(paths)
        self._prefetch_facts(paths)
        self.preload_accepted(self._facts[path].sha256 for path in paths)

    def _prefetch_facts(self, paths: Iterable[str]) -> None:
        wanted = [(path, self.shown(path)) for path in paths if path not in self._facts]
        if self.cache is not None:
            self.cache.preload(wanted)
            found = [(path, self.cache.get(path, shown)) for path, shown in wanted]
            self._facts.update((path, facts) for path, facts in found if facts is not None)
            wanted = [it for it in wanted if it[0] not in self._facts]
        if wanted:
            from condavision.analysis.facts.worker import read_files  # noqa: PLC0415

            for (path, _), reading in zip(wanted, read_files(wanted), strict=True):
                self._keep(path, *reading)

    def save(self) -> None:
        """Write the facts that are new to the cache."""
        if self.cache is not None:
            self.cache.save(self.since)

    def save_new(self) -> None:
        """Write the answers, and what the compiler accepted, to the cache."""
        if self.cache is None:
            return
        if self._newly_accepted:
            self.cache.accept(self._newly_accepted)
            self._newly_accepted.clear()
        if self.answers:
            self.cache.keep(self.answers.items())
            self.answers.clear()

    def stamp(self, path: str) -> Stamp | None:
        """Return the stamp of a file, taken once: None of one that is not there."""
        if path not in self._stamps:
            self._stamps[path] = stamp_of(path)
        return self._stamps[path]

    def is_unchanged(self, basis: Basis) -> bool:
        """Return whether files have these stamps still, and directories these outlines."""
        stamps, seen = basis
        for path, stamp in stamps:
            if self.stamp(path) != stamp:
                return False
        for folder, names, outline in seen:
            if self.directories.outline(folder, names) != outline:
                return False
        return True

    def settled(self, path: str) -> Stamp | None:
        """Return the stamp of a file that this has read, None if its content may differ."""
        stamp = self.stamp(path)
        if stamp is None:
            return None
        if path not in self._settled:
            changed, step = changed_at(stamp), step_of(stamp)
            self._settled[path] = not self._clocks.is_racy(path, changed, self.since, step)
        return stamp if self._settled[path] else None

    def _keep(self, path: str, stamp: Stamp | None, facts: Facts, readable: bool) -> None:
        self._facts[path] = facts
        if not readable:
            self._unreadable.add(path)
        elif stamp is not None and self.cache is not None:
            self.cache.put(path, self.shown(path), stamp, facts)

    def imports_itself(self, path: str, directories: Directories) -> bool:
        """Return whether a file imports a module of its own name."""
        directories.opened.add(path)
        known = self._namesakes.get(path)
        if known is None:
            name = re.escape(Path(path).stem.encode())
            pattern = rb"(?m)^[ \t]*(?:import|from)[ \t]+" + name + rb"(?![\w])"
            known = self._namesakes[path] = bool(re.search(pattern, self.content(path) or b""))
        return known

    def takes_from_itself(self, path: str, directories: Directories) -> bool:
        """Return whether an ``__init__.py`` imports from its own name what it does not have.

        ``from celery import Celery`` in ``app/celery/__init__.py`` means the package: the folder is
        meant to be imported as ``app.celery``.
        """
        directories.opened.add(path)
        folder = Path(path).parent
        listing = directories.look(folder.as_posix(), folder.name)
        if path not in self._taken:
            text = self.content(path) or b""
            pattern = rb"(?m)^from[ \t]+%b[ \t]+import[ \t]+(\w+)" % re.escape(folder.name.encode())
            self._taken[path] = frozenset(
                it[1].decode()
                for it in re.finditer(pattern, text)
                if not re.search(rb"\b%b\b|import[ \t]*\*" % it[1], text[: it.start()])
            )
        taken = self._taken[path]
        directories.asked.update(taken)
        return f"{folder.name}.py" not in listing and any(it not in listing.stems for it in taken)

    def takes_what_is_not_there(self, folder: str, directories: Directories) -> bool:
        """Return whether the modules of a package mostly import from its name what it lacks.

        ``from scrapy import signals`` in a project that was checked out as ``scrapy`` means the
        package: its ``__init__.py`` has no code that could bring it.
        """
        init = f"{folder}/__init__.py"
        directories.opened.add(init)
        if re.search(rb"(?m)^[ \t]*[^#\s]", self.content(init) or b""):
            return False
        listing = directories[folder]
        files = [f"{folder}/{it}" for it in listing if it.endswith(".py")]
        directories.opened.update(files)
        if folder not in self._lacking:
            name = re.escape(Path(folder).name.encode())
            taken = re.compile(
                rb"(?m)^[ \t]*from[ \t]+%b(?:\.|[ \t]+import[ \t(]+)(\w+)|(?<![\w.])%b\.(\w+)"
                % (name, name)
            )
            found = (it for file in files for it in taken.finditer(self.content(file) or b""))
            asked = {(it[1] or it[2]).decode("utf-8", "replace") for it in found}
            self._lacking[folder] = 2 * len(asked & {*listing.stems}) < len(asked)
        return self._lacking[folder]

    def called_from_star(self, path: str) -> frozenset[str]:
        """Return the names that a file calls and has from its only star import."""
        from condavision.analysis.facts.facts import called_from_star  # noqa: PLC0415

        return called_from_star(path, self.shown(path))

    def uses(self, path: str, name: str) -> frozenset[str]:
        """Return the attributes that a file takes from a name."""
        pattern = rb"(?<![\w.])" + re.escape(name.encode()) + rb"\.(\w+)"
        return frozenset(
            it.decode("utf-8", "replace") for it in re.findall(pattern, self.content(path) or b"")
        )
