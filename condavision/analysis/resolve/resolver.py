"""Who supplies a module: Python itself, a local file, or a package somebody has to install."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.python_range.stdlib import BUILTIN, stdlib_pythons
from condavision.analysis.resolve.places import (
    ModuleOrigin,
    Place,
    above,
    base,
    entry_of,
    file_of,
    parent,
    spelt,
)
from condavision.analysis.source.module_finder import (
    Directories,
    Found,
    FoundModule,
    find_members,
    find_module,
    has_member,
)
from condavision.core.modules import absolute_name, prefixes
from condavision.core.origin import INSTALLED, Origin, OriginReason, OriginRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from condavision.analysis.facts.reader import Reader
    from condavision.analysis.records import Facts, RawImport

_ALONE = {rule: OriginReason(rule) for rule in OriginRule}
"""The reasons that are a rule alone; one of each, so that a pickled analysis has it once."""


@dataclass(slots=True)
class Resolver:
    """The search path of one script.

    ``before`` is searched before the standard library, ``after`` behind it; ``around`` are the
    directories that a project is commonly run or installed from, which Python itself would only
    search if configured to.
    """

    script: str
    before: Sequence[str]
    after: Sequence[str]
    around: Sequence[str]
    reader: Reader
    directories: Directories = field(default_factory=Directories)
    root: str = ""
    _found: dict[tuple[str, tuple[str, ...]], Found | None] = field(default_factory=dict)
    _files: dict[str, OriginReason] = field(default_factory=dict)
    _resolved: dict[Place, tuple[ModuleOrigin, ...]] = field(default_factory=dict)

    def resolve(self, facts: Facts, place: Place) -> tuple[ModuleOrigin, ...]:
        """Decide who supplies each of the imports made at a place; they are always the same."""
        known = self._resolved.get(place)
        if known is None:
            found = (self.supplier(it, place, facts.writes) for it in facts.imports)
            known = self._resolved[place] = tuple(found)
        return known

    def supplier(self, raw: RawImport, place: Place, written: frozenset[str]) -> ModuleOrigin:
        """Decide who supplies one import; ``written`` are modules that the file itself writes."""
        if raw.file:
            return self._run(raw, place)
        if raw.level:
            return self._relative(raw, place)
        top = raw.name.partition(".")[0]
        if top in BUILTIN:
            return ModuleOrigin(raw.name, Origin.STDLIB, _ALONE[OriginRule.BUILTIN])
        standard = stdlib_pythons(raw.name)
        local = self._local(raw, place, self.before, regular=standard is not None)
        if local is not None and not self._is_packaged_namesake(local, place):
            return self._shadowing(local, place, shadows=standard is not None)
        if standard is not None:
            return ModuleOrigin(raw.name, Origin.STDLIB, _ALONE[OriginRule.STDLIB])
        local = self._local(raw, place, self.after, regular=False) or self._around(raw, place)
        if local is None and any(f"{raw.name}.".startswith(f"{it}.") for it in written):
            return ModuleOrigin(raw.name, Origin.LOCAL, _ALONE[OriginRule.WRITTEN])
        return local or self._installed(raw)

    def _installed(self, raw: RawImport) -> ModuleOrigin:
        """Leave an import to a package; some parts of the namespace may be here."""
        entries = (*self.before, *self.after, *self.around)
        for prefix in prefixes(raw.name) if self._find(raw.name, entries) is not None else ():
            found = self._find(prefix, entries)
            if found is not None and found.complete and not found.modules:
                members = self._members(found, raw) if prefix == raw.name else ()
                absent = OriginReason(OriginRule.ABSENT_PART, prefix)
                return ModuleOrigin(raw.name, Origin.PACKAGE, absent, tuple(members))
        return ModuleOrigin(raw.name, Origin.PACKAGE, INSTALLED, self._passed_through(raw))

    def _passed_through(self, raw: RawImport) -> tuple[FoundModule, ...]:
        """Return the local parts of a namespace package whose other parts have to be installed."""
        found = self._find(raw.name, (*self.before, *self.after))
        if found is None or not found.modules or not self._is_elsewhere(found, raw):
            return ()
        return found.modules

    def _run(self, raw: RawImport, place: Place) -> ModuleOrigin:
        """Find a file that is run by its path; a notebook may be named without its suffix."""
        for folder in (place.folder, self.root):
            path = Path(os.path.normpath(os.path.join(folder, raw.file))).as_posix()  # noqa: PTH118
            for suffix in ("", ".ipynb", ".py"):
                if (
                    self.directories.look(parent(path), base(path)).get(base(path) + suffix)
                    is False
                ):
                    module = FoundModule(raw.name, path + suffix)
                    reason = OriginReason(OriginRule.FILE, raw.file)
                    return ModuleOrigin(raw.name, Origin.LOCAL, reason, (module,))
        return ModuleOrigin(raw.name, Origin.LOCAL, _ALONE[OriginRule.RELATIVE_MISSING])

    def _relative(self, raw: RawImport, place: Place) -> ModuleOrigin:
        folder = place.folder
        for _ in range(raw.level - 1):
            folder = parent(folder)
        package = absolute_name("", raw.level, place.package)
        name = absolute_name(raw.name, raw.level, place.package) or raw.name or "."
        if raw.name:
            found = find_module(raw.name, (folder,), self.directories, package)
        else:
            init = FoundModule(package, f"{folder}/__init__.py")
            has_init = self.directories.is_package(folder)
            found = Found((init,) if has_init else (), (folder,))
        if found is None:
            return ModuleOrigin(name, Origin.LOCAL, _ALONE[OriginRule.RELATIVE_MISSING])
        modules = (*found.modules, *find_members(found, name, raw.members, self.directories))
        rule = OriginRule.RELATIVE if found.complete else OriginRule.RELATIVE_PARTIAL
        return ModuleOrigin(name, Origin.LOCAL, _ALONE[rule], modules)

    def _local(
        self, raw: RawImport, place: Place, entries: Sequence[str], *, regular: bool
    ) -> ModuleOrigin | None:
        found = self._find(raw.name, entries)
        return self._supplied(found, raw, place, regular=regular) if found is not None else None

    def _find(self, name: str, entries: Sequence[str]) -> Found | None:
        key = (name, tuple(entries))
        if key not in self._found:
            self._found[key] = find_module(name, entries, self.directories)
        return self._found[key]

    def _supplied(
        self, found: Found, raw: RawImport, place: Place, *, regular: bool
    ) -> ModuleOrigin | None:
        if not found.modules:
            if regular or not self._is_meant(found, raw, place):
                return None
            reason = OriginReason(OriginRule.FOLDERS, spelt(found.folders))
            modules = tuple(self._members(found, raw))
            return ModuleOrigin(raw.name, Origin.LOCAL, reason, modules, above(found, raw))
        if self._is_elsewhere(found, raw):
            return None
        modules = (*found.modules, *self._members(found, raw))
        first = found.modules[0]
        path = file_of(first)
        if not found.complete:
            reason = OriginReason(OriginRule.PARTIAL, first.name)
        elif path is None:
            reason = _ALONE[OriginRule.CYTHON]
        else:
            shown = path.removeprefix(f"{self.root}/") if self.root else base(path)
            reason = self._files.setdefault(shown, OriginReason(OriginRule.FILE, shown))
        return ModuleOrigin(raw.name, Origin.LOCAL, reason, modules, entry_of(first))

    def _members(self, found: Found, raw: RawImport) -> Iterator[FoundModule]:
        """Yield the submodules that an import names; all that a setting stands for."""
        members: Iterable[str] = raw.members
        if raw.local_only and raw.star:
            members = sorted(set().union(*(self.directories[it].modules for it in found.folders)))
        yield from find_members(found, raw.name, members, self.directories)

    def _is_elsewhere(self, found: Found, raw: RawImport) -> bool:
        """Return whether a namespace package is here, but not the requested part of it."""
        last = found.modules[-1].file
        if last is None or not self.directories.is_shared_package(parent(last)):
            return False
        if not found.complete:
            return True
        return bool(raw.members) and not any(
            has_member(found, it, self.directories) for it in raw.members
        )

    def _is_meant(self, found: Found, raw: RawImport, place: Place) -> bool:
        """Return whether a folder without ``__init__.py`` is what an import means.

        An installed package of that name would win over it, so it has to hold what is asked for.
        """
        if not found.complete:
            return False
        if raw.members:
            return all(has_member(found, it, self.directories) for it in raw.members)
        if "." in raw.name:
            return True
        if not any(self.directories.has_modules(folder) for folder in found.folders):
            return False
        used = self.reader.uses(place.file, raw.binds[0] if raw.binds else raw.name)
        return all(has_member(found, it, self.directories) for it in used)

    def _around(self, raw: RawImport, place: Place) -> ModuleOrigin | None:
        for entry in (*self.around, place.folder):
            local = self._local(raw, place, (entry,), regular=False)
            if local is None or self._is_mere_namesake(local, place):
                continue
            is_shown = self.root and local.reason.rule is OriginRule.FILE
            unsearched = None
            if entry in self.around:
                shown = entry.removeprefix(self.root).strip("/") if self.root else base(entry)
                unsearched = shown or "."
            within = "" if is_shown else base(entry)
            reason = replace(local.reason, within=within, unsearched=unsearched)
            return replace(local, reason=reason, entry=entry)
        return self._as_itself(raw, place)

    def _as_itself(self, raw: RawImport, place: Place) -> ModuleOrigin | None:
        """Find a module of the project's folder that is imported by the folder's own name.

        Python finds it from the folder above, which is not the project's and is not searched by
        default.
        """
        top, _, rest = raw.name.partition(".")
        if top != base(self.root):
            return None
        if rest:
            found = find_module(rest, (self.root,), self.directories, top)
        else:
            init = (FoundModule(top, f"{self.root}/__init__.py"),)
            found = Found(init if self.directories.is_package(self.root) else (), (self.root,))
        if found is None or not found.complete:
            return None
        if not (rest and found.modules) and not self._is_meant(found, raw, place):
            return None
        local = self._supplied(found, raw, place, regular=False)
        return local and replace(local, reason=replace(local.reason, unsearched=".."))

    def _is_packaged_namesake(self, local: ModuleOrigin, place: Place) -> bool:
        """Return whether a module was found only because its package's folder was searched.

        ``proj/celery.py`` that imports celery is meant to be imported as ``proj.celery``.
        """
        first = local.modules[0].file if local.modules else None
        if first is None or not self._is_mere_namesake(local, place):
            return False
        return base(first) == "__init__.py" or (
            parent(first) == parent(self.script) and self.directories.is_package(parent(first))
        )

    def _is_mere_namesake(self, local: ModuleOrigin, place: Place) -> bool:
        """Return whether what was found only has the name of the requested package.

        A package is that if it lies in a folder of the project that it can be imported through.
        """
        first = local.modules[0].file if local.modules else None
        if first is None:
            return False
        if base(first) != "__init__.py":
            return first == place.file or self.reader.imports_itself(first, self.directories)
        if parent(first) == self.root:
            return len(local.modules) == 1 and self.reader.takes_what_is_not_there(
                self.root, self.directories
            )
        home = parent(parent(first))
        within = home.startswith(f"{self.root}/") and base(home).isidentifier()
        alone = len(local.modules) == 1 and "." not in local.modules[0].name
        return alone and within and self.reader.takes_from_itself(first, self.directories)

    def _shadowing(self, local: ModuleOrigin, place: Place, *, shadows: bool) -> ModuleOrigin:
        first = local.modules[0].file if local.modules else None
        if first is not None and first == place.file and len(local.modules) == 1:
            return replace(local, reason=OriginReason(OriginRule.ITSELF, base(first)))
        if shadows:
            return replace(local, reason=replace(local.reason, shadows_stdlib=True))
        return local
