"""Reading the command line of a script: what it takes, and which parts are not known."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.analysis.parameters import (
    argparse_parser,
    click_commands,
    fire_components,
    optparse_parser,
    typer_apps,
)
from condavision.analysis.parameters.functions import documentation
from condavision.analysis.parameters.interface import (
    Framework,
    Interface,
    Unread,
    UnreadReason,
    with_unread,
)
from condavision.analysis.parameters.interpreter import TooMuchError
from condavision.analysis.parameters.reader import FinishedError, Reader
from condavision.analysis.source.source import parse, read_source
from condavision.errors import AnalysisError
from condavision.system.processor_time import ProcessorTimeError, at_most_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tree_sitter import Node

    from condavision.analysis.parameters.reader import Known
    from condavision.analysis.source.source import Source
    from condavision.core.model import SourceFile, SourceLocation

SECONDS = 4.0
"""Processor time for the command line of a script, with the modules it imports."""

_KNOWN: Known = {
    **argparse_parser.KNOWN,
    **optparse_parser.KNOWN,
    **click_commands.KNOWN,
    **typer_apps.KNOWN,
    **fire_components.KNOWN,
}

_READ = {"argparse", "optparse", "click", "rich_click", "typer", "fire"}
_LIBRARIES = {
    "absl", "gflags", "getopt", "docopt", "plac", "clize", "tyro", "cyclopts", "cleo", "fileinput",
    "configargparse", "tap", "hydra", "simple_parsing", "jsonargparse", "defopt", "asyncclick",
    "cloup", "begin", "argh", "cmd2", "draccus", "pyrallis", "radicli", "arguably",
}  # fmt: skip
"""Libraries that read command lines in a way that is not read here."""

_ARGV = re.compile(
    rb"(?<![\w.])sys[ \t]*\.[ \t]*argv\b(?![ \t]*\[[ \t]*0[ \t]*\])|\bimport[^\n#]*\bargv\b"
)
_IMPORT = re.compile(
    rb"(?m)(?:^|[;:])[ \t]*"
    rb"(?:from[ \t]+(?P<module>\w+)|import[ \t]+(?P<list>(?:[^\n#;\\]|\\\r?\n)+))"
)
_LISTED = re.compile(rb"(?:^|,)[\s\\]*(\w+)")
_COUNTED = re.compile(rb"\blen\([ \t]*\Z")


def read_interface(files: tuple[SourceFile, ...], root: Path) -> Interface:
    """Read the command line of a script, the first of the files that its analysis has reached.

    ``root`` is the folder of the project, below which files are shown by their relative path.

    Raises:
        AnalysisError: the script cannot be read as Python.
    """
    script = files[0]
    sources = _Sources(files, root)
    source = sources.source(script.path)
    tree = parse(source).root_node
    reader = Reader(sources.load, _KNOWN)
    libraries = sources.libraries()
    unread: list[Unread] = []
    try:
        if not _READ.isdisjoint(libraries):
            with at_most_seconds(SECONDS):
                is_package = script.path.name == "__init__.py"
                reader.run(source, tree, script.module, is_package=is_package)
    except FinishedError:
        pass
    except (TooMuchError, RecursionError, ProcessorTimeError):
        unread.append(Unread(UnreadReason.TOO_MUCH, source.location(0)))
    if tree.has_error:
        unread.append(Unread(UnreadReason.SYNTAX, _first_error(source, tree)))
    about = documentation(tree)
    if reader.found:
        try:
            return _found(reader, unread, about)
        except (FinishedError, TooMuchError, RecursionError):  # a group that is in itself
            unread.append(Unread(UnreadReason.TOO_MUCH, source.location(0)))
    if any(it.reason is UnreadReason.TOO_MUCH for it in unread):
        libraries = {}
    for library, location in libraries.items():
        reason = UnreadReason.NOT_FOLLOWED if library in _READ else UnreadReason.LIBRARY
        unread.append(Unread(reason, location, library))
    unread = [*dict.fromkeys((*reader.unread, *_argv_uses(source), *unread))]
    framework = Framework.OTHER if unread else Framework.NONE
    return Interface(framework, unread=tuple(unread), description=about)


def _found(reader: Reader, unread: list[Unread], about: str) -> Interface:
    """Return the command line that is read last, with what was noted on the way."""
    lines = list(dict.fromkeys(line for line, _ in reader.found))
    places = dict(reader.found)
    several = [Unread(UnreadReason.SEVERAL, places[it]) for it in lines[:-1]]
    made = with_unread(lines[-1].interface(), (*reader.unread, *several, *unread))
    return made if made.description else replace(made, description=about)


def _argv_uses(source: Source) -> list[Unread]:
    """Return where a script reads its arguments by itself, in code that was not executed too."""
    for match in _ARGV.finditer(source.text):
        if not _COUNTED.search(source.text[: match.start()]):
            row = source.text.count(b"\n", 0, match.start())
            return [Unread(UnreadReason.ARGV, source.location(row))]
    return []


def _first_error(source: Source, root: Node) -> SourceLocation:
    node = root
    while not (node.is_error or node.is_missing):
        broken = next((it for it in node.children if it.has_error or it.is_missing), None)
        if broken is None:
            break
        node = broken
    return source.location(node.start_point.row)


class _Sources:
    """The sources of a project, each read once, and parsed when it is imported."""

    def __init__(self, files: Sequence[SourceFile], root: Path) -> None:
        self.modules = {it.module: it.path for it in files[1:] if it.module}
        self.root = root
        self._paths = [it.path for it in files]
        self._sources: dict[Path, Source] = {}

    def source(self, path: Path) -> Source:
        """Read a file."""
        if path not in self._sources:
            shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
            self._sources[path] = read_source(path, shown.as_posix())
        return self._sources[path]

    def load(self, module: str) -> tuple[Source, Node, bool] | None:
        """Return the source of a module of the project, and whether it is a package."""
        path = self.modules.get(module)
        if path is None:
            return None
        with suppress(AnalysisError):
            source = self.source(path)
            return source, parse(source).root_node, path.name == "__init__.py"
        return None

    def libraries(self) -> dict[str, SourceLocation]:
        """Return the libraries that read command lines, and where each is first imported."""
        found: dict[str, SourceLocation] = {}
        for path in self._paths:
            with suppress(AnalysisError):
                source = self.source(path)
                for text, at in _imported(source.text):
                    name = text.decode("utf-8", "replace")
                    if name in _READ or name in _LIBRARIES:
                        row = source.text.count(b"\n", 0, at)
                        found.setdefault(name, source.location(row))
        return found


def _imported(text: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the top-level modules that a text seems to import, and where."""
    for match in _IMPORT.finditer(text):
        if match["module"]:
            yield match["module"], match.start("module")
        else:
            for one in _LISTED.finditer(match["list"]):
                yield one[1], match.start("list") + one.start(1)
