"""What a source needs without importing it: engines, drivers and plug-ins that a call asks for.

``pandas.read_excel("x.xlsx")`` fails without openpyxl, which no script imports. The table
``data/unimported.tsv`` names such calls, and only a call that can be nothing else counts: the
callee is what the file's imports bind, and what decides is written there literally.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from condavision.analysis.imports import RawImport
from condavision.analysis.unimported_rules import Rule, Rules, rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from condavision.analysis.guards import Guard, Guards
    from condavision.analysis.source import Source
    from condavision.model import SourceLocation

__all__ = ["unimported"]

_CALLS = 500  # of one file that are looked at
_SETTING = re.compile(
    rb"(?m)^[ \t]*(INSTALLED_APPS|MIDDLEWARE(?:_CLASSES)?)[ \t]*\+?=[ \t]*(?=[\[(])"
)
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_STRING = re.compile(r"\A[rRbBuUfF]*('''|\"\"\"|'|\")(.*)\1\Z", re.DOTALL)
_MORE = "\0"  # what a literal is continued with when the program runs


def unimported(
    source: Source, guards: Guards, imports: Sequence[RawImport]
) -> tuple[RawImport, ...]:
    """Return an import for each module that the source needs and does not import.

    ``implied_by`` says what needs it, ``unless`` which other imports make it superfluous.
    """
    text, table = source.text, rules()
    found = [*_imported(imports, table)]
    tops = {_top(it.name) for it in imports}
    hosts = [host for host in table.hosts if host in tops]
    if hosts:
        reader = _Reader(source, guards, _bindings(imports))
        for host in hosts:
            found += reader.calls(table.hosts[host], host)
    for name in table.settings:
        if name.encode() in text:
            found += _Reader(source, guards, {}).settings(name)
    if b"INSTALLED_APPS" in text or b"MIDDLEWARE" in text:
        found += _Reader(source, guards, {}).django()
    return tuple(dict.fromkeys(found))


def _top(name: str) -> str:
    return name.partition(".")[0]


def _imported(imports: Sequence[RawImport], table: Rules) -> Iterator[RawImport]:
    for it in imports:
        if it.level == 0:
            for name in (it.name, *(f"{it.name}.{member}" for member in it.members)):
                for rule in table.imports.get(name, ()):
                    yield _implied(it.location, it.guard, it.start, rule, name)


def _bindings(imports: Sequence[RawImport]) -> dict[str, str]:
    """Return what each imported name stands for: ``pd`` -> ``pandas``."""
    bound: dict[str, str] = {}
    for it in imports:
        if it.level or it.dynamic:
            continue
        if it.members:
            bound.update(
                (name, f"{it.name}.{member}")
                for name, member in zip(it.binds, it.members, strict=False)
            )
        elif it.binds:
            own = it.binds[0] == _top(it.name)
            bound[it.binds[0]] = it.binds[0] if own else it.name
    return bound


def _implied(location: SourceLocation, guard: Guard, start: int, rule: Rule, by: str) -> RawImport:
    return RawImport(
        rule.needs, location, guard, start=start, lazy=True, implied_by=by, unless=rule.unless
    )


@dataclass(slots=True)
class _Reader:
    source: Source
    guards: Guards
    bindings: dict[str, str]
    table: Rules = field(default_factory=rules)

    def calls(self, words: re.Pattern[bytes], host: str) -> Iterator[RawImport]:
        root = self.guards.tree.root_node
        for at, match in enumerate(words.finditer(self.source.text)):
            if at > _CALLS:
                return
            node = root.descendant_for_byte_range(match.start(), match.end())
            callee = node.parent if node is not None and node.type == "identifier" else None
            if callee is None or node is None:
                continue
            if callee.type != "attribute":
                callee = node
            call = callee.parent
            if (
                call is None
                or call.type != "call"
                or call.child_by_field_name("function") != callee
            ):
                continue
            name, known = self._rules(callee, node, host)
            rule = _decide(known, call, self) if known else None
            if rule is not None:
                yield self._said(call, rule, name)

    def _rules(self, callee: Node, node: Node, host: str) -> tuple[str, tuple[Rule, ...]]:
        text = (callee.text or b"").decode("utf-8", "replace")
        first, dot, rest = text.partition(".")
        bound = self.bindings.get(first)
        if bound is not None and _DOTTED.fullmatch(text):
            name = f"{bound}{dot}{rest}"
            return name, self.table.calls.get(name, ()) if _top(name) == host else ()
        method = (node.text or b"").decode("utf-8", "replace")
        known = self.table.methods.get((host, method), ()) if callee.type == "attribute" else ()
        return f"{host}'s .{method}", known

    def settings(self, name: str) -> Iterator[RawImport]:
        typed, literal = rb"(?::[ \t]*str[ \t]*)?", rb"(?=[fFrRuU]?['\"])"
        key = rb"\b" + name.encode() + rb"\b['\"]?[ \t]*\]?[ \t]*"
        pattern = re.compile(key + typed + rb"[:=][ \t]*" + literal)
        root = self.guards.tree.root_node
        for match in pattern.finditer(self.source.text):
            node = root.named_descendant_for_byte_range(match.end(), match.end() + 1)
            while node is not None and node.type in {"string_start", "string_content"}:
                node = node.parent
            value = self.literal(node)
            for rule in self.table.settings[name]:
                if value is not None and node is not None and fnmatchcase(value, rule.value):
                    yield self._said(node, rule, name)
                    break

    def django(self) -> Iterator[RawImport]:
        """Yield the applications and middleware that Django imports by their names."""
        if b"django." not in self.source.text:
            return
        root = self.guards.tree.root_node
        for match in _SETTING.finditer(self.source.text):
            node = root.named_descendant_for_byte_range(match.end(), match.end() + 1)
            if node is None or node.type not in {"list", "tuple"}:
                continue
            setting = match[1].decode()
            for item in node.named_children:
                name = self.literal(item) if item.type == "string" else None
                if name and _DOTTED.fullmatch(name):
                    rule = Rule("", None, "", "", name, ())
                    yield self._said(item, rule, setting)

    def literal(self, node: Node | None, depth: int = 4) -> str | None:
        """Return the text that an expression is known to start with."""
        if node is None or depth == 0:
            return None
        match node.type:
            case "string":
                return self._string(node)
            case "concatenated_string" | "parenthesized_expression":
                parts = [self.literal(child, depth - 1) for child in node.named_children]
                return None if None in parts else "".join(filter(None, parts))
            case "binary_operator":
                left = self.literal(node.child_by_field_name("left"), depth - 1)
                right = self.literal(node.child_by_field_name("right"), depth - 1)
                return None if left is None else left + (_MORE if right is None else right)
            case "call":
                function = node.child_by_field_name("function")
                if function is not None and (function.text or b"").endswith(b".format"):
                    return self.literal(function.child_by_field_name("object"), depth - 1)
            case "identifier":
                return self._assigned(node.text or b"", depth)
            case "true" | "false" | "none":
                return (node.text or b"").decode()
        return None

    @staticmethod
    def _string(node: Node) -> str | None:
        if any(child.type == "interpolation" for child in node.named_children):
            parts = [
                (child.text or b"").decode("utf-8", "replace")
                if child.type == "string_content"
                else _MORE
                for child in node.named_children
                if child.type in {"string_content", "interpolation"}
            ]
            return "".join(parts)
        match = _STRING.match((node.text or b"").decode("utf-8", "replace"))
        return match[2] if match else None

    def _assigned(self, name: bytes, depth: int) -> str | None:
        """Return the literal of a name that the file gives a value once."""
        pattern = rb"(?m)(?<![\w.])" + re.escape(name) + rb"[ \t]*(?::[ \t]*\w+[ \t]*)?=(?!=)[ \t]*"
        matches = [*re.finditer(pattern, self.source.text)]
        if len(matches) != 1:
            return None
        root = self.guards.tree.root_node
        node = root.named_descendant_for_byte_range(matches[0].end(), matches[0].end() + 1)
        while node is not None and node.type != "assignment":
            node = node.parent
        if node is None or (left := node.child_by_field_name("left")) is None:
            return None
        right = node.child_by_field_name("right") if left.text == name else None
        return self.literal(right, depth - 1)

    def _said(self, node: Node, rule: Rule, by: str) -> RawImport:
        location = self.source.location(node.start_point.row)
        return _implied(location, self.guards.at(node.start_byte), node.start_byte, rule, by)


def _decide(known: Sequence[Rule], call: Node, reader: _Reader) -> Rule | None:
    """Return the first rule that fits a call, None where none does or it cannot be told."""
    positional, named = _arguments(call)
    for rule in known:
        given = named.get(rule.keyword)
        if given is None and rule.position is not None and rule.position < len(positional):
            given = positional[rule.position]
        if not rule.value:
            return rule if rule.needs != "-" else None
        value = reader.literal(given)
        if value is None and given is not None and rule.position is None:
            return None  # the engine is a variable
        if value is None or value == "None":
            continue
        if fnmatchcase(value, rule.value):
            return rule if rule.needs != "-" else None
    return None


def _arguments(call: Node) -> tuple[list[Node], dict[str, Node]]:
    arguments = call.child_by_field_name("arguments")
    positional: list[Node] = []
    named: dict[str, Node] = {}
    for child in arguments.named_children if arguments is not None else ():
        if child.type == "keyword_argument":
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is not None and value is not None:
                named[(name.text or b"").decode("utf-8", "replace")] = value
        elif child.type != "comment":
            positional.append(child)
    return positional, named
