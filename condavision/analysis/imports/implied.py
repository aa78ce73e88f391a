"""What a source needs without importing it: engines, drivers and plug-ins that a call needs.

``pandas.read_excel("x.xlsx")`` fails without openpyxl, which no script imports. The table
``data/implied_imports.tsv`` names such calls, and only a call that can be nothing else counts: the
callee is what the file's imports bind, and what decides is written there literally.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import PurePath
from typing import TYPE_CHECKING

from condavision.analysis.imports.implied_rules import (
    ImpliedRule,
    ImpliedRules,
    called,
    implied_rules,
)
from condavision.analysis.imports.known_texts import KnownTexts
from condavision.analysis.imports.literal_names import LiteralNames
from condavision.analysis.imports.makers import Makers
from condavision.analysis.records import Guard, RawImport
from condavision.analysis.source.expressions import call_parts, text_of, type_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from condavision.analysis.context.guards import Guards
    from condavision.analysis.source.source import Source
    from condavision.core.model import SourceLocation

_DEPTH = 8  # of sums: `THEIR_APPS + OUR_APPS`
_CALLS = 500  # of one library in a file that are looked at, and parts of one setting
_HOLDING = {"argument_list", "assignment", "augmented_assignment", "keyword_argument", "pair"}
_CLASS_OF_APP = re.compile(r"\.\w+\.[A-Z]\w*\Z")  # `blog.apps.BlogConfig` of `blog`
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def find_implied(
    source: Source,
    guards: Guards,
    imports: Sequence[RawImport],
    names: Sequence[tuple[str, str]],
) -> tuple[RawImport, ...]:
    """Return an import for each module that the source needs and does not import.

    ``implied_by`` says what needs it, ``unless`` which other imports make it superfluous. ``names``
    are those that the source has from elsewhere, and what each means.
    """
    table = implied_rules()
    found = [*_imported(imports, table), *_kernel(source)]
    own = {name: full for it in imports for name, full in it.meanings() if full}
    bindings = {**dict(names), **own}
    root = guards.tree.root_node
    texts, others = (KnownTexts(source.text, root, otherwise=it) for it in (False, True))
    literals = LiteralNames(source.text, root)
    makers = Makers(source.text, root, bindings)
    reader = _ImpliedReader(source, guards, bindings, texts, others, literals, makers)
    for host in dict.fromkeys(map(_top, (*(it.name for it in imports), *dict(names).values()))):
        if host in table.hosts:
            found += reader.calls(host)
            found += reader.attributes(host)
    for word, settings in table.settings.items():
        if word.encode() in source.text:
            for name, known in settings.items():
                if name.encode() in source.text:
                    found += reader.settings(name, known)
    return tuple(dict.fromkeys(found))


def _kernel(source: Source) -> Iterator[RawImport]:
    """Yield what Jupyter starts to run a notebook."""
    if source.path.suffix == ".ipynb":
        yield RawImport(
            *("ipykernel", source.location(0), Guard()), implied_by="Jupyter", unless=("ipykernel",)
        )


def _top(name: str) -> str:
    return name.partition(".")[0]


def _imported(imports: Sequence[RawImport], table: ImpliedRules) -> Iterator[RawImport]:
    for it in imports:
        if it.level == 0:
            for name in (it.name, *(f"{it.name}.{member}" for member in it.members)):
                for rule in table.imports.get(name, ()):
                    yield from _implied(it.location, it.guard, it.start, rule, name)


def _implied(
    location: SourceLocation, guard: Guard, start: int, rule: ImpliedRule, by: str, value: str = ""
) -> Iterator[RawImport]:
    """Yield what a rule needs; ``value`` is the text that it may be spelt in."""
    raw = RawImport(
        *("", location, guard),
        start=start,
        lazy=True,
        implied_by=by,
        unless=rule.unless,
        needed_on=rule.pythons,
    )
    for need in rule.needs:
        if need == "/":
            yield replace(raw, name=PurePath(value).stem, local_only=True, file=value)
        elif need.startswith("."):
            name = value.partition(":")[0]
            if need not in {".", ".*"}:
                name = f"{_CLASS_OF_APP.sub('', name)}{need}"
            if _DOTTED.fullmatch(name):
                yield replace(raw, name=name, star=need == ".*", local_only=True)
        else:
            yield replace(raw, name=value if need == "*" else need)


@dataclass(slots=True)
class _ImpliedReader:
    source: Source
    guards: Guards
    bindings: dict[str, str]
    """What each imported name stands for: ``pd`` -> ``pandas``."""
    texts: KnownTexts
    other_texts: KnownTexts
    names: LiteralNames
    makers: Makers
    table: ImpliedRules = field(default_factory=implied_rules)

    def calls(self, host: str) -> Iterator[RawImport]:
        root = self.guards.tree.root_node
        renamed = frozenset(
            name
            for name, full in self.bindings.items()
            if full in self.table.calls and _top(full) == host and not full.endswith(f".{name}")
        )
        words = filter(None, (self.table.hosts[host], renamed))
        matches = chain.from_iterable(called(it).finditer(self.source.text) for it in words)
        for at, match in enumerate(matches):
            if at > _CALLS:
                return
            node = root.descendant_for_byte_range(match.start(), match.end())
            if node is None or node.type != "identifier":
                continue
            callee = node.parent if type_of(node.parent) == "attribute" else node
            call = callee.parent if callee is not None else None
            if callee is None or call is None or call.child_by_field_name("function") != callee:
                continue
            name, known = self._rules(callee, host)
            if any(it.made for it in known):
                is_made = self.makers.of(callee.child_by_field_name("object")) == host
                known = [it for it in known if is_made or not it.made]
            rule = self._decided([it for it in known if not it.leads_on], call)
            if rule is not None:
                yield from self._said(call, rule, name)
            for rule in known:
                if rule.leads_on:
                    for value in self._literals(_given(rule, *_arguments(call))):
                        if fnmatchcase(value, rule.value):
                            yield from self._said(call, rule, name, value)

    def attributes(self, host: str) -> Iterator[RawImport]:
        """Yield what attributes of a library's objects need, whether they are called or not."""
        root = self.guards.tree.root_node
        for name, rule in self.table.attributes.get(host, {}).items():
            matches = re.finditer(rb"\.[ \t]*" + name.encode() + rb"\b", self.source.text)
            for match in islice(matches, _CALLS):
                node = root.descendant_for_byte_range(match.end() - 1, match.end())
                attribute = node.parent if node is not None else None
                if attribute is None or attribute.type != "attribute":
                    continue
                if self.makers.of(attribute.child_by_field_name("object")) == host:
                    yield from self._said(attribute, rule, f"{host}'s .{name}")

    def _literals(self, node: Node | None) -> tuple[str, ...]:
        return self.names.of(node) or self.names.items(node) if node is not None else ()

    def _decided(self, known: Sequence[ImpliedRule], call: Node) -> ImpliedRule | None:
        """Return the rule that fits a call, whichever way conditions in its arguments go."""
        rule = _decide(known, call, self.texts)
        if rule is None or b" if " not in (call.text or b""):
            return rule
        other = _decide(known, call, self.other_texts)
        return rule if other is not None and other.needs == rule.needs else None

    def _rules(self, callee: Node, host: str) -> tuple[str, Sequence[ImpliedRule]]:
        text = text_of(callee)
        first, dot, rest = text.partition(".")
        bound = self.bindings.get(first)
        if bound is not None and _DOTTED.fullmatch(text):
            name = f"{bound}{dot}{rest}"
            return name, self.table.calls.get(name, ()) if _top(name) == host else ()
        for last in (2, 1):  # `.style.format`, `.format`
            words = [word.rstrip() for word in text.rsplit(".", last)[1:]]
            known = self.table.methods.get((host, ".".join(words)))
            if known is not None and len(words) == last:
                return f"{host}'s .{'.'.join(words)}", known
        return "", ()

    def settings(self, name: str, known: Sequence[ImpliedRule]) -> Iterator[RawImport]:
        """Yield what the values of a setting need, or name: ``INSTALLED_APPS``."""
        for item, is_all in islice(self._values(name), _CALLS):
            value = self.texts.of(item) or ""
            rule = next((rule for rule in known if fnmatchcase(value, rule.value)), None)
            if rule is None:
                continue
            # among others `a` is a module as well, alone it may be anything
            if "*" in rule.needs and (
                not _DOTTED.fullmatch(value) or (is_all and "." not in value)
            ):
                continue
            yield from self._said(item, rule, name, value)

    def _values(self, name: str) -> Iterator[tuple[Node, bool]]:
        """Yield what a setting consists of wherever it is set, and whether that is all of it."""
        key = rb"\b" + name.encode() + rb"\b['\"]?[ \t]*\]?[ \t]*(?::[ \t]*[\w.\[\]]+[ \t]*(?==))?"
        root = self.guards.tree.root_node
        for match in re.finditer(key + rb"\+?[:=,](?!=)[ \t]*(?=[^\s#])", self.source.text):
            at = match.end()
            node = _whole(root.named_descendant_for_byte_range(at, at + 1), at)
            yield from ((item, item == node) for item in self._items(node))

    def _items(self, node: Node | None, depth: int = _DEPTH) -> Iterator[Node]:
        """Yield what a setting's value consists of; of pairs, both unless the value is None."""
        if node is None or depth == 0:
            return
        match node.type:
            case "list" | "tuple" | "set":
                for child in node.named_children:
                    if child.type == "list_splat":
                        yield from self._items(child.named_children[0], depth - 1)
                    else:
                        yield child
            case "dictionary":
                for pair in node.named_children:
                    key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
                    if key is not None and value is not None and value.type != "none":
                        yield from (it for it in (key, value) if b"." in (it.text or b""))
            case "binary_operator" if self.texts.of(node) is None:
                yield from self._items(node.child_by_field_name("left"), depth - 1)
                yield from self._items(node.child_by_field_name("right"), depth - 1)
            case "identifier" if self.texts.of(node) is None:
                yield from self._items(self.texts.bound(node), depth - 1)
            case _:
                yield node

    def _said(self, node: Node, rule: ImpliedRule, by: str, value: str = "") -> Iterator[RawImport]:
        location, guard = (
            self.source.location(node.start_point.row),
            self.guards.at(node.start_byte),
        )
        yield from _implied(location, guard, node.start_byte, rule, by, value)


