"""``-v`` and ``-q``: how much goes to standard error; each command takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from condavision.cli.filling import remember

if TYPE_CHECKING:
    from collections.abc import Iterable


_QUIET = "condavision.quiet"
_HELP = {
    "lock": "Show no progress, and list only scripts that got another lock.",
    "check": "List only scripts that are not ok.",
}


def add_verbosity(commands: Iterable[click.Command]) -> None:
    """Add ``-v`` and ``-q`` to each command; ``-vv`` logs details as well."""
    for command in commands:
        verbose = click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_show_log,
            help="Log each step to standard error; -vv logs details.",
        )
        quiet = click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_be_quiet,
            help=_HELP.get(command.name or "", "Show no progress."),
        )
        command.params += [verbose, quiet]


def is_quiet() -> bool:
    """Return whether ``-q`` was given, before the command or after it."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def _be_quiet(context: click.Context, _: click.Parameter, quiet: bool) -> None:
    if quiet:
        context.meta[_QUIET] = True


def _show_log(context: click.Context, __: click.Parameter, count: int) -> None:
    remember(context)
    if not count:
        return
    import logging

    from condavision.system.terminal import shown

    class Shown(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return shown(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Shown("%(name)s: %(message)s"))
    log = logging.getLogger("condavision")
    log.addHandler(handler)
    log.setLevel(logging.INFO if count == 1 else logging.DEBUG)
