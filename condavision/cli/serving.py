"""The command that serves scripts over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from condavision.cli import options
from condavision.cli.command import command
from condavision.cli.completion import complete_names
from condavision.errors import UsageError


@command()
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="{FOLDER|SCRIPT}...",
    type=options.named,
    shell_complete=complete_names,
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on.",
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0: any free one.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Demand a token of this file, one a line, of every request.",
)
@click.option("--no-auth", is_flag=True, help="Let anybody who reaches the address run scripts.")
@click.option("--lock", is_flag=True, help="Lock scripts that are new or edited, then serve them.")
@click.option("--sandbox", is_flag=True, help="Run each script in a sandbox of bubblewrap.")
@click.option("--warm", is_flag=True, help="Keep the imports of every script loaded.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of runs (default: one in the cache for these paths).",
)
@options.cluster_option(
    help="Execute the runs on the workers of a Dask scheduler (tcp://HOST:8786), or start some:"
    " slurm:JOBS, ssh:HOST,HOST."
)
@options.ship_limit_option()
@options.locks_option()
@options.vendored_option()
@options.json_option(help="Log as JSON, one object a line.")
def serve(
    paths: tuple[str, ...],
    host: str,
    port: int,
    token_file: Path | None,
    no_auth: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Serve locked scripts over HTTP: an endpoint each, a process for each request.

    \b
      condavision serve scripts/
      curl localhost:8000/scripts/report.py/runs -d '{"args": ["--month", "5"]}'

    Nothing is solved unless --lock is given. Scripts without a lock that fits are listed with what
    to do.
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace
    if os.name == "nt":
        raise UsageError("`condavision serve` needs POSIX", "run it in WSL or a container")
    from condavision.system.extras import Extra, require_extra

    require_extra(Extra.SERVE)
    from condavision.project.config import Flags
    from condavision.serving.options import Options
    from condavision.serving.server import is_loopback, open_sockets, run_server
    from condavision.serving.tokens import read_tokens

    if not (is_loopback(host) or token_file or no_auth):
        raise UsageError(
            f"anybody who reaches {host} could run scripts",
            "give a file with a token: `--token-file FILE`",
            "or allow it: `--no-auth`",
        )
    flags = Flags(locks=chosen.pop("locks"), vendored=chosen.pop("vendored"))
    tokens = read_tokens(token_file) if token_file else ()
    given = Options(tuple(map(Path, paths)), flags, tokens=tokens, names=(host,), **chosen)
    run_server(given, open_sockets(host, port), as_json=as_json)
