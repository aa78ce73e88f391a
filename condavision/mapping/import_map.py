"""The bundled import map: module -> PyPI distribution -> conda-forge package.

Two generated, dated text files are beside this module, one line per entry, sorted by name so that
their diffs can be reviewed:

- ``imports.tsv``: ``module <TAB> distribution <TAB> alternatives <TAB> constraint``. A module
  without a second column is supplied by the distribution of the same normalized name;
  ``conda:NAME`` is a package that only conda-forge has. Alternatives are separated by spaces; the
  constraint (PEP 440) is set if only some versions of the distribution have the module.
  ``NAMESPACE.*``: what is not listed below it is unknown, no part of the package around it.
- ``distributions.tsv``: ``distribution <TAB> conda name <TAB> conda constraint <TAB> also``. A
  distribution without a second column has the same name on conda-forge; ``-`` means that none is
  known there, ``!`` that it is not there and a package of its name is something else. ``also`` are
  further conda packages that contain the distribution, separated by spaces.

They are searched as bytes and never parsed as a whole. A third file, ``namesakes.bin``
(:mod:`condavision.mapping.namesakes`), is searched for modules that the first does not have: each
is in only one distribution, of that name, and in its forks. A fourth is read where a name has to be
suggested for an unknown one: ``popular.tsv``, ``distribution <TAB> modules``, has the most
downloaded distributions, the first one most, and the modules of each, the main one first; without a
second column it is that of the same name. ``tools/generate_import_map.py`` writes all four.
Distribution names are normalized as in PEP 503.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.core.modules import prefixes
from condavision.mapping.namesakes import Namesakes
from condavision.mapping.similar_names import SimilarNames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ROWS = 10_000
_CONDA_ONLY = "conda:"
_NOT_KNOWN_ON_CONDA = "-"
_NOT_ON_CONDA = "!"


def normalized(distribution: str) -> str:
    """Return a PyPI distribution's name as PEP 503 normalizes it: ``ruamel-yaml``.

    ``packaging.utils.canonicalize_name`` does the same, but importing it takes a tenth of the
    start of every command (19 of 183 ms on a busy machine).
    """
    return re.sub(r"[-_.]+", "-", distribution).lower()


@dataclass(frozen=True, slots=True)
class Provider:
    """Who supplies a module.

    ``module`` is the dotted prefix of the given name that the map knows. ``pypi`` is a normalized
    distribution name, empty if only conda-forge has the package. ``conda`` is the conda-forge
    name, None if none is known, and ``conda_constraint`` the versions of it that have the module
    (``PyQt5`` needs ``pyqt`` ``5.*``). ``others`` are distributions that supply the same module.
    ``constraint`` (PEP 440) are the versions of the distribution that have it (``pkg_resources``
    needs ``setuptools`` ``<82``); empty if all do. ``candidate``: the only evidence is that the
    distribution has the module's name and that no other has the module; a person has to accept it.
    """

    module: str
    pypi: str
    conda: str | None
    others: tuple[str, ...] = ()
    conda_constraint: str = ""
    constraint: str = ""
    candidate: bool = False


class _Table:
    """Sorted lines of tab-separated columns, searched by their first column.

    Tab and newline sort before every character of a name, so lines in byte order are in the order
    of their keys.
    """

    __slots__ = ("_text", "row", "title")

    row: Callable[[str], list[str] | None]
    """Returns the columns after the first of the entry with this key; None if there is none."""

    def __init__(self, text: bytes) -> None:
        """``text`` is a comment line, then the entries, each ended by a newline."""
        title, _, self._text = text.partition(b"\n")
        self.title = title.decode()
        self.row = lru_cache(_ROWS)(self._row)  # many scripts import the same

    def _row(self, key: str) -> list[str] | None:
        found, *columns = self._line(self._position(key)).split("\t")
        return columns if found == key else None

    def below(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with ``prefix``, in order."""
        start = self._position(prefix)
        while (line := self._line(start)).startswith(prefix):
            yield line.partition("\t")[0]
            start += len(line.encode()) + 1

    def rows(self, column: int, word: str) -> Iterator[str]:
        """Yield the keys of the entries with ``word`` in ``column`` (1 or later)."""
        found = self._text.find(word.encode())
        while word and found >= 0:
            key, *columns = self._line(self._text.rfind(b"\n", 0, found) + 1).split("\t")
            if len(columns) >= column and word in columns[column - 1].split(" "):
                yield key
            found = self._text.find(word.encode(), self._text.find(b"\n", found))

    def keys(self) -> list[str]:
        """Return every key, in order."""
        return [it.partition("\t")[0] for it in self._text.decode().splitlines()]

    def _position(self, key: str) -> int:
        """Return where the first line that is not before ``key`` starts."""
        wanted = key.encode()
        low, high = 0, len(self._text)
        while low < high:
            middle = (low + high) // 2
            start = self._text.rfind(b"\n", 0, middle) + 1
            end = self._text.find(b"\n", middle)
            if self._text[start:end] < wanted:
                low = end + 1
            else:
                high = start
        return low

    def _line(self, start: int) -> str:
        return self._text[start : self._text.find(b"\n", start)].decode()


