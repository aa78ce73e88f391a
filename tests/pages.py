"""Pages of Markdown: their files are written, their commands run, their output compared.

What cannot be run in a plain folder, a test takes out of its page with `shown` or `blocks`, and
runs it where it can be; `taken` finds those calls, so that a block that nobody runs is noticed.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import sys
import textwrap
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import click

from condavision.cli import group
from tools.reference import GENERATED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tests.command_line import CommandLine, Finished

REPOSITORY = Path(__file__).parent.parent
PAGES = sorted(
    [
        REPOSITORY / "README.md",
        *(REPOSITORY / "docs").glob("[!_]*.md"),
        *(REPOSITORY / "docs" / "howto").glob("*.md"),
    ]
)
_BLOCK = re.compile(
    r"^(?:<!-- (?P<verb>file|append): (?P<name>\S+) -->\n)?"
    r"(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^(?P=indent)```",
    re.DOTALL | re.MULTILINE,
)
_CODE = re.compile(r"(?ms)^```\w*\n(.*?)^```|^(?: {4}[^\n]*\n)+")
_COMMAND = re.compile(
    r"(?:^\s*|[:/=]\s?|([`(])|[$|-] |&& |RUN |exec )(?P<command>condavision [a-z-])"
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; with ``verb``, a file to write or append to."""

    page: str
    kind: str
    text: str
    verb: str
    name: str


@cache
def blocks(page: str) -> tuple[Block, ...]:
    """Return the blocks of a page, which is named as in ``docs/howto/cron.md``."""
    text = GENERATED.sub("", (REPOSITORY / page).read_text("utf-8"))
    return tuple(
        Block(page, it["kind"], textwrap.dedent(it["text"]), it["verb"] or "", it["name"] or "")
        for it in _BLOCK.finditer(text)
    )


def shown(page: str, part: str) -> str:
    """Return the text of the one block of a page that has this part."""
    found = [it.text for it in blocks(page) if part in it.text]
    assert len(found) == 1, (page, part, found)
    return found[0]


def files(page: str) -> dict[str, str]:
    """Return the files of a page, by name."""
    return {it.name: it.text for it in blocks(page) if it.verb}


@cache
def taken() -> frozenset[Block]:
    """Return the blocks that tests take out of their pages: the calls are read, not made."""
    found: set[Block] = set()
    for path in (REPOSITORY / "tests").rglob("*.py"):
        source = path.read_text("utf-8")
        if "tests.pages" in source:
            for call in ast.walk(ast.parse(source)):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                    words = [it.value for it in call.args if isinstance(it, ast.Constant)]
                    if call.func.id in {"blocks", "shown"} and words:
                        page, *parts = map(str, words)
                        found |= {it for it in blocks(page) if all(p in it.text for p in parts)}
    return frozenset(found)


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the lines of a console that are typed, each with the output below it."""
    for shown in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        line, _, output = shown.partition("\n")
        yield line, output


def place(text: str, folder: Path) -> str:
    """Put the paths of this machine into what a page shows of Ada's."""
    for shown, path in (
        ("/home/ada/.local/bin", Path(sys.executable).parent),
        ("/home/ada/project", folder),
        ("/srv/reports", folder),
        ("/projects/lab", folder / "lab"),
        ("/usr/local/bin/condavision", Path(sys.executable).with_name("condavision")),
    ):
        text = text.replace(shown, str(path))
    return text


def normalized(output: str) -> str:
    """Leave out what differs between machines: versions, environments, sizes, column widths."""
    output = re.sub(r"(?m)^still solving .*\n", "", output)
    output = re.sub(r"\b\d+\.\d+\.\d+\b", "VERSION", output)
    output = re.sub(r"\S*/envs/[0-9a-f]{16}", "ENVIRONMENT", output)
    output = re.sub(r'"[0-9a-f]{4}(\.{3}|[0-9a-f]{60})"', '"DIGEST"', output)
    output = re.sub(r"\(\d+(\.\d)? (bytes|kB|MB)\)", "(SIZE)", output)
    output = re.sub(r"\b(linux|osx|win)-(64|arm64|aarch64)\b", "PLATFORM", output)
    return "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in output.splitlines())


def play(
    page: str,
    command: CommandLine,
    left: Collection[Block] = (),
    names: Iterable[tuple[str, str]] = (),
) -> int:
    """Do what a page shows, except blocks that are left out; return how many blocks were run.

    Commands of condavision run as such, any other line in sh. The page's reader is Ada; ``names``
    are others of the page, each with its name here.
    """
    ran = 0

    def here(text: str) -> str:
        for name, other in names:
            text = text.replace(name, other)
        return text

    for block in blocks(page):
        path = command.folder / block.name
        if block.verb == "file":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.verb == "append":
            path.write_text(path.read_text(encoding="utf-8") + block.text, encoding="utf-8")
        elif block not in left and block.kind == "console":
            for line, output in commands(replace(block, text=here(block.text))):
                printed = _typed(line, command).out.replace(
                    str(command.folder), "/home/ada/project"
                )
                assert normalized(printed) == normalized(output), line
            ran += 1
        elif block not in left and block.kind == "sh":
            in_sh(here(block.text), command).ok()
            ran += 1
    return ran


def _typed(line: str, command: CommandLine) -> Finished:
    first, *words = shlex.split(line)
    if first == "condavision" and words_of(line) == [first, *words]:
        return command(*words)
    return in_sh(line, command)


def in_sh(script: str, command: CommandLine, **environ: str) -> Finished:
    """Run a block in a shell that stops at the first failure."""
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    line = ["sh", "-e", "-c", place(script, command.folder)]
    return command.process(line, environ={"PATH": beside, **environ})


def command_lines(page: str) -> Iterator[str]:
    """Yield the commands of condavision in a page, wherever they are: blocks, units, YAML, text."""
    for block in _CODE.finditer(page):
        for line in (block[1] or block[0]).replace("\\\n", " ").splitlines():
            for found in _COMMAND.finditer(line):
                closing = {"`": "`", "(": ")"}.get(found[1])
                rest = line[found.start("command") :]
                yield rest.partition(closing)[0] if closing else rest
    for span in re.finditer(r"`(condavision [^`]+)`", _CODE.sub("", page)):
        yield span[1].replace("\n", " ")


def words_of(line: str) -> list[str]:
    """Return the words of one command, up to where the shell would end it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    return list(takewhile(lambda word: not {*word} <= {*"();<>|&"}, lexer))


def require_valid(line: str) -> None:
    """Fail the test unless a command line can be parsed; nothing is run or looked up.

    Raises:
        click.UsageError: it cannot be.
    """
    words = words_of(line)
    assert words[0] == "condavision", line
    if len(words) == 2 and words[1] in group.commands:
        return  # the name of a command
    with _only_parsed(), group.make_context("condavision", words[1:]) as context:
        rest = [*context._protected_args, *context.args]  # as `invoke` has them
        if not rest:
            return  # options alone
        name, command, rest = group.resolve_command(context, rest)
        assert command is not None, line
        command.make_context(name, rest, parent=context)


def _only_parsed() -> Any:
    """Keep values as they are written, but require choices; call nothing back."""

    def handle(
        param: click.Parameter, ctx: click.Context, opts: dict[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        given = opts.get(param.name or "")
        if given and isinstance(param.type, click.Choice):
            param.type_cast_value(ctx, given)
        elif not given and param.required:
            raise click.MissingParameter(ctx=ctx, param=param)
        return given, args

    return patch.object(click.Parameter, "handle_parse_result", handle)
