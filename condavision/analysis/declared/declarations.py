"""What was read so far of what one script declares, and the checks that every format shares."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condavision.core.model import (
    Declared,
    DeclaredText,
    IgnoredReason,
    IgnoredText,
    Manager,
    ScriptMetadata,
    SourceLocation,
)
from condavision.core.platforms import FAMILIES
from condavision.core.pythons import KNOWN, PythonRange, format_minor
from condavision.errors import AnalysisError
from condavision.system.documents import key_lines
from condavision.system.secrets import redacted_spelling

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.markers import Marker

    from condavision.analysis.source.source import Source

_PYTHON_SPEC = re.compile(r"^(?:[\w./-]+::)?python(?![\w.-])\s*(?P<version>.*)$", re.ASCII)
_OTHER_VARIABLES = (
    "python_full_version", "platform_machine", "platform_release", "platform_version",
    "platform_python_implementation", "implementation_name", "implementation_version", "extra",
)  # fmt: skip


@dataclass(slots=True)
class Declarations:
    """Collects what a script declares; each format adds what it finds.

    ``lines`` are those of the block below ``first_row``, a 0-based row of the source.
    """

    source: Source
    first_row: int = 0
    lines: list[str] = field(default_factory=list)
    requires_python: str | None = None
    requires_python_location: SourceLocation | None = None
    dependencies: list[Declared] = field(default_factory=list)
    channels: list[DeclaredText] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    imports: dict[str, DeclaredText] = field(default_factory=dict)
    ignored: list[IgnoredText] = field(default_factory=list)
    serve: dict[str, Any] = field(default_factory=dict)

    def at(self, text: str) -> SourceLocation:
        """Return the place of the block's line that has ``text``, or of its start."""
        name = re.match(r"[\w.-]*", text)
        for wanted in (text, name[0] if name else ""):
            pattern = re.compile(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])")
            for at, line in enumerate(self.lines):
                if wanted and pattern.search(line):
                    return self.source.location(self.first_row + at + 1)
        return self.source.location(self.first_row)

    def wrong(self, where: str, message: str, *hints: str) -> AnalysisError:
        """Return the error for the line that has ``where``, without credentials."""
        return AnalysisError(f"{self.at(where)}: {redacted_spelling(message)}", *hints)

    def table(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        """Return the table under a key, an empty one where there is none.

        Raises:
            AnalysisError: it is something else.
        """
        value = holder.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"`{key}` must be a table")
        return value

    def strings(self, holder: dict[str, Any], key: str) -> list[str]:
        """Return the list of strings under a key, an empty one where there is none.

        Raises:
            AnalysisError: it is something else.
        """
        value = [] if holder.get(key) is None else holder[key]
        if not (
            isinstance(value, list) and all(isinstance(it, str) and it.strip() for it in value)
        ):
            raise self.wrong(key, f"`{key}` must be a list of strings")
        return value

    def add_channels(self, spellings: Iterable[str]) -> None:
        """Add channels as they are spelt."""
        self.channels += [DeclaredText(text, self.at(text)) for text in spellings]

    def ignore(
        self, table: str, keys: Iterable[str], reason: IgnoredReason = IgnoredReason.SETTING
    ) -> None:
        """Note the keys of a table, empty for the top level, that have no effect here."""
        lines = key_lines(self.lines)
        for key in keys:
            row = lines.get((*filter(None, table.split(".")), key))
            place = self.at(key) if row is None else self.source.location(self.first_row + row)
            self.ignored.append(IgnoredText(f"[{table}] {key}" if table else key, place, reason))

    def add_python(self, text: str, where: str) -> None:
        """Narrow the Pythons by a PEP 440 specifier set.

        Raises:
            AnalysisError: it is not one.
        """
        try:
            SpecifierSet(text)
        except InvalidSpecifier as error:
            raise self.wrong(
                where, f"`{text}` is not a range of Python versions", 'write it like ">=3.10,<4"'
            ) from error
        if self.requires_python:
            text = f"{self.requires_python},{text}"
        self.requires_python = text
        self.requires_python_location = self.requires_python_location or self.at(where)

    def add_conda(self, spec: str, platforms: frozenset[str] = frozenset()) -> None:
        """Add a conda match spec; one of python narrows the Pythons instead.

        Raises:
            AnalysisError: the version of python in it is not one.
        """
        python = python_version(spec)
        if python is None:
            declared = Declared(Manager.CONDA, spec.strip(), self.at(spec), platforms)
            self.dependencies.append(declared)
        elif python and not platforms:
            self.add_python(python, spec)

    def add_pypi(self, text: str, platforms: frozenset[str] = frozenset()) -> None:
        """Add a PEP 508 requirement; a marker becomes platforms and Pythons.

        Raises:
            AnalysisError: it is not one.
        """
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            first = str(error).partition("\n")[0]
            raise self.wrong(
                text, f"`{text}` is not a requirement: {first}", "see PEP 508 for the syntax"
            ) from error
        location, pythons = self.at(text), None
        if requirement.marker is not None:
            admitted = _admitted(requirement.marker)
            if admitted is not None:
                families, minors = admitted
                if not families:
                    return  # for no platform that is known
                requirement.marker = None
                platforms = platforms | (families if len(families) < len(FAMILIES) else frozenset())
                pythons = None if minors == PythonRange() else minors
                text = str(requirement)
        self.dependencies.append(Declared(Manager.PYPI, text, location, platforms, pythons))

    def result(self) -> ScriptMetadata:
        """Return everything that was added, each once."""
        return ScriptMetadata(
            self.requires_python,
            self.requires_python_location,
            tuple(dict.fromkeys(self.dependencies)),
            tuple(dict.fromkeys(self.channels)),
            tuple(dict.fromkeys(self.platforms)),
            self.imports,
            tuple(dict.fromkeys(self.ignored)),
            self.serve,
        )


def python_version(spec: str) -> str | None:
    """Return the PEP 440 specifier set of a match spec of python; None for another package's.

    It is empty where every version will do, and the conda version itself where that has no
    counterpart.
    """
    python = _PYTHON_SPEC.match(spec.strip())
    if python is None:
        return None
    text = python["version"].partition("[")[0].strip()
    text = re.sub(r"(?<=[<>=!~,])\s+|\s+(?=[<>=!~,])", "", text).partition(" ")[0]
    text = re.sub(r"(?<=[\w*])=(?!=).*", "", text)  # a build behind the version
    if text in {"", "*"}:
        return ""
    clauses = []
    for clause in text.split(","):
        match = re.fullmatch(r"(?P<op>[<>=!~]*)(?P<version>[\d.]+?)(?P<star>\.?\*)?", clause)
        if match is None:
            return text
        operator, number, star = match["op"], match["version"].rstrip("."), match["star"]
        fuzzy = star or operator in {"", "="}
        if fuzzy and operator in {"", "=", "=="}:
            clauses.append(f"=={number}.*")
        elif operator == "!=" and star:
            clauses.append(f"!={number}.*")
        else:
            clauses.append(f"{operator or '=='}{number}")
    return ",".join(clauses)


def _admitted(marker: Marker) -> tuple[frozenset[str], PythonRange] | None:
    """Return the families and the Pythons that a marker of PEP 508 may hold on.

    Return None where it depends on anything else.
    """
    text = str(marker)
    if any(variable in text for variable in _OTHER_VARIABLES):
        return None
    pairs = [
        (name, minor)
        for name, family in FAMILIES.items()
        for minor in KNOWN
        if marker.evaluate({**family.markers(), "python_version": format_minor(minor)})
    ]
    return frozenset(name for name, _ in pairs), PythonRange.of(minor for _, minor in pairs)