class ImportMap:
    """Looks modules and distributions up in the tables described above."""

    date: str
    """The day the map was generated, as ISO 8601."""

    provider: Callable[[str], Provider | None]
    """Return the provider of a dotted module, by its longest known prefix.

    None for an unknown module, and for a bare namespace such as ``google.cloud``, which many
    distributions share.
    """

    package_modules: Callable[[str], tuple[str, ...]]
    """Return the public modules of a package of PyPI or conda-forge, the main one first.

    It takes any spelling: ``PyYAML``, ``scikit_learn``, ``pytorch``.
    """

    def __init__(
        self,
        imports: bytes,
        distributions: bytes,
        namesakes: Callable[[], bytes] = bytes,
        popular: Callable[[], bytes] = bytes,
    ) -> None:
        """Use the contents of the four files; the last two are read on first use."""
        self._imports = _Table(imports)
        self._distributions = _Table(distributions)
        self._namesakes = cache(lambda: Namesakes(namesakes()))
        self._popular = popular
        self.provider = cache(self._find)
        self.package_modules = cache(self._package_modules)
        dated = re.search(r"\d{4}-\d\d-\d\d", self._imports.title)
        self.date = dated.group() if dated else ""

    @classmethod
    def bundled(cls) -> ImportMap:
        """Return the map that this release ships; it is read once per process."""
        return _bundled()

    def _find(self, module: str) -> Provider | None:
        for name in prefixes(module):
            row = self._imports.row(name)
            if row is not None:
                return self._provider(name, row)
            if self.is_closed(name.rpartition(".")[0]):
                return None
        top = module.partition(".")[0]
        row = self._namesakes().row(top)
        if row is None:
            return None
        supplier = next(filter(None, row[:1]), normalized(top))
        return Provider(top, supplier, self.conda_name(supplier), candidate=True)

    def _provider(self, module: str, row: list[str]) -> Provider:
        supplier = row[0] if row else normalized(module)
        _, alternatives, constraint = (*row, "", "", "")[:3]
        others = tuple(alternatives.split())
        if supplier.startswith(_CONDA_ONLY):
            return Provider(module, "", supplier.removeprefix(_CONDA_ONLY), others)
        _, conda_constraint = (*(self._distributions.row(supplier) or ()), "", "")[:2]
        conda = self.conda_name(supplier)
        return Provider(module, supplier, conda, others, conda_constraint, constraint)

    def is_closed(self, module: str) -> bool:
        """Return whether a part of a namespace that is not listed is unknown."""
        return self._imports.row(f"{module}.*") is not None

    def namespace(self, module: str) -> list[str]:
        """Return the known modules below a bare namespace; empty if it is not one."""
        if self.provider(module) and not self.is_closed(module):
            return []
        return [key for key in self._imports.below(f"{module}.") if not key.endswith("*")]

    def knows(self, pypi: str) -> bool:
        """Return whether the map has a PyPI distribution, in any spelling of its name."""
        return self._distributions.row(normalized(pypi)) is not None or bool(self.modules(pypi))

    def conda_name(self, pypi: str) -> str | None:
        """Return the conda-forge name of a PyPI distribution; None if none is known."""
        name = normalized(pypi)
        row = self._distributions.row(name)
        if row is None or row[0:1] in ([_NOT_KNOWN_ON_CONDA], [_NOT_ON_CONDA]):
            return None
        return row[0] if row else name

    def conda_candidate(self, pypi: str) -> str | None:
        """Return the name to look for on conda-forge: the known one, else the distribution's own.

        The second is an identity that the map has not verified; the caller must check that the
        channel's record depends on Python. None if that name is known to be something else.
        """
        name = normalized(pypi)
        if self._distributions.row(name) == [_NOT_ON_CONDA]:
            return None
        return self.conda_name(name) or name

    def pypi_names(self, conda: str) -> tuple[str, ...]:
        """Return every PyPI distribution that a conda-forge package stands for, best first.

        ``py-opencv`` stands for four. Names that differ only in ``-``, ``_`` and ``.`` are the
        same (``opt_einsum`` and ``opt-einsum`` are one project).
        """
        name = normalized(conda)
        found = dict.fromkeys(
            [*self._distributions.rows(1, conda), *self._distributions.rows(3, conda)]
        )
        own = self.conda_name(name)
        if own is not None and normalized(own) == name:
            found = {name: None, **found}
        return tuple(found)

    def pypi_name(self, conda: str) -> str | None:
        """Return the PyPI distribution that a conda-forge package is built from, if known."""
        return next(iter(self.pypi_names(conda)), None)

    def modules(self, pypi: str) -> tuple[str, ...]:
        """Return the modules that are mapped to this distribution."""
        name = normalized(pypi)
        named = set(self._imports.rows(1, name))
        spellings = (name.replace("-", "_"), name.replace("-", "."), name)
        named.update(key for key in spellings if self._imports.row(key) == [])
        if self._distributions.row(name) is None:
            rows = ((key, self._namesakes().row(key)) for key in spellings)
            named.update(key for key, row in rows if row is not None and not any(row[:1]))
        return tuple(sorted(named))

    def supplied(self, pypi: str) -> frozenset[str]:
        """Return the modules known to be in a distribution, also those mapped to another."""
        return frozenset({*self.modules(pypi), *self._imports.rows(2, normalized(pypi))})

    @cached_property
    def popular(self) -> Mapping[str, tuple[str, ...]]:
        """The most downloaded distributions, in order, with their modules, the main one first."""
        rows = (it.partition("\t") for it in self._popular().decode().splitlines()[1:])
        return {name: tuple(has.split()) or (name.replace("-", "_"),) for name, _, has in rows}

    def top_level(self) -> list[str]:
        """Return every known module outside packages, except those of one distribution alone."""
        return [it for it in self._imports.keys() if "." not in it]  # noqa: SIM118 - no mapping

    def _package_modules(self, package: str) -> tuple[str, ...]:
        name = normalized(package)
        names = [name, *self.pypi_names(name)]
        if len(names) > 1:
            names = [it for it in self.popular if it in names] or names
        for pypi in names:
            found = self.popular.get(pypi) or self._public_modules(pypi)
            if found:
                return found[:1] if normalized(found[0]) == pypi else found
        return ()

    def _public_modules(self, pypi: str) -> tuple[str, ...]:
        """Return the public modules of a distribution that no other of its modules contains."""
        found = self.supplied(pypi) if self._distributions.row(pypi) is not None else frozenset()
        public = (
            it for it in found if it[0] != "_" and not found & {*prefixes(it.rpartition(".")[0])}
        )
        return tuple(sorted(public, key=lambda it: (normalized(it) != pypi, it)))

    def near_distributions(self, name: str) -> list[str]:
        """Return up to 3 known distributions that ``name`` may mean, the likeliest first.

        One that is known itself is not misspelt.
        """
        if self._distributions.row(normalized(name)) is not None:
            return []
        return [it.name for it in self._similar_distributions.near(name)]

    @cached_property
    def _similar_distributions(self) -> SimilarNames:
        used = ((rank, name, name) for rank, name in enumerate(self.popular))
        return SimilarNames(used, self._distributions.keys())


@cache
def _bundled() -> ImportMap:
    here = Path(__file__).parent
    imports, distributions = (here / f"{it}.tsv" for it in ("imports", "distributions"))
    return ImportMap(
        imports.read_bytes(),
        distributions.read_bytes(),
        (here / "namesakes.bin").read_bytes,
        (here / "popular.tsv").read_bytes,
    )
