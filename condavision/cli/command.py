"""The class of every command."""

from __future__ import annotations

from functools import partial

import click

from condavision.errors import UsageError


class OnceEach(click.Command):
    """A command that refuses an option with one value which is given twice.

    click takes the last one, so that a slip goes unnoticed.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options and words.

        Raises:
            UsageError: such an option is given twice.
        """
        given: set[click.Parameter] = set()
        for it in self.make_parser(ctx).parse_args([*args])[2]:
            is_single = isinstance(it, click.Option) and not (it.multiple or it.is_flag or it.count)
            if is_single and it in given and not ctx.resilient_parsing:
                raise UsageError(f"{it.opts[-1]} is given twice", "give it once")
            given.add(it)
        return super().parse_args(ctx, args)


command = partial(click.command, cls=OnceEach)
