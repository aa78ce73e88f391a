"""``annotate`` and ``check --declared``: what a script declares, and what it should."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from condavision.cli import options
from condavision.cli.command import command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.core.model import Requirement
    from condavision.errors import CondavisionError
    from condavision.export.annotate import Annotation
    from condavision.inference.coverage import Coverage
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target


@command()
@options.scripts_argument(metavar="PATHS...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if something would change.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@options.locks_option()
@options.json_option()
def annotate(
    paths: tuple[Path, ...], check: bool, diff: bool, locks: Path | None, as_json: bool
) -> int:
    """Write what was inferred into scripts, as blocks of PEP 723.

    A block declares the Pythons, the distributions from PyPI, and in `[tool.condavision]` what only
    conda has. One that exists is added to; nothing is removed from it. What a script requires stays
    the same, and so does its lock.
    """
    from condavision.cli.json_output import annotated_json, failed_json
    from condavision.cli.output import note, print_diagnostics, print_failures, print_json, say
    from condavision.errors import CondavisionError
    from condavision.export.annotate import annotate as with_block
    from condavision.inference.select import Named, select_targets
    from condavision.inference.workspace import Workspace
    from condavision.project.config import Flags

    workspace = Workspace(Flags(locks=locks))
    selection = select_targets(Named(paths), workspace)
    print_diagnostics(selection.skipped)
    done: list[Annotation] = []
    failed: list[tuple[Target, CondavisionError]] = []
    for target in selection.targets:
        if target in paths or (isinstance(target, Path) and target.suffix != ".ipynb"):
            try:
                done.append(with_block(target, workspace))
                if not (check or diff):
                    done[-1].write()
            except CondavisionError as error:
                failed.append((target, error))
    if as_json:
        print_json([*(annotated_json(it) for it in done), *failed_json(failed)])
    elif diff:
        click.echo("".join(map(_difference, done)), nl=False)
        for it in done:
            if not it.changed:
                note(_said(it, written=False))
    else:
        for it in done:
            say(_said(it, written=not check))
    print_failures(failed)
    changes = check and any(it.changed for it in done)
    return failed[0][1].code if failed else int(changes)


def _said(it: Annotation, *, written: bool) -> str:
    added = it.added
    python = [f"requires-python {added.python}"] if added.python else []
    words = ", ".join([*python, *added.pypi, *(f"{spec} (conda)" for spec in added.conda)])
    verb = "added" if written else "to add:"
    result = f"{verb} {words}" if it.changed else "nothing to add"
    left = _left(it.found)
    return f"{it.found.inference.project.target}: {result}{f'; {left}' if left else ''}"


def _left(found: Coverage) -> str:
    from condavision.core.model import Manager

    unknown = [it for it in found.inferred if it.manager is Manager.IMPORT]
    known = [it for it in found.inferred if it.manager is not Manager.IMPORT]
    left = [f"left to inference: {_placed(known)}"] if known else []
    return "; ".join([*left, *([f"no known package: {_placed(unknown)}"] if unknown else [])])


def _placed(requirements: Iterable[Requirement]) -> str:
    return ", ".join(f"{it.name} ({it.sources[0]})" for it in requirements)


def _difference(it: Annotation) -> str:
    name = str(it.found.inference.project.target)
    before, after = (text.decode("utf-8", "replace").splitlines() for text in (it.before, it.after))
    found = difflib.unified_diff(before, after, name, name, lineterm="")
    return "".join(f"{line}\n" for line in found)


def check_declared(targets: Iterable[Target], workspace: Workspace, *, as_json: bool) -> int:
    """Print whether what targets declare covers what they import; return the exit code."""
    from condavision.cli.json_output import coverage_json, failed_json
    from condavision.cli.output import print_failures, print_json
    from condavision.cli.tables import print_table
    from condavision.errors import CondavisionError
    from condavision.inference.coverage import coverage

    found: list[Coverage] = []
    failed: list[tuple[Target, CondavisionError]] = []
    for target in targets:
        try:
            found.append(coverage(target, workspace))
        except CondavisionError as error:
            failed.append((target, error))
    if as_json:
        print_json([*map(coverage_json, found), *failed_json(failed)])
    elif found:
        rows = [(str(it.inference.project.target), it.state, _notes(it)) for it in found]
        print_table(("script", "declared", "notes"), rows)
    print_failures(failed)
    return failed[0][1].code if failed else max((it.code for it in found), default=0)


def _notes(found: Coverage) -> str:
    notes = (
        f"missing: {_placed(found.missing)}" if found.missing else "",
        f"requires-python should be {found.python}" if found.python is not None else "",
        f"nothing imports {_placed(found.unneeded)}" if found.unneeded else "",
        _left(found),
    )
    return "; ".join(filter(None, notes))
