"""The values that the facts of a file consist of.

They are apart from the rules that make them: loading them from the cache needs no rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from condavision.core.origin import PickledAsCall
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from condavision.core.model import PythonReason, SourceLocation, UnreadRegion

RENAMED = frozenset({"AttributeError", "NameError", "SyntaxError"})
"""Exceptions raised where another Python has another name for something."""

IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
"""Exceptions raised where a module is missing."""

CATCH_ALL = frozenset({"BaseException", "Exception", "StandardError"})
"""The exceptions that catch every error."""

_ANY = PythonRange()


@dataclass(frozen=True, slots=True)
class Guard:
    """What surrounds a place.

    ``pythons`` and ``platforms`` are those it runs on (no platforms: on all). ``catches`` are the
    exceptions caught around it, ``checked`` what ``hasattr`` asked about (``itertools.izip``).
    ``optional``: the script continues if an import here fails; ``fallback``: it runs after one has
    failed. ``broad``: the script continues whatever fails here. ``dead``: it never runs. ``main``:
    it runs only where the file is the script itself.
    """

    pythons: PythonRange = _ANY
    platforms: frozenset[str] = frozenset()
    typing: bool = False
    optional: bool = False
    fallback: bool = False
    catches: frozenset[str] = frozenset()
    checked: frozenset[str] = frozenset()
    dead: bool = False
    main: bool = False
    broad: bool = False

    def __reduce__(self) -> tuple[Callable[..., Guard], tuple[Any, ...]]:
        """Pickle so that equal guards come back as one object: most places have one of a few."""
        return _guard, tuple(getattr(self, name) for name in self.__slots__)


@lru_cache(maxsize=4096)
def _guard(*values: Any) -> Guard:
    return Guard(*values)


@dataclass(frozen=True, slots=True)
class RawImport(PickledAsCall):
    """An import as the source spells it, before the module is looked for.

    ``level`` counts the leading dots, ``binds`` are the names it defines. ``instead`` are the
    indexes of the imports that stand in for this one when it fails, ``stands_in`` of those that
    this one replaces. ``dispensable``: the script continues when this fails and nothing stands in;
    ``used_regardless``: but fails later, because it uses what this binds without a check.
    ``lazy``: it does not run with the module, but inside a function, class or condition.
    ``implied_by``: what needs the module although nothing imports it, ``unless`` one of these is;
    ``needed_on``: the Pythons on which it does, None for all.
    ``local_only``: it leads to a file of the project or says nothing. So does ``file``, the path of
    one that is run: relative to the importing file, or to the project's root.
    """

    name: str
    location: SourceLocation
    guard: Guard
    level: int = 0
    members: tuple[str, ...] = ()
    binds: tuple[str, ...] = ()
    star: bool = False
    dynamic: bool = False
    start: int = 0
    instead: tuple[int, ...] = ()
    stands_in: tuple[int, ...] = ()
    dispensable: bool = False
    used_regardless: bool = False
    lazy: bool = False
    implied_by: str = ""
    unless: tuple[str, ...] = ()
    needed_on: PythonRange | None = None
    local_only: bool = False
    file: str = ""

    @property
    def host(self) -> str:
        """The library whose call or submodule needs this, if it is implied by one."""
        return self.implied_by.partition(".")[0].partition("'")[0]  # `pandas's .to_excel`

    def meanings(self) -> Iterator[tuple[str, str]]:
        """Yield the names it binds, and what each means: empty for what is not absolute."""
        if self.dynamic or self.level:
            yield from ((name, "") for name in self.binds)
        elif self.members:
            full = (f"{self.name}.{member}" for member in self.members)
            yield from zip(self.binds, full, strict=True)
        else:
            is_top = self.binds == (self.name.partition(".")[0],)
            yield from ((name, name if is_top else self.name) for name in self.binds)


@dataclass(frozen=True, slots=True)
class PathEdit:
    """A directory put on ``sys.path``: in front of the rest, or behind it.

    A relative ``directory`` is one that the source leaves to the working directory.
    """

    directory: str
    front: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one file: a pure function of its path, its shown name and its bytes.

    ``declares``: it may hold metadata, to be read if it is a script. ``writes`` are the modules
    that the cells of a notebook write.
    """

    file: str
    sha256: str
    imports: tuple[RawImport, ...]
    edits: tuple[PathEdit, ...]
    reasons: tuple[PythonReason, ...]
    unread: tuple[UnreadRegion, ...]
    declares: bool = False
    writes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ModuleNames:
    """What is known of a module's names.

    ``names`` are bound at its top level, and ``stars`` the modules of which it has all names, with
    the dots before them. ``any_name``: it may have others, which a ``__getattr__`` or code that no
    analysis follows brings. ``any_module``: it may bring submodules that are no files beside it.
    """

    names: frozenset[str]
    any_name: bool
    any_module: bool
    stars: tuple[str, ...] = ()

    def may_have(self, name: str) -> bool:
        """Return whether nothing refutes that it has a name itself, star imports aside."""
        return self.any_name or name in self.names
