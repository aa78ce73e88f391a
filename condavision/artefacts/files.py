"""The files of an artefact as Python will find them, and what modules they are.

What is kept of an archive's list are the modules, the metadata, ``.pth`` files, and the folders of
other files, which are namespace packages too. Names that lead outside, which installers refuse,
are dropped: they can make no module.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from condavision.artefacts.artefact import UnreadError
from condavision.core.evidence import Unproved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

COMPILED = (".so", ".pyd")
"""The suffixes of modules that are machine code."""

MODULES = (".py", ".pyc", *COMPILED)
"""The suffixes of modules."""

MOST_FILES = 500_000
"""Files of an archive whose list is read."""

_LONGEST_NAME = 1000
_CONDA = re.compile(r"(?:lib/(?:python|pypy)[\d.t]+/|lib/|Lib/)?site-packages/(?=.)")
_WHEEL = re.compile(r"[^/]+\.data/(?:purelib|platlib)/(?=.)")
_UNSAFE = re.compile(r"[\\\0\t\n\r]|(?:^|/)\.{0,2}(?:/|$)|^[A-Za-z]:")
_ELSEWHERE = "/"


@dataclass(frozen=True)
class Files:
    """The kept files of an artefact.

    ``lines`` are paths below site-packages; of a file elsewhere, its path in the archive behind a
    slash; of a folder, with a slash at its end. A tab precedes the path in the archive, if that is
    another.
    """

    lines: tuple[str, ...]

    @cached_property
    def _archived(self) -> dict[str, str]:
        pairs = (line.partition("\t") for line in self.lines)
        return {name: archived or name for name, _, archived in pairs}

    @property
    def names(self) -> Iterable[str]:
        """The names of all files and bare folders."""
        return self._archived.keys()

    def archived(self, name: str) -> str:
        """Return the path in the archive of a file; KeyError if there is no such file."""
        return self._archived[name]

    def __contains__(self, name: str) -> bool:
        return name in self._archived

    def module(self, module: str) -> str | None:
        """Return the file of a dotted module, None if there is none; ``__init__.py`` of packages.

        Of several, it is the one that Python finds first.
        """
        path = module.replace(".", "/")
        for name in (f"{path}/__init__.py", f"{path}/__init__.pyc"):
            if name in self:
                return name
        compiled = self._compiled.get(f"{path}/__init__") or self._compiled.get(path)
        if compiled is not None:
            return compiled
        return next((name for name in (f"{path}.py", f"{path}.pyc") if name in self), None)

    @cached_property
    def _compiled(self) -> dict[str, str]:
        """The compiled modules by their paths without suffixes: ``a/b`` of ``a/b.abi3.so``."""
        found = {}
        for name in self._archived:
            if name.endswith(COMPILED) and not name.startswith(_ELSEWHERE):
                folder, slash, file = name.rpartition("/")
                found[f"{folder}{slash}{file.partition('.')[0]}"] = name
        return found

    @cached_property
    def tops(self) -> frozenset[str]:
        """The top-level modules."""
        paths = (it for it in self._archived if not it.startswith(_ELSEWHERE))
        return frozenset(it.partition("/")[0].partition(".")[0] for it in paths)

    def has_folder(self, module: str) -> bool:
        """Return whether a dotted module is a folder, which is a package with or without a file."""
        return module.replace(".", "/") in self._folders

    @cached_property
    def _folders(self) -> frozenset[str]:
        """The folders of all files."""
        return frozenset(folder for name in self._archived for folder in _parents(name))

    @cached_property
    def paths_added(self) -> bool:
        """Whether ``.pth`` files change the search path, or run code, when Python starts."""
        return any(name.endswith(".pth") and "/" not in name for name in self._archived)

    def is_elsewhere(self, module: str) -> bool:
        """Return whether the top-level package of a module may be outside site-packages.

        Some packages put their modules into a folder that a script of their activation adds to
        PYTHONPATH, or that a launcher knows.
        """
        return module.partition(".")[0] in self._elsewhere

    @cached_property
    def _elsewhere(self) -> frozenset[str]:
        """The folders and modules outside site-packages."""
        parts = (it.split("/") for it in self._archived if it.startswith(_ELSEWHERE))
        return frozenset(
            name for (*folders, file) in parts for name in (*folders, file.partition(".")[0])
        )

    def bundles(self, module: str, importer: str) -> bool:
        """Return whether the top-level package of a module is in a folder that is no package.

        A package with modules there adds the folder to ``sys.path``, as Ray does. A folder that has
        the file of the importer itself is a part of its package. Of a namespace package (PEP 420)
        the second part of the name decides: setuptools has ``jaraco.text``.
        """
        top, _, below = module.partition(".")
        folders = {*self._bundled.get(top, ())}
        for folder in self._bundled.get(below.partition(".")[0], ()):
            above, _, namespace = folder.rpartition("/")
            if namespace == top and "/" in above and f"{above}/__init__.py" not in self:
                folders.add(above)
        return any(not importer.startswith(f"{folder}/") for folder in folders)

    @cached_property
    def _bundled(self) -> Mapping[str, frozenset[str]]:
        """The folders without ``__init__.py``, below another, by the modules in them."""
        found: dict[str, set[str]] = defaultdict(set)
        for name in self._archived:
            path = name.removesuffix("/__init__.py")
            folder, _, file = path.rpartition("/")
            is_module = path != name or file.endswith(MODULES)
            if is_module and "/" in folder and f"{folder}/__init__.py" not in self:
                found[file.partition(".")[0]].add(folder)
        return {name: frozenset(folders) for name, folders in found.items()}

    @cached_property
    def stems(self) -> frozenset[str]:
        """The last parts of the names of all modules."""
        return frozenset(
            part.partition(".")[0] for name in self._archived for part in name.split("/")[-2:]
        )

    @property
    def has_modules(self) -> bool:
        """Whether there is any module; metapackages have none."""
        return any(name.endswith(MODULES) for name in self._archived)

    def dump(self) -> bytes:
        """Return the bytes that :meth:`load` reads."""
        return "\n".join(self.lines).encode("utf-8", "surrogatepass")

    @classmethod
    def load(cls, data: bytes) -> Files:
        """Read what :meth:`dump` returned."""
        return cls(tuple(data.decode("utf-8", "surrogatepass").split("\n")) if data else ())


def listed(paths: Iterable[str], *, wheel: bool, root: str = "") -> Files:
    """Return the files to keep of the paths in an archive; ``root`` is what they are below.

    Raises:
        UnreadError: there are too many, or too long ones.
    """
    kept: dict[str, str] = {}
    folders: dict[str, None] = {}
    for count, path in enumerate(paths):
        if count > MOST_FILES or len(path) > _LONGEST_NAME:
            raise UnreadError(Unproved.TOO_LARGE)
        if _UNSAFE.search(path.rstrip("/")):
            continue
        name = _installed(f"{root}{path}", wheel=wheel)
        if _is_kept(name):
            kept.setdefault(name, path)
        elif not name.startswith(_ELSEWHERE):
            folders[name.rpartition("/")[0]] = None
    known = {parent for name in kept for parent in _parents(name)}
    bare = {it for folder in folders for it in (folder, *_parents(folder))} - known - {""}
    lines = [name if name == path else f"{name}\t{path}" for name, path in kept.items()]
    lines += [f"{folder}/" for folder in bare if _is_importable(folder)]
    return Files(tuple(sorted(lines)))


def _installed(path: str, *, wheel: bool) -> str:
    match = (_WHEEL if wheel else _CONDA).match(path)
    if match:
        return path[match.end() :]
    outside = not wheel or path.partition("/")[0].endswith(".data")
    return f"{_ELSEWHERE}{path}" if outside else path


def _is_kept(name: str) -> bool:
    if "__pycache__/" in name:
        return False
    folder = name.rpartition("/")[0]
    if folder.endswith((".dist-info", ".egg-info")):
        return "/" not in folder
    return name.endswith((*MODULES, ".pth"))


def _parents(name: str) -> Iterator[str]:
    while name := name.rpartition("/")[0]:
        yield name


def _is_importable(folder: str) -> bool:
    return all(part.isidentifier() for part in folder.split("/"))
