"""Python files that a source runs: ``run_path("x.py")``, ``[sys.executable, "x.py"]``.

They run in the environment of the script, which therefore needs what they need. Only files and
modules of the project are meant: a name that leads to none of them says nothing.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from condavision.analysis.imports.dynamic import LITERALS, is_dotted
from condavision.analysis.imports.syspath import Paths
from condavision.analysis.records import RawImport
from condavision.analysis.source.expressions import call_parts, text_of, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from condavision.analysis.context.guards import Guards
    from condavision.analysis.source.source import Source

_CALLS = {
    b"run_path": re.compile(rb"run_path(?=\s*\()"),
    b"execfile": re.compile(rb"execfile(?=\s*\()"),
    b"exec": re.compile(rb"exec(?=\s*\(\s*(?:compile\s*\(\s*)?(?:open|Path|pathlib)\b)"),
    b"notebook.run": re.compile(rb"(?<=notebook\.)run(?=\s*\()"),
}
_EXECUTABLE = re.compile(rb"sys\.executable|['\"]python3?['\"](?=\s*,)")
_COMMAND = re.compile(rb"['\"]python3?[ \t]+(?:-u[ \t]+)?(?P<file>(?!setup\.py)[\w./-]+\.py)\b")
_SERVERS = (b"daphne", b"granian", b"gunicorn", b"hypercorn", b"uvicorn")
_SERVED = re.compile(
    rb"(?:%b)\b[^\n]*?['\" \t](?P<name>[^\W\d][\w.]*):[^\W\d]\w*" % b"|".join(_SERVERS)
)
_READS = {"open", "read", "read_text", "compile"}
_MOST = 200  # of one kind in a file


def run_files(source: Source, guards: Guards) -> Iterator[RawImport]:
    """Yield the files and modules of the project that a source runs, or has a server run."""
    root = guards.tree.root_node
    paths = Paths(source, root)
    for word, pattern in _CALLS.items():
        if word in source.text:
            for match in islice(pattern.finditer(source.text), _MOST):
                node = root.descendant_for_byte_range(match.start(), match.end())
                yield from _file(source, guards, match.start(), _argument(node, paths))
    if b"python" in source.text or b"sys.executable" in source.text:
        for match in islice(_EXECUTABLE.finditer(source.text), _MOST):
            node = root.named_descendant_for_byte_range(match.start(), match.end())
            yield from _started(source, guards, node, paths)
        for match in islice(_COMMAND.finditer(source.text), _MOST):
            yield from _file(source, guards, match.start(), match["file"].decode())
    for server in _SERVERS:
        if server in source.text:
            for match in islice(_SERVED.finditer(source.text), _MOST):
                name = match["name"].decode("utf-8", "replace")
                yield _module(source, guards, match.start(), name)
            return


def _argument(node: Node | None, paths: Paths) -> str | None:
    """Return the path that a call is given, the text of which it may read first."""
    if node is None or node.type in LITERALS:
        return None
    callee = node.parent if type_of(node.parent) == "attribute" else node
    call = callee.parent if callee is not None else None
    while call is not None and call.type == "call":
        function, arguments = call_parts(call)
        name = text_of(function).rpartition(".")[2]
        inner = arguments[0] if arguments else None
        if inner is None and function is not None and name in _READS:
            inner = function.child_by_field_name("object")  # open("x").read()
        reads = inner is not None and inner.type == "call"
        if inner is None or not (reads and _is_reading(inner)):
            return paths.of(inner) if inner is not None else None
        call = inner
    return None


def _is_reading(call: Node) -> bool:
    function, _ = call_parts(call)
    return text_of(function).rpartition(".")[2] in _READS


def _started(
    source: Source, guards: Guards, node: Node | None, paths: Paths
) -> Iterator[RawImport]:
    """Yield what follows the interpreter in a list of words."""
    while node is not None and node.parent is not None and node.type.startswith("string"):
        if node.type == "string":
            break
        node = node.parent
    holder = node.parent if node is not None else None
    if node is None or holder is None or holder.type not in {"list", "tuple", "argument_list"}:
        return
    words = [it for it in holder.named_children if it.start_byte > node.start_byte]
    texts = [text_of(it).strip("'\"") for it in words]
    for at, (word, text) in enumerate(zip(words, texts, strict=True)):
        if text == "-m":
            yield from _dotted(source, guards, node.start_byte, "".join(texts[at + 1 : at + 2]))
            return
        if text == "setup.py":  # it builds a package, in an environment of its own
            return
        if not text.startswith("-"):
            yield from _file(source, guards, node.start_byte, paths.of(word))
            return


def _dotted(source: Source, guards: Guards, start: int, name: str) -> Iterator[RawImport]:
    if is_dotted(name):
        yield _module(source, guards, start, name)


def _module(source: Source, guards: Guards, start: int, name: str) -> RawImport:
    location = source.location(source.text.count(b"\n", 0, start))
    return RawImport(name, location, guards.at(start), start=start, lazy=True, local_only=True)


def _file(source: Source, guards: Guards, start: int, path: str | None) -> Iterator[RawImport]:
    name = PurePosixPath(path or "").name
    if path and name and "\n" not in path:
        location = source.location(source.text.count(b"\n", 0, start))
        stem = name.removesuffix(".py").removesuffix(".ipynb")
        guard = guards.at(start)
        yield RawImport(stem, location, guard, start=start, lazy=True, local_only=True, file=path)
