"""``-v``: the package's log on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable


def add_verbose_option(commands: Iterable[click.Command]) -> None:
    """Add ``-v`` to each command; ``-vv`` logs details as well."""
    for command in commands:
        option = click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_show_log,
            help="Log each step to standard error; -vv logs details.",
        )
        command.params.append(option)


def _show_log(_: click.Context, __: click.Parameter, count: int) -> None:
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
