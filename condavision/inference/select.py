"""The targets that names on the command line stand for: scripts, folders, modules."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.source.script_search import (
    ScriptSearch,
    SkippedFile,
    SkipReason,
    search_scripts,
)
from condavision.errors import AnalysisError, CondavisionError, UsageError
from condavision.inference.diagnostics import ExcludedLocks
from condavision.inference.lock_lookup import locked_module
from condavision.inference.programs import first_program
from condavision.locks.folder import excluded_keys, excluded_locks, recorded_file
from condavision.project.targets import (
    READ_BY_TOOLS,
    Module,
    Together,
    folder_keys,
    is_module,
    keys_below,
    target_of,
)
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target

_SCRIPT_MARKS = (b"#!", b"__main__", b"# /// script", b"/// conda-script", b"# conda execute")


@dataclass(frozen=True, slots=True)
class Named:
    """What a command line gives: scripts and folders, modules, folders to lock together.

    ``apart`` are folders that were locked together, and whose scripts get separate locks again.
    ``elsewhere`` are modules of other folders than the current one.
    """

    paths: Sequence[Path] = ()
    modules: Sequence[str] = ()
    together: Sequence[Path] = ()
    apart: Sequence[Path] = ()
    elsewhere: Sequence[Module] = ()

    @classmethod
    def of(cls, *targets: Target) -> Named:
        """Return the command line that gives these targets."""
        return cls(
            paths=[it for it in targets if isinstance(it, Path)],
            together=[it.folder for it in targets if isinstance(it, Together)],
            elsewhere=[it for it in targets if isinstance(it, Module)],
        )


@dataclass(frozen=True, slots=True)
class Selection:
    """The targets, and the files in the given folders that were skipped.

    ``modules`` are the files of packages there that no script imports, and ``excluded`` the locks
    that are left out.
    """

    targets: tuple[Target, ...]
    skipped: tuple[SkippedFile, ...] = ()
    modules: tuple[Path, ...] = ()
    excluded: tuple[ExcludedLocks, ...] = ()


def select_targets(
    named: Named, workspace: Workspace, *, join: bool = False, gone: bool = False
) -> Selection:
    """Return the given targets, and for each given folder its scripts and all recorded targets.

    A file there that is locked as a module is not a script, unless it is locked as one too. With
    ``join``, scripts locked together are returned as their folder, and a given script as the module
    that it runs as, if that is locked; a folder that is locked together
    and has modules alone always is. With ``gone``, a folder without scripts is accepted if
    something in it is recorded.

    Raises:
        UsageError: no target is given, or a folder in ``apart`` is not locked together.
        AnalysisError: a path does not exist, or a folder has no script and nothing recorded.
        LockfileError: the ``scripts.yml`` of a folder is damaged.
    """
    paths = dict.fromkeys((*named.paths, *named.apart))
    if not (paths or named.modules or named.together or named.elsewhere):
        raise UsageError(
            "no script, folder or module given",
            "give scripts, folders of scripts (`.` is this one), -m MODULE or --together FOLDER",
        )
    workspace.settings.give(it.resolve() for it in (*paths, *named.together) if it.is_dir())
    here = Path.cwd()
    recorded = _Recorded(workspace, named.apart)
    targets: list[Target] = []
    folders = [folder.resolve() for folder in paths if folder.is_dir()]
    modules = {module: file for folder in folders for module, file in recorded.modules(folder)}
    files = frozenset(modules.values())
    spare = {it for it in paths if it.is_dir() and recorded.has_any(it.resolve())}
    found = select_scripts(paths, workspace, spare)
    real = workspace.real
    seen = {real(script).as_posix() for script in found.scripts}
    joined = frozenset(_joined(named.together, workspace))
    elsewhere = (it for folder in folders for it in recorded.scripts(folder, seen))
    owners: dict[Target, None] = {}
    for script in (*found.scripts, *elsewhere):
        if script in paths:
            targets.append(_as_locked(script, workspace) if join else script)
        elif real(script) in joined:
            continue
        elif real(script) not in files or recorded.has(script):
            owner = recorded.owner(script)
            owners[owner] = None
            targets.append(owner if join else script)
    shared = dict.fromkeys(it for folder in folders for it in recorded.shared(folder))
    targets += (it for it in shared if it not in owners)
    targets += modules
    targets += (Module(name, here) for name in named.modules)
    targets += named.elsewhere
    targets += map(Together, named.together)
    if not targets and not named.apart and not (gone and spare):
        where = ", ".join(map(str, paths))
        raise AnalysisError(
            f"no scripts in {where}", "give the script itself", diagnostics=found.skipped
        )
    excluded = (it for folder in folders for it in recorded.excluded(folder))
    return Selection(
        tuple(dict.fromkeys(targets)), found.skipped, found.modules, tuple(dict.fromkeys(excluded))
    )


def select_to_lock(named: Named, workspace: Workspace, *, gone: bool = False) -> Selection:
    """Return the targets to lock, as :func:`select_targets` does.

    A given script gets a lock of its own. The folder that it was locked together with so far is
    locked again, without it.

    Raises:
        CondavisionError: as :func:`select_targets`.
    """
    recorded = _Recorded(workspace, named.apart)
    scripts = [it for it in named.paths if it.is_file()]
    left = [owner for it in scripts if (owner := _left_by(it, recorded, workspace))]
    workspace.part(scripts)
    selection = select_targets(named, workspace, join=True, gone=gone)
    return replace(selection, targets=tuple(dict.fromkeys((*selection.targets, *left))))


def _left_by(script: Path, recorded: _Recorded, workspace: Workspace) -> Together | None:
    """Return the folder that a script has been locked together with so far."""
    owner = recorded.owner(script)
    if not isinstance(owner, Together):
        return None
    with suppress(CondavisionError):  # which is reported with the folder
        return owner if workspace.real(script) in workspace.real_files(owner) else None
    return None


def _joined(folders: Iterable[Path], workspace: Workspace) -> Iterator[Path]:
    """Yield the real paths of what is in folders to lock together."""
    for folder in folders:
        with suppress(CondavisionError):  # as above
            yield from workspace.real_files(Together(folder))


def _as_locked(script: Path, workspace: Workspace) -> Target:
    """Return a given script, or the module that it runs as where that is locked."""
    with suppress(CondavisionError):  # which is reported with the script
        return locked_module(script, workspace) or script
    return script


class _Recorded:
    """What the ``scripts.yml`` of projects record, each read once."""

    def __init__(self, workspace: Workspace, apart: Iterable[Path]) -> None:
        self._workspace = workspace
        self.below = cache(self._below)
        self._indexes = cache(workspace.indexes)
        self._kept = cache(self._kept_in)
        self._modules = cache(self._modules_of)
        self._apart = frozenset(folder.resolve() for folder in apart)
        for folder in apart:
            self._require_together(folder)

    def _root(self, folder: Path) -> Path:
        return self._workspace.settings.root_of(folder)

    def _require_together(self, folder: Path) -> None:
        root = self._root(folder.resolve())
        key = self._workspace.key(Together(folder), root)
        shared = [it for it in (key, *folder_keys(key)) if self._has(it, root)]
        if key not in shared:
            typed = shell_word(folder)
            raise UsageError(
                f"the scripts of {folder} are locked together with {shared[0]}"
                if shared
                else f"the scripts of {folder} are not locked together",
                f"to lock one separately, run `condavision lock {typed}/SCRIPT`"
                if shared
                else f"to lock each separately, run `condavision lock {typed}`",
            )

    def owner(self, script: Path) -> Target:
        """Return the folder that a script is locked together with, or the script."""
        root = self._root(self._workspace.place_of(script))
        key = self._workspace.key(script, root)
        if not self._has(key, root):
            for shared in folder_keys(key):
                if self._has(shared, root) and (root / shared).resolve() not in self._apart:
                    return target_of(shared, root)
        return script

    def has(self, script: Path) -> bool:
        """Return whether a script has a lock of its own."""
        root = self._root(self._workspace.place_of(script))
        return self._has(self._workspace.key(script, root), root)

    def _has(self, key: str, root: Path) -> bool:
        return any(index.of(key) for index in self._indexes(root))

    def _below(self, folder: Path) -> tuple[str, ...]:
        """Return the keys of a folder and what is below it, whether that still exists or not."""
        root = self._root(folder)
        keys = sorted({key for index in self._indexes(root) for key in index.entries})
        return tuple(keys_below(keys, root, folder))

    def _kept_in(self, folder: Path) -> tuple[str, ...]:
        """Return the keys of :meth:`below` that `exclude` does not name."""
        keys = self.below(folder)
        excluded = self._workspace.config(self._root(folder)).excluded(keys)
        return tuple(it for it in keys if it not in excluded)

    def scripts(self, folder: Path, seen: Container[str]) -> Iterator[Path]:
        """Yield the existing scripts with locks of their own, in a folder or below it.

        Those whose real path is in ``seen`` are left out, and those that ``exclude`` names.
        """
        root = self._root(folder)
        top = root.as_posix().rstrip("/")
        for key in self._kept(folder):
            if f"{top}/{key}" not in seen:  # as most are: a target takes longer to make
                it = target_of(key, root)
                if not (isinstance(it, Path) and it.is_file()):
                    continue
                if self._workspace.real(it).as_posix() not in seen:
                    yield it

    def shared(self, folder: Path) -> Iterator[Together]:
        """Yield the existing folders that are locked together: a folder, or those below it.

        Those that ``exclude`` names are left out.
        """
        root = self._root(folder)
        for key in self._kept(folder):
            it = target_of(key, root)
            if not (isinstance(it, Together) and it.folder.is_dir()):
                continue
            if it.folder.resolve() not in self._apart:
                yield it

    def excluded(self, folder: Path) -> Iterator[ExcludedLocks]:
        """Yield what in a folder or below has a lock, though `exclude` names it."""
        root = self._root(folder)
        config, below = self._workspace.config(root), frozenset(self.below(folder))
        if not config.exclude:  # else every recorded file is looked at
            return
        gone = {key for it in self._indexes(root) for key in excluded_locks(it, config)}
        keys = sorted(it for it in gone if it in below or is_module(it))
        if keys:
            yield ExcludedLocks(tuple(keys), config.source or root)

    def has_any(self, folder: Path) -> bool:
        """Return whether a folder or something in it is recorded."""
        return bool(self.below(folder)) or any(self.modules(folder))

    def modules(self, folder: Path) -> Iterator[tuple[Module, Path]]:
        """Yield the locked modules that lie or are run in a folder or below, and their files."""
        root = self._root(folder)
        below = frozenset(self.below(folder))
        for key, target, file in self._modules(root):
            if key in below or file.is_relative_to(folder):
                yield target, file

    def _modules_of(self, root: Path) -> tuple[tuple[str, Module, Path], ...]:
        """Return the keys of the locked modules of a project, and their existing files.

        Those that ``exclude`` names are left out.
        """
        config, indexes = self._workspace.config(root), self._indexes(root)
        files: dict[str, Path | None] = {}
        for key in sorted({it for index in indexes for it in index.entries if is_module(it)}):
            entries = [entry for index in indexes for entry in index.of(key)]
            files[key] = recorded_file(target_of(key, root), entries, config)
        excluded = excluded_keys(files, config)
        found = ((key, target_of(key, root), files[key]) for key in files if key not in excluded)
        return tuple(
            (key, it, file)
            for key, it, file in found
            if isinstance(it, Module) and file is not None
        )


def select_scripts(
    paths: Iterable[Path], workspace: Workspace, spare: Container[Path]
) -> ScriptSearch:
    """Return the given scripts, and those in the given folders; ``modules`` are not imported there.

    Folders in ``spare`` may have no script.

    A file in a folder that another script there imports is a module of that script, unless it is
    marked as a script too: by a shebang, ``__main__`` or a metadata block. Files that pytest, nox
    and installers read are skipped, and so are empty ones.

    Raises:
        AnalysisError: a path does not exist, or a folder has no script.
    """
    named = dict.fromkeys(paths)
    search = search_scripts(named, excludes=workspace.excludes)
    for path in named:
        if path.is_dir() and path not in spare:
            _require_scripts(path, search, workspace)
    found = [it for it in search.scripts if it in named or it.name not in READ_BY_TOOLS]
    all_named = named.keys() >= set(found)
    modules = frozenset(() if all_named else _modules_of(found, workspace))
    scripts = [
        it
        for it in found
        if it in named or workspace.real(it) not in modules or _is_run(it, workspace)
    ]
    empty = {it for it in search.empty if it not in named}.intersection(scripts)
    return ScriptSearch(
        tuple(it for it in scripts if it not in empty),
        (*search.skipped, *(SkippedFile(it, SkipReason.EMPTY) for it in sorted(empty))),
        modules=tuple(it for it in search.modules if workspace.real(it) not in modules),
    )


def _require_scripts(folder: Path, search: ScriptSearch, workspace: Workspace) -> None:
    """Refuse a folder in which no script was found.

    Raises:
        AnalysisError: there is none; the hints are about its modules, if it has some.
    """
    if any(it.is_relative_to(folder) for it in search.scripts):
        return
    hints = ["give the script itself"]
    modules = [it for it in search.modules if it.is_relative_to(folder)]
    if modules:
        run = first_program(modules, workspace)
        hints = [
            *([f"to lock a program in it, run `{workspace.lock_command(run)}`"] if run else []),
            f"to lock its modules as one, run `{workspace.lock_command(Together(folder))}`",
        ]
    raise AnalysisError(f"no Python script in {folder}", *hints, diagnostics=search.skipped)


def _modules_of(scripts: Iterable[Path], workspace: Workspace) -> Iterator[Path]:
    """Yield the files that scripts import; errors in one are reported when it is locked."""
    projects = []
    for script in scripts:
        with suppress(CondavisionError):
            projects.append(workspace.project(script))
    workspace.prefetch(projects)
    modules: set[str] = set()
    for project in projects:
        with suppress(CondavisionError):
            modules.update(workspace.local_modules(project))
    yield from map(workspace.real, map(Path, modules))


def _is_run(script: Path, workspace: Workspace) -> bool:
    content = workspace.content(script) or b""
    return any(mark in content for mark in _SCRIPT_MARKS)
