"""Which Pythons take the keyword arguments that functions of the standard library are called with.

``subprocess.run(capture_output=True)`` needs 3.7, ``asyncio.sleep(1, loop=loop)`` fails since 3.10.
They are looked up in a generated table (tools/generate_keywords.py), and only where the function is
unmistakable: an imported name or a builtin that the source does not bind itself.
"""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from condavision.analysis.python_range.attributes import guarded, name_claim
from condavision.analysis.python_range.builtin_names import brings_anything
from condavision.analysis.python_range.calls import call_of
from condavision.analysis.python_range.stdlib import table_rows
from condavision.analysis.source.expressions import type_of
from condavision.core.pythons import PythonRange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tree_sitter import Node

    from condavision.analysis.python_range.attributes import NamesOfFile
    from condavision.analysis.python_range.rules import Claim

_MOST_CALLS = 500  # of one function: a file with more is generated
_BUILTINS = "builtins"


@cache
def _functions() -> Mapping[str, Mapping[bytes, PythonRange]]:
    """Return, by dotted function, the keywords that only some Pythons take, with those Pythons."""
    functions: dict[str, dict[bytes, PythonRange]] = {}
    for module, spans, names in table_rows("keywords"):
        for name in names.split():
            function, _, keyword = name.partition(":")
            known = functions.setdefault(f"{module}.{function}", {})
            known[keyword.encode()] = PythonRange.from_spans(spans)
    return functions


@cache
def _by_word() -> Mapping[bytes, tuple[str, ...]]:
    """Return the dotted functions by their last word, in which a file can name them."""
    words: dict[bytes, list[str]] = {}
    for function in _functions():
        words.setdefault(function.rpartition(".")[2].encode(), []).append(function)
    return {word: tuple(functions) for word, functions in words.items()}


def keyword_claims(file: NamesOfFile) -> Iterator[Claim]:
    """Yield what the keyword arguments of calls say, each function and keyword once."""
    for name, dotted in sorted(_spellings(file)):
        known = _functions()[dotted]
        alias = name.partition(".")[0].encode()
        own = dotted.startswith(f"{_BUILTINS}.") and any(file.bindings(alias))
        if not own and not file.lexed.words.isdisjoint(known):
            yield from _calls(name, dotted, file)


def _spellings(file: NamesOfFile) -> Iterator[tuple[str, str]]:
    """Yield how the source may spell functions of the table, and their dotted names."""
    by_word, functions, words = _by_word(), _functions(), file.lexed.words
    called = [
        function
        for word in by_word.keys() & words
        for function in by_word[word]
        if not words.isdisjoint(functions[function])
    ]
    for alias, target in file.aliases():
        if target in functions:
            yield alias, target
        below = f"{target}."
        yield from (
            (alias + function[len(target) :], function)
            for function in called
            if target and function.startswith(below)
        )
    imported = {name for statement in file.imports for name in statement.binds}
    for function in called if not brings_anything(file.imports) else ():
        module, _, name = function.rpartition(".")
        if module == _BUILTINS and name not in imported:
            yield name, function


def _calls(name: str, dotted: str, file: NamesOfFile) -> Iterator[Claim]:
    known = _functions()[dotted]
    alias = name.partition(".")[0].encode()
    shown = dotted.removeprefix(f"{_BUILTINS}.")
    seen: set[bytes] = set()
    for call in islice(call_of(name).finditer(file.lexed.code), _MOST_CALLS):
        start = call.start()
        for keyword in _keywords(file.root, call.end() - 1):
            pythons, guard = known.get(keyword), file.guards.at(start)
            if pythons is None or keyword in seen or guarded(guard, "TypeError") or guard.checked:
                continue
            if not file.rebound(alias, start):
                seen.add(keyword)
                yield name_claim(start, f"{shown}({keyword.decode()}=)", pythons, guard)


def _keywords(root: Node, bracket: int) -> Iterator[bytes]:
    """Yield the keywords of the call whose arguments a bracket opens."""
    node = root.descendant_for_byte_range(bracket, bracket + 1)
    arguments = node.parent if node is not None else None
    if arguments is None or arguments.type != "argument_list" or arguments.has_error:
        return
    if type_of(arguments.parent) != "call" or arguments.start_byte != bracket:
        return
    yield from keywords_of(arguments)


def keywords_of(arguments: Node) -> Iterator[bytes]:
    """Yield the keywords in a list of arguments."""
    for argument in arguments.named_children:
        if argument.type == "keyword_argument":
            name = argument.child_by_field_name("name")
            if name is not None and name.text is not None:
                yield name.text
