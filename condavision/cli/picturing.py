"""Commands for people who would rather look than read: a picture and a report of a project."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from condavision.cli import options
from condavision.cli.command import command
from condavision.errors import UsageError

if TYPE_CHECKING:
    from condavision.inspection.overview import Overview

_FORMATS = {
    "mermaid": (".mmd", ".mermaid"),
    "dot": (".dot", ".gv"),
    "svg": (".svg",),
    "html": (".html", ".htm"),
    "json": (".json",),
}
"""The formats of a picture, and the endings of their files."""

_FOR_BROWSERS = frozenset({"svg", "html"})

_output_option = click.option(
    *("-o", "--output"),
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write to this file (default: standard output).",
)


@command()
@options.scripts_argument()
@options.modules_option()
@click.option(
    *("--format", "form"),
    type=click.Choice([*_FORMATS]),
    help="Format (default: by the ending of FILE, else mermaid).",
)
@_output_option
@options.locks_option()
@options.json_option()
def graph(
    paths: tuple[Path, ...],
    modules: tuple[str, ...],
    form: str | None,
    output: Path | None,
    locks: Path | None,
    as_json: bool,
) -> None:
    """Draw scripts, the locks they share, and the packages in those.

    PATHS are scripts or folders; without them, the current project. Mermaid and DOT are for other
    programs to draw; SVG and HTML need nothing else. Nothing is solved, and no network is used.
    """
    form = _form(form, output, as_json=as_json)
    _refuse_terminal("graph", form, output)
    found = _overview(paths, modules, locks)
    if form == "json":
        _write_json(found, output)
        return
    from condavision.cli.pictures.diagram import diagram
    from condavision.cli.pictures.rendering import graph_page, svg
    from condavision.cli.pictures.text import dot, mermaid

    if form == "html":
        _write(graph_page(found), output)
    else:
        draw = {"mermaid": mermaid, "dot": dot, "svg": svg}[form]
        _write(draw(diagram(found)), output)


@command()
@options.scripts_argument()
@options.modules_option()
@_output_option
@options.locks_option()
@options.json_option()
def report(
    paths: tuple[Path, ...],
    modules: tuple[str, ...],
    output: Path | None,
    locks: Path | None,
    as_json: bool,
) -> None:
    """Write a page about scripts: their Pythons and why, locks, packages, and what could be better.

    PATHS are scripts or folders; without them, the current project. The page is one HTML file that
    needs nothing else. Nothing is solved, and no network is used.
    """
    _refuse_terminal("report", "json" if as_json else "html", output)
    found = _overview(paths, modules, locks)
    if as_json:
        _write_json(found, output)
        return
    from condavision.cli.pictures.rendering import report_page

    _write(report_page(found), output)


def _form(form: str | None, output: Path | None, *, as_json: bool) -> str:
    """Return the format that is asked for, else that of the file's ending.

    Raises:
        UsageError: two are asked for, or no format has that ending.
    """
    if as_json and form not in {None, "json"}:
        raise UsageError(f"--json and --format {form} exclude each other", "give one of them")
    if as_json or form is not None:
        return form or "json"
    if output is None:
        return "mermaid"
    for name, endings in _FORMATS.items():
        if output.suffix.lower() in endings:
            return name
    known = ", ".join(ending for endings in _FORMATS.values() for ending in endings)
    raise UsageError(f"no format has the ending of {output}", f"give --format, or one of {known}")


def _refuse_terminal(command: str, form: str, output: Path | None) -> None:
    """Refuse to write what only a browser shows to a terminal.

    Raises:
        UsageError: it would be written there.
    """
    if output is None and form in _FOR_BROWSERS and sys.stdout.isatty():
        raise UsageError(
            f"{form.upper()} is for a browser, and this is a terminal",
            f"write it to a file: add `-o {command}.{form}`",
        )


def _overview(paths: tuple[Path, ...], modules: tuple[str, ...], locks: Path | None) -> Overview:
    from condavision.cli.output import print_diagnostics
    from condavision.inference.select import Named, select_targets
    from condavision.inference.workspace import Workspace
    from condavision.inspection.overview import overview
    from condavision.project.config import Flags

    workspace = Workspace(Flags(locks=locks))
    named = Named(options.given_or_project(paths, modules, workspace), modules)
    selection = select_targets(named, workspace)
    print_diagnostics(selection.skipped)
    return overview(selection.targets, workspace)


def _write_json(found: Overview, output: Path | None) -> None:
    from condavision.cli.output import json_text, print_json
    from condavision.cli.pictures.document import overview_json

    document = overview_json(found)
    if output is None:
        print_json(document)
    else:
        _write(json_text(document) + "\n", output)


def _write(text: str, output: Path | None) -> None:
    from condavision.cli.output import wrote
    from condavision.system.files import write_atomic

    if output is None:
        click.echo(text, nl=False)
    else:
        write_atomic(output, text)
        wrote(output)
