"""The result of reading a script, or many together, so that the next command resolves nothing.

It holds while the files that were looked into have the status they had, and while the directories
that were listed hold the same under each name that was looked for: other files may come and go.
Nothing is kept of a file that changed so shortly before it was read that another change might leave
its status as it is. What is declared in a file is not kept, since it can have credentials.

What others conclude from a result is kept beside it, and holds as long.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from condavision.analysis.facts.cache import dumped, loaded
from condavision.core.model import Analysis, ScriptMetadata
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.analysis.facts.reader import Basis, Reader
    from condavision.analysis.resolve.walk import SearchPath
    from condavision.analysis.source.module_finder import Directories
    from condavision.core.model import DeclaredText

_Conclusion = TypeVar("_Conclusion")


@dataclass(frozen=True, slots=True)
class Question:
    """A script, or several ``files`` that are read as one requirement set.

    ``home`` is the directory whose modules a script imports first; ``modules`` lie beside the
    files. The last answer for each script is kept, and for each project root the last for several.
    """

    search: SearchPath
    script: str = ""
    home: str = ""
    files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    @property
    def key(self) -> bytes:
        """The key of the answer in the cache: none of a file's facts begins with NUL."""
        return f"\0{self.script or self.search.root}".encode("utf-8", "surrogatepass")

    @property
    def _plain(self) -> tuple[object, ...]:
        """The same in values that are loaded and compared fast."""
        search = self.search
        return (
            *(search.root, search.paths, search.pythonpath),
            *(self.script, self.home, self.files, self.modules),
        )

    @property
    def conclusion_key(self) -> bytes:
        """The key of what was concluded from the answer."""
        return b"\0concluded" + self.key

    def recalled(self, reader: Reader) -> Analysis | None:
        """Return the answer, if it would be the same today."""
        try:
            return reader.known[self]
        except KeyError:
            return reader.known.setdefault(self, self._recalled(reader))

    def _recalled(self, reader: Reader) -> Analysis | None:
        match self._load(self.key, reader):
            case (basis, (tuple() as declaring, Analysis() as answer)):
                reader.bases[self] = basis
                return _with_declared(answer, declaring, reader)
        return None

    def conclusion(self, kind: type[_Conclusion], reader: Reader) -> _Conclusion | None:
        """Return what was concluded from the answer, if that would be the same today."""
        match self._load(self.conclusion_key, reader):
            case (_, (kind() as conclusion,)):
                return conclusion
        return None

    def conclude(self, reader: Reader, conclusion: object) -> None:
        """Keep what was concluded from the answer, from the next ``save_new`` on."""
        basis = reader.bases.get(self)
        if basis is not None:
            reader.answers[self.conclusion_key] = dumped((self._plain, *basis, conclusion))

    def _load(self, key: bytes, reader: Reader) -> tuple[Basis, tuple[Any, ...]] | None:
        """Return the basis and the values of an entry, None if its basis has changed."""
        if reader.cache is None:
            return None
        match loaded(reader.cache.load(key)):
            case (tuple() as question, stamps, seen, *values):
                basis = stamps, seen
                if question == self._plain and reader.is_unchanged(basis):
                    return basis, tuple(values)
        return None

    def remember(self, reader: Reader, answer: Analysis, directories: Directories) -> None:
        """Keep an answer for which ``directories`` were listed, from the next ``save_new`` on."""
        asked = [it for it in (self.script, *self.files, *self.modules) if it]
        read = (it.path.as_posix() for it in answer.files)
        paths = dict.fromkeys((*asked, *read, *directories.opened))
        found = ((path, reader.settled(path)) for path in paths)
        stamps = tuple((path, stamp) for path, stamp in found if stamp is not None)
        if reader.cache is None or len(stamps) < len(paths):
            return
        seen = tuple((*it, directories.outline(*it)) for it in directories.looked_into())
        reader.bases[self] = stamps, seen
        readable = (it for it in asked if reader.is_readable(it))
        declaring = tuple(it for it in readable if reader.facts(it).declares)
        kept = replace(answer, metadata=ScriptMetadata())
        entry = (self._plain, stamps, seen, declaring, kept)
        reader.answers[self.key] = dumped(entry)


def _with_declared(answer: Analysis, files: Sequence[str], reader: Reader) -> Analysis | None:
    if not files:
        return answer
    with suppress(AnalysisError):  # it has changed just now
        return replace(answer, metadata=merged([reader.declared(it) for it in files]))
    return None


def merged(declared: Sequence[ScriptMetadata]) -> ScriptMetadata:
    """Return what several scripts declare, as one."""
    if len(declared) == 1:
        return declared[0]
    imports: dict[str, DeclaredText] = {}
    for metadata in declared:
        imports.update(metadata.imports)
    first = next((it for it in declared if it.requires_python), ScriptMetadata())
    return ScriptMetadata(
        first.requires_python,
        first.requires_python_location,
        tuple(dict.fromkeys(it for metadata in declared for it in metadata.dependencies)),
        tuple(dict.fromkeys(it for metadata in declared for it in metadata.channels)),
        tuple(dict.fromkeys(it for metadata in declared for it in metadata.platforms)),
        imports,
        tuple(dict.fromkeys(it for metadata in declared for it in metadata.ignored)),
    )
