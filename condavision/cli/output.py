"""What every command writes: results on standard output, errors and cautions on standard error."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from condavision.cli.filling import filled, from_here
from condavision.cli.tables import console
from condavision.cli.wording import bytes_words, diagnostic_words, error_words, hints_of
from condavision.errors import ChannelError, MissingLockError, NotPythonError, OutputError
from condavision.project.targets import near
from condavision.system.progress import few
from condavision.system.secrets import redacted
from condavision.system.terminal import json_safe, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from condavision.errors import CondavisionError, Diagnostic
    from condavision.project.targets import Target

SCHEMA = 2
"""The version of the JSON documents: raised when a field changes its meaning or is removed."""

_COUNTED = (
    *("to write", "new", "changed", "installed", "proved", "unchanged", "reused", "failed"),
    *("ok", "missing", "stale", "unreadable", "error"),
)
"""What is counted below a table, in the order of the counts."""


def print_json(document: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Write an object, or a list of objects, to standard output; each has its ``schema``.

    Names that are not valid text are written with JSON escapes.
    """
    text = json_text(document)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), indent=2)
    sys.stdout.write(text + "\n")


def json_text(document: dict[str, Any] | list[dict[str, Any]]) -> str:
    """Return a document as text; what is not valid text has JSON escapes."""
    objects = [document] if isinstance(document, dict) else document
    found = [{"schema": SCHEMA, **_without_secrets(it)} for it in objects]
    versioned = found[0] if isinstance(document, dict) else found
    return json_safe(json.dumps(versioned, indent=2, ensure_ascii=False))


def _without_secrets(value: Any) -> Any:
    """Return a document with every string in it redacted."""
    if isinstance(value, dict):
        return {key: _without_secrets(it) for key, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_secrets(it) for it in value]
    return redacted(value) if isinstance(value, str) else value


def say(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{shown(from_here(text))}\n")


def note(text: str) -> None:
    """Write a line to standard error, below what was written to standard output."""
    sys.stdout.flush()
    sys.stderr.write(f"{shown(from_here(text))}\n")


def wrote(*paths: Path) -> None:
    """Write to standard error which files were written, and their sizes."""
    for path in paths:
        note(f"wrote {near(path)} ({bytes_words(path.stat().st_size)})")


def print_failures(failed: Iterable[tuple[str | Target, CondavisionError]]) -> None:
    """Write each error once, with its targets unless the message has them already."""
    failed = tuple(failed)
    never = [it for it in failed if isinstance(it[1], MissingLockError) and it[1].never_locked]
    if len(never) > 1:
        _print_never_locked(never)
        failed = tuple(it for it in failed if it not in never)
    alike: dict[tuple[str, object], list[tuple[str | Target, CondavisionError]]] = {}
    for target, error in failed:
        same = error_words(error), (error.hints, error.diagnostics)
        alike.setdefault(same, []).append((target, error))
    for (words, _), found in alike.items():
        targets, error = [target for target, _ in found], found[0][1]
        alone = isinstance(error, ChannelError)  # it is the machine's, not that of these scripts
        names = few(targets) if alone else ", ".join(map(str, targets))
        prefix = "" if error.names_target else f"{names}: "
        _print_error(f"{prefix}{words}{_excerpt(error)}", hints_of(error, *targets))


def _print_never_locked(found: Sequence[tuple[str | Target, CondavisionError]]) -> None:
    targets = [target for target, _ in found]
    hints = filled(("run `condavision lock SCRIPT`",), targets)
    diagnostics = dict.fromkeys(it for _, error in found for it in error.diagnostics)
    _print_error(f"{few(targets)} have no locks", (*hints, *map(diagnostic_words, diagnostics)))


def print_error(error: CondavisionError) -> None:
    """Write an error and its hints to standard error."""
    _print_error(f"{error_words(error)}{_excerpt(error)}", hints_of(error))


def _excerpt(error: CondavisionError) -> str:
    """Return the line that is not Python, with a caret below its first wrong character."""
    if not isinstance(error, NotPythonError) or not error.line.strip():
        return ""
    line = error.line.rstrip().replace("\t", " ")
    cut = len(line) - len(line.lstrip())
    caret = f"\n    {' ' * (error.column - 1 - cut)}^" if error.column > cut else ""
    return f"\n    {line.lstrip()}{caret}"


def _print_error(words: str, hints: Iterable[str]) -> None:
    from rich.text import Text

    with suppress(OutputError, BrokenPipeError):  # the error may be that of this stream
        sys.stdout.flush()  # errors are last, also where both streams are one
    terminal = console(stderr=True)
    terminal.print(Text.assemble(("error: ", "bold red"), shown(from_here(words))))
    for hint in hints:
        text = shown(from_here(hint)).replace("\n", "\n    ")
        terminal.print(Text.assemble(("  hint: ", "bold"), text))


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Write each diagnostic once to standard error."""
    for found in dict.fromkeys(diagnostics):
        note(f"caution: {diagnostic_words(found)}")


def print_counts(counts: Mapping[str, int]) -> None:
    """Write how many of several scripts there are of each kind."""
    total = sum(counts.values())
    if total > 1:
        found = (it for it in _COUNTED if counts.get(it))
        text = ", ".join(f"{counts[it]} {it}" for it in found)
        note(f"{total} scripts: {text}")
