"""What a script declares about itself: PEP 723 blocks and the older ``# conda execute`` comment.

PEP 723 leaves ``[tool]`` to the tools. Read here: ``[tool.conda]`` as conda-exec writes it
(``channels``, ``dependencies``), ``[tool.pixi]`` as pixi does (``workspace.channels``,
``workspace.platforms``, ``dependencies``, ``pypi-dependencies`` and ``target.<platform>`` tables),
and ``[tool.condavision]`` (``channels``, ``platforms``, ``dependencies``, ``imports``).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condavision.analysis.imports.markers import admitted_by_marker
from condavision.analysis.source.notebook import installs
from condavision.core.channels import redacted
from condavision.core.model import Declared, DeclaredText, Manager, ScriptMetadata, SourceLocation
from condavision.core.pythons import PythonRange
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from condavision.analysis.source.source import Source

__all__ = ["may_declare", "read_metadata"]

# The pattern of the specification, for bytes.
_BLOCK = re.compile(rb"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
_EXECUTE = re.compile(rb"(?m)^[ \t]*#[ \t]*conda execute[ \t]*$")
_PYTHON_SPEC = re.compile(r"^(?:[\w./-]+::)?python(?![\w.-])\s*(?P<version>.*)$", re.ASCII)
_FAMILY = {"linux": "linux", "osx": "osx", "win": "win"}


@dataclass(slots=True)
class _Reading:
    """What was read so far, and how to name a place in the block."""

    source: Source
    first_row: int
    lines: list[str]
    requires_python: str | None = None
    requires_python_location: SourceLocation | None = None
    dependencies: list[Declared] = field(default_factory=list)
    channels: list[DeclaredText] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)
    imports: dict[str, DeclaredText] = field(default_factory=dict)

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
        return AnalysisError(f"{self.at(where)}: {redacted(message)}", *hints)

    def take_channels(self, spellings: Iterable[str]) -> None:
        self.channels += [DeclaredText(text, self.at(text)) for text in spellings]

    def require_python(self, text: str, where: str) -> None:
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

    def conda(self, spec: str, platforms: frozenset[str] = frozenset()) -> None:
        """Take a conda match spec; one of python narrows the Pythons instead."""
        python = _PYTHON_SPEC.match(spec.strip())
        if python is None:
            declared = Declared(Manager.CONDA, spec.strip(), self.at(spec), platforms)
            self.dependencies.append(declared)
        elif not platforms:
            version = _pep440(python["version"])
            if version:
                self.require_python(version, spec)

    def pypi(self, text: str, platforms: frozenset[str] = frozenset()) -> None:
        """Take a PEP 508 requirement; a marker becomes platforms and Pythons."""
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            first = str(error).partition("\n")[0]
            raise self.wrong(
                text, f"`{text}` is not a requirement: {first}", "see PEP 508 for the syntax"
            ) from error
        location, pythons = self.at(text), None
        if requirement.marker is not None:
            admitted = admitted_by_marker(requirement.marker)
            if admitted is not None:
                families, minors = admitted
                if not families:
                    return  # for none of the platforms there are
                requirement.marker = None
                platforms = platforms | (families if len(families) < len(_FAMILY) else frozenset())
                pythons = None if minors == PythonRange() else minors
                text = str(requirement)
        self.dependencies.append(Declared(Manager.PYPI, text, location, platforms, pythons))

    def result(self) -> ScriptMetadata:
        return ScriptMetadata(
            self.requires_python,
            self.requires_python_location,
            tuple(dict.fromkeys(self.dependencies)),
            tuple(dict.fromkeys(self.channels)),
            tuple(dict.fromkeys(self.platforms)),
            self.imports,
        )


def may_declare(source: Source) -> bool:
    """Tell whether a source has any of the marks that :func:`read_metadata` looks for."""
    text = source.text
    return bool(source.cells) or b"# /// script" in text or b"conda execute" in text


def read_metadata(source: Source) -> ScriptMetadata:
    """Return what a script declares; empty where it declares nothing.

    Raises:
        AnalysisError: a block is there twice, is not TOML or YAML, or holds a wrong value.
    """
    if source.cells:
        return _read_installs(source)
    blocks = [it for it in _BLOCK.finditer(source.text) if it["type"] == b"script"]
    if len(blocks) > 1:
        rows = [source.text.count(b"\n", 0, it.start()) for it in blocks]
        raise AnalysisError(
            f"{source.location(rows[1])}: a second `# /// script` block; the first is at"
            f" {source.location(rows[0])}",
            "merge the two: PEP 723 allows one",
        )
    if blocks:
        return _read_script_block(source, blocks[0])
    execute = _EXECUTE.search(source.text)
    return _read_execute_block(source, execute) if execute else ScriptMetadata()


def _read_installs(source: Source) -> ScriptMetadata:
    dependencies = []
    for tool, text, row in installs(source.text):
        manager = Manager.PYPI if tool == "pip" else Manager.CONDA
        if manager is Manager.PYPI:
            try:
                Requirement(text)
            except InvalidRequirement:
                continue  # a path or an address that the notebook's author had
        if not (manager is Manager.CONDA and _PYTHON_SPEC.match(text)):
            dependencies.append(Declared(manager, text, source.location(row)))
    return ScriptMetadata(dependencies=tuple(dict.fromkeys(dependencies)))


def _read_script_block(source: Source, block: re.Match[bytes]) -> ScriptMetadata:
    lines = block["content"].decode("utf-8", "replace").splitlines()
    lines = [line[2:] if line.startswith("# ") else line[1:] for line in lines]
    row = source.text.count(b"\n", 0, block.start())
    reading = _Reading(source, row, lines)
    try:
        table = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        place = source.location(row + int(line[1]) if line else row)
        raise AnalysisError(
            f"{place}: the `# /// script` block is not valid TOML: {redacted(str(error))}",
            "see PEP 723",
        ) from error
    _read_standard(reading, table)
    tools = _table(reading, table, "tool")
    readers: dict[str, Callable[[_Reading, dict[str, Any]], None]] = {
        "conda": _read_conda,
        "pixi": _read_pixi,
        "condavision": _read_own,
    }
    for name, read in readers.items():
        read(reading, _table(reading, tools, name))
    return reading.result()


def _read_standard(reading: _Reading, table: dict[str, Any]) -> None:
    python = table.get("requires-python")
    if python is not None:
        if not isinstance(python, str):
            raise reading.wrong("requires-python", "`requires-python` must be a string")
        reading.require_python(python, "requires-python")
    for text in _strings(reading, table, "dependencies"):
        reading.pypi(text)


def _read_conda(reading: _Reading, table: dict[str, Any]) -> None:
    reading.take_channels(_strings(reading, table, "channels"))
    for spec in _strings(reading, table, "dependencies"):
        reading.conda(spec)


def _read_own(reading: _Reading, table: dict[str, Any]) -> None:
    known = {"channels", "platforms", "dependencies", "imports", "requires-python"}
    for key in table:
        if key not in known:
            raise reading.wrong(
                key, f"`{key}` is not a setting", f"the settings are: {', '.join(sorted(known))}"
            )
    _read_conda(reading, table)
    reading.platforms += _strings(reading, table, "platforms")
    if "requires-python" in table:
        _read_standard(reading, {"requires-python": table["requires-python"]})
    for module, text in _table(reading, table, "imports").items():
        if not isinstance(text, str):
            raise reading.wrong(module, f"the package of `{module}` must be a string")
        reading.imports[module] = DeclaredText(text, reading.at(module))


def _read_pixi(reading: _Reading, table: dict[str, Any]) -> None:
    workspace = _table(reading, table, "workspace") or _table(reading, table, "project")
    for holder in (workspace, table):
        channels = holder.get("channels", [])
        if not isinstance(channels, list):
            raise reading.wrong("channels", "`channels` must be a list")
        for channel in channels:
            name = channel.get("channel") if isinstance(channel, dict) else channel
            if not isinstance(name, str):
                raise reading.wrong("channels", "`channels` must be a list of strings")
            reading.take_channels([name])
        reading.platforms += _strings(reading, holder, "platforms")
    if isinstance(workspace.get("requires-python"), str):
        reading.require_python(workspace["requires-python"], "requires-python")
    _read_pixi_tables(reading, table, frozenset())
    for target, inner in _table(reading, table, "target").items():
        family = _FAMILY.get(target.partition("-")[0])
        families = frozenset(_FAMILY.values()) - {"win"} if target == "unix" else None
        if isinstance(inner, dict) and (family or families):
            _read_pixi_tables(reading, inner, families or frozenset({family or ""}))


def _read_pixi_tables(reading: _Reading, table: dict[str, Any], platforms: frozenset[str]) -> None:
    for name, value in _table(reading, table, "dependencies").items():
        reading.conda(_match_spec(reading, name, value), platforms)
    for name, value in _table(reading, table, "pypi-dependencies").items():
        reading.pypi(_requirement(reading, name, value), platforms)


def _match_spec(reading: _Reading, name: str, value: object) -> str:
    if isinstance(value, str):
        return name if value.strip() in {"", "*"} else f"{name} {value}"
    if isinstance(value, dict) and "path" not in value and "git" not in value:
        channel = f"{value['channel']}::" if isinstance(value.get("channel"), str) else ""
        version = str(value.get("version", "*"))
        build = f" {value['build']}" if isinstance(value.get("build"), str) else ""
        return f"{channel}{name} {version}{build}".removesuffix(" *")
    raise reading.wrong(name, f"the version of `{name}` must be a string")


def _requirement(reading: _Reading, name: str, value: object) -> str:
    extras: Iterable[object] = ()
    marker = ""
    if isinstance(value, dict):
        extras = value.get("extras", [])
        marker = f" ; {value['env-markers']}" if isinstance(value.get("env-markers"), str) else ""
        for scheme, prefix in (("url", ""), ("git", "git+"), ("path", "file:")):
            if isinstance(value.get(scheme), str):
                return f"{name} @ {prefix}{value[scheme]}{marker}"
        value = value.get("version", "*")
    if not isinstance(value, str):
        raise reading.wrong(name, f"the version of `{name}` must be a string")
    version = "" if value.strip() in {"", "*"} else value
    if version[:1].isdigit():
        version = f"=={version}"
    inside = f"[{','.join(map(str, extras))}]" if extras else ""
    return f"{name}{inside}{version}{marker}"


def _read_execute_block(source: Source, start: re.Match[bytes]) -> ScriptMetadata:
    row = source.text.count(b"\n", 0, start.start())
    lines = []
    for line in source.text[start.end() + 1 :].decode("utf-8", "replace").splitlines():
        if not line.strip().startswith("#"):
            break
        lines.append(line.strip().removeprefix("#").removeprefix(" ").rstrip())
    reading = _Reading(source, row, lines)
    table = _yaml(source, row, lines)
    reading.take_channels(_strings(reading, table, "channels"))
    for spec in _strings(reading, table, "env"):
        reading.conda(spec)
    return reading.result()


def _yaml(source: Source, row: int, lines: list[str]) -> dict[str, Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - few scripts need it, and it takes 40 ms
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    indented = [line.strip() for line in lines]  # as conda execute itself read it
    try:
        table = YAML(typ="safe", pure=True).load("\n".join(indented))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = source.location(row + 1 + (mark.line if mark is not None else 0))
        problem = getattr(error, "problem", None) or "not a mapping"
        raise AnalysisError(
            f"{place}: the `# conda execute` block is not valid YAML: {redacted(problem)}",
            "write `# env:` and below it one `#  - package` a line",
        ) from error
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise AnalysisError(
            f"{source.location(row)}: the `# conda execute` block is not a mapping",
            "write `# env:` and below it one `#  - package` a line",
        )
    return {key: [value] if isinstance(value, str) else value for key, value in table.items()}


def _table(reading: _Reading, table: dict[str, Any], key: str) -> dict[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise reading.wrong(key, f"`{key}` must be a table")
    return value


def _strings(reading: _Reading, table: dict[str, Any], key: str) -> list[str]:
    value = table.get(key, [])
    value = [] if value is None else value
    if not isinstance(value, list) or not all(isinstance(it, str) and it.strip() for it in value):
        raise reading.wrong(key, f"`{key}` must be a list of strings")
    return value


def _pep440(version: str) -> str:
    """Spell the version of a conda match spec of python as a PEP 440 specifier set."""
    text = version.partition("[")[0].strip()
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
