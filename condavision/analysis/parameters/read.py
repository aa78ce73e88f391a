"""Reading the command line of a script: what it takes, and what of that is not known."""

from __future__ import annotations

import re
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
    from collections.abc import Mapping
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
    "absl", "gflags", "getopt", "docopt", "plac", "clize", "tyro", "cyclopts", "cleo", "cliff",
    "configargparse", "tap", "hydra", "simple_parsing", "jsonargparse", "fileinput", "defopt",
    "asyncclick", "cloup", "begin", "argh", "invoke", "cmd2", "draccus", "hfargparse",
    "pytorch_lightning", "traitlets", "sacred", "luigi", "pyrallis", "radicli", "arguably",
}  # fmt: skip
"""Libraries that read command lines in a way that is not read here."""

_ARGV = re.compile(
    rb"(?<![\w.])sys[ \t]*\.[ \t]*argv\b(?![ \t]*\[[ \t]*0[ \t]*\])|\bimport[^\n#]*\bargv\b"
)
_COUNTED = re.compile(rb"\blen\([ \t]*\Z")


def read_interface(files: tuple[SourceFile, ...], root: Path) -> Interface:
    """Read the command line of a script, the first of the files that its analysis has reached.

    ``root`` is the folder of the project, below which files are shown by their relative path.

    Raises:
        AnalysisError: the script cannot be read as Python.
    """
    script, *others = files
    sources = _Sources({it.module: it.path for it in others if it.module}, root)
    source, tree = sources.read(script.path)
    reader = Reader(sources.load, _KNOWN)
    unread: list[Unread] = []
    try:
        with at_most_seconds(SECONDS):
            name = script.module
            reader.run(source, tree, name, is_package=script.path.name == "__init__.py")
    except FinishedError:
        pass
    except (TooMuchError, RecursionError, ProcessorTimeError):
        unread.append(Unread(UnreadReason.TOO_MUCH, source.location(0)))
    if tree.has_error:
        unread.append(Unread(UnreadReason.SYNTAX, _first_error(source, tree)))
    return _chosen(reader, source, tree, unread)


def _chosen(reader: Reader, source: Source, root: Node, unread: list[Unread]) -> Interface:
    """Return the command line that was found, or why there is none."""
    about = documentation(root)
    lines = list(dict.fromkeys(line for line, _ in reader.found))
    if lines:
        places = dict(reader.found)
        several = [Unread(UnreadReason.SEVERAL, places[it]) for it in lines[:-1]]
        made = with_unread(lines[-1].interface(), (*reader.unread, *several, *unread))
        return made if made.description else replace(made, description=about)
    for library, location in reader.libraries.items():
        if library in _READ:
            unread.append(Unread(UnreadReason.NOT_FOLLOWED, location, library))
        elif library in _LIBRARIES:
            unread.append(Unread(UnreadReason.LIBRARY, location, library))
    unread = [*dict.fromkeys((*reader.unread, *_argv_uses(source), *unread))]
    framework = Framework.OTHER if unread else Framework.NONE
    return Interface(framework, unread=tuple(unread), description=about)


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
    """The sources of a project, parsed when they are imported."""

    def __init__(self, modules: Mapping[str, Path], root: Path) -> None:
        self.modules = modules
        self.root = root
        self._trees: list[object] = []

    def read(self, path: Path) -> tuple[Source, Node]:
        """Read and parse a file."""
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        source = read_source(path, shown.as_posix())
        tree = parse(source)
        self._trees.append(tree)
        return source, tree.root_node

    def load(self, module: str) -> tuple[Source, Node, bool] | None:
        """Return the source of a module of the project, and whether it is a package."""
        path = self.modules.get(module)
        if path is None:
            return None
        try:
            return *self.read(path), path.name == "__init__.py"
        except AnalysisError:
            return None