def _whole(node: Node | None, start: int) -> Node | None:
    """Return the whole value that starts with a node."""
    while node is not None and node.start_byte == start:
        parent = node.parent
        if parent is None or parent.type in _HOLDING:
            return node if parent is not None else None
        node = parent
    return None


def _decide(known: Sequence[ImpliedRule], call: Node, texts: KnownTexts) -> ImpliedRule | None:
    """Return the first rule that fits a call, None where none does or this is unknown."""
    positional, named = _arguments(call) if known else ([], {})
    for rule in known:
        if not rule.value:
            return rule
        argument = _given(rule, positional, named)
        value = texts.of(argument)
        if value is None and argument is not None and rule.position is None:
            return None  # the engine is a variable
        if value is None or value == "None":
            continue
        if fnmatchcase(value, rule.value):
            return rule
    return None


def _given(rule: ImpliedRule, positional: list[Node], named: dict[str, Node]) -> Node | None:
    """Return the argument of a call that a rule checks."""
    found = named.get(rule.keyword)
    if found is None and rule.position is not None and rule.position < len(positional):
        found = positional[rule.position]
    return found


def _arguments(call: Node) -> tuple[list[Node], dict[str, Node]]:
    positional: list[Node] = []
    named: dict[str, Node] = {}
    for argument in call_parts(call)[1]:
        value = argument.child_by_field_name("value")
        if argument.type != "keyword_argument":
            positional.append(argument)
        elif value is not None:
            named[text_of(argument.child_by_field_name("name"))] = value
    return positional, named
