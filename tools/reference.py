"""Write the reference from the code: commands, settings, errors.

    python -m tools.reference

In a page of ``docs/``, what is between ``<!-- generated: NAME -->`` and ``<!-- end -->`` is written
anew.
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

import condavision
from condavision import errors
from condavision.cli import group
from condavision.cli.stages import VARIABLES
from condavision.errors import CondavisionError
from condavision.project.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

PACKAGE = Path(condavision.__file__).parent
DOCS = Path(__file__).parents[1] / "docs"
GENERATED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(?=<!-- end -->)", re.DOTALL)


def written(page: str) -> str:
    """Return a page with its generated parts as they are to be."""
    return GENERATED.sub(lambda match: f"{match[1]}\n{PARTS[match[2]]()}\n\n", page)


def commands() -> str:
    """Return a section for each command, by stage, as ``--help`` has them."""
    parts = []
    for stage in group.stages:
        parts.append(f"## {stage.title}")
        for command, example in stage.commands:
            context = click.Context(command, info_name=f"condavision {command.name}")
            usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
            parts += [
                f"### `{command.name}`",
                f"```text\n{usage}\n```",
                _prose(command.help or ""),
                f"For example `condavision {command.name} {example}".rstrip() + "`.",
                _table(("option", ""), _options(command, context)),
            ]
    context = click.Context(group, info_name="condavision")
    parts += [
        "## Before any command",
        _table(("option", ""), _options(group, context)),
        "## Environment variables",
        _table(("variable", ""), [(f"`{name}`", text) for name, text in VARIABLES]),
    ]
    return "\n\n".join(parts)


def settings() -> str:
    """Return a table of the settings of a project."""
    rows = [(f"`{name}`", f"`{name} = {it.example}`", it.summary) for name, it in SETTINGS.items()]
    return _table(("setting", "example", ""), rows)


def messages() -> str:
    """Return the messages of each error, with their hints; else what ``errors.md`` has to do."""
    found: dict[type[CondavisionError], set[str]] = {}
    page = (DOCS / "errors.md").read_text("utf-8")
    for error, texts, call in raised():
        message, *hints = (texts.of(it).replace("\n", " ") for it in call.args)
        if message.strip(" …:;,"):
            row = re.search(rf"\| `{error.__name__}` \|.*\| (.*) \|\n", page)
            cure = "; ".join(it for it in hints if it.strip(" …")) or (row[1] if row else "")
            found.setdefault(error, set()).add(f"- {message}\n  - {cure}")
    return "\n\n".join(
        f"### {it.__name__}\n\n" + "\n".join(sorted(found[it]))
        for it in sorted(found, key=lambda it: (it.code, it.__name__))
    )


def raised() -> Iterator[tuple[type[CondavisionError], _Texts, ast.Call]]:
    """Yield where the code makes an error: its class, message and hints."""
    classes = [it for it in vars(errors).values() if inspect.isclass(it)]
    named = {it.__name__: it for it in classes if issubclass(it, CondavisionError)}
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        tree = ast.parse(text if "Error(" in text else "")
        functions = {it.name: it for it in ast.walk(tree) if isinstance(it, ast.FunctionDef)}
        for function in functions.values():
            for name, call in _calls_of(named, function):
                yield named[name], _Texts(function, functions), call


def _calls_of(names: Container[str], function: ast.FunctionDef) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(function):
        match node:
            case ast.Call(ast.Name(name), [_, *_]) if name in names:
                yield name, node


class _Texts:
    """What expressions in a function are as texts, with … for what only a run decides."""

    def __init__(self, function: ast.FunctionDef, functions: Mapping[str, ast.FunctionDef]) -> None:
        self.functions = functions
        self.assigned = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.JoinedStr)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def of(self, node: ast.expr, deeper: bool = True) -> str:
        match node:
            case ast.Constant(value):
                return str(value)
            case ast.JoinedStr(values):
                return "".join(self.of(it, deeper) for it in values)
            case ast.Name(name) | ast.FormattedValue(ast.Name(name)) if deeper:
                return self.of(self.assigned.get(name, ast.Constant("…")), deeper=False)
            case ast.IfExp(_, chosen):
                return self.of(chosen, deeper)
            case ast.Call(ast.Attribute(_, "join"), [ast.GeneratorExp(element)]):
                return self.of(element, deeper)
            case ast.Call(ast.Name(name)) if name in self.functions and deeper:
                called = self.functions[name]
                returns = (it for it in ast.walk(called) if isinstance(it, ast.Return))
                last = max(returns, key=lambda it: it.lineno, default=ast.Return())
                others = {it: self.functions[it] for it in self.functions if it != name}
                return _Texts(called, others).of(last.value or ast.Constant("…"))
        return "…"


def _options(command: click.Command, context: click.Context) -> list[tuple[str, str]]:
    options = (it for it in command.params if isinstance(it, click.Option))
    records = (it.get_help_record(context) for it in options)
    return [(f"`{names}`", text) for names, text in filter(None, records)]


def _prose(text: str) -> str:
    """Return a help text as Markdown; click keeps the lines of what begins with a backspace."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        "```text\n" + it.removeprefix("\b\n") + "\n```" if it.startswith("\b") else it
        for it in paragraphs
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "messages": messages,
}


def main() -> None:
    """Write the pages in which something has changed."""
    for path in sorted(DOCS.rglob("*.md")):
        before = path.read_text("utf-8")
        after = written(before)
        if after != before:
            path.write_text(after, "utf-8")
            print(f"{path.relative_to(DOCS.parent)}: written")


if __name__ == "__main__":
    main()
