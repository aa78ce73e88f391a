"""Pages of Markdown: their files are written, their commands run, their output compared."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import click

from condavision.cli import group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.command_line import CommandLine

REPOSITORY = Path(__file__).parent.parent
PAGES = sorted(
    [
        REPOSITORY / "README.md",
        *(REPOSITORY / "docs").glob("[!_]*.md"),
        *(REPOSITORY / "docs" / "howto").glob("*.md"),
    ]
)
BLOCK = re.compile(
    r"(?:<!-- (?P<verb>file|append): (?P<name>\S+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```",
    re.DOTALL,
)
_CODE = re.compile(r"(?ms)^```\w*\n(.*?)^```|^(?: {4}[^\n]*\n)+")
_COMMAND = re.compile(
    r"(?:^\s*|[:/=]\s?|([`(])|[$|-] |&& |RUN |exec )(?P<command>condavision [a-z-])"
)


@dataclass(frozen=True)
class Step:
    """A block of a page: a file to write or append to, or a command and its output."""

    verb: str
    name: str
    text: str


def steps(page: str) -> Iterator[Step]:
    """Yield what a page shows, in order."""
    for block in BLOCK.finditer(page):
        if block["verb"]:
            yield Step(block["verb"], block["name"], block["text"])
        elif block["kind"] == "console":
            for shown in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                line, _, output = shown.partition("\n")
                yield Step("run", line, output)


def normalized(output: str) -> str:
    """Leave out what differs between machines: versions, environments, sizes, column widths."""
    output = re.sub(r"(?m)^still solving .*\n", "", output)
    output = re.sub(r"\b\d+\.\d+\.\d+\b", "VERSION", output)
    output = re.sub(r"\S*/envs/[0-9a-f]{16}", "ENVIRONMENT", output)
    output = re.sub(r"\(\d+(\.\d)? (bytes|kB|MB)\)", "(SIZE)", output)
    output = re.sub(r"\b(linux|osx|win)-(64|arm64|aarch64)\b", "PLATFORM", output)
    return "\n".join(re.sub(r" {2,}", "  ", line).rstrip() for line in output.splitlines())


def play(page: str, command: CommandLine, skipped: str = "\0") -> int:
    """Do what a page shows, and return how many commands ran; not those that begin as ``skipped``.

    Commands of condavision run as such, any other line in sh. The page's reader is Ada.
    """
    ran = 0
    for step in steps(page):
        path = command.folder / step.name
        if step.verb == "file":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
        elif step.verb == "append":
            path.write_text(path.read_text(encoding="utf-8") + step.text, encoding="utf-8")
        elif not step.name.startswith(skipped):
            first, *words = shlex.split(step.name)
            if first == "condavision" and words_of(step.name) == [first, *words]:
                finished = command(*words)
            else:
                beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
                with patch.dict(os.environ, PATH=beside):
                    finished = command.process(["sh", "-c", step.name])
            printed = finished.out.replace(str(command.folder), "/home/ada/project")
            assert normalized(printed) == normalized(step.text), step.name
            ran += 1
    return ran


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
