"""Commands with many options: ``--help`` has them under headings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from condavision.cli.command import OnceEach

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Headed(OnceEach):
    """A command that lists its options under headings; those of none come last."""

    def __init__(self, *args: Any, headings: Mapping[str, Sequence[str]], **settings: Any) -> None:
        """``headings`` have the names of the parameters below each."""
        super().__init__(*args, **settings)
        self.headings = headings

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, heading by heading."""
        options = (it for it in self.get_params(ctx) if isinstance(it, click.Option))
        records = {it.name: it.get_help_record(ctx) for it in options}
        for heading, names in self.headings.items():
            self._write(heading, [records.pop(name) for name in names], formatter)
        self._write("Options", records.values(), formatter)

    @staticmethod
    def _write(
        heading: str, records: Iterable[tuple[str, str] | None], formatter: click.HelpFormatter
    ) -> None:
        rows = [it for it in records if it is not None]
        with formatter.section(heading):
            formatter.write_dl(rows)
