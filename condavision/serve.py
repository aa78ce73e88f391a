"""``condavision.serve:app``: the web service for any ASGI server, set up by variables.

=================================  ==============================================================
``CONDAVISION_SERVE``              what to serve: scripts and folders, separated as in ``PATH``
``CONDAVISION_SERVE_TOKEN_FILE``   the file of the token; else ``CONDAVISION_SERVE_NO_AUTH=1``
``CONDAVISION_SERVE_STATE``        the folder of runs
``CONDAVISION_SERVE_LOCK``         ``1``: lock scripts that have no lock that fits
``CONDAVISION_SERVE_SANDBOX``      ``1``: run scripts in bubblewrap
``CONDAVISION_SERVE_WARM``         ``1``: keep the imports of every script loaded
``CONDAVISION_SERVE_CLUSTER``      the address of a Dask cluster that executes the runs
=================================  ==============================================================

One process only: give the server no further workers. ``condavision serve`` is this with a server.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.serving.application import make_application
from condavision.serving.options import Options
from condavision.serving.service import Service
from condavision.serving.tokens import read_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.applications import Starlette

_PREFIX = "CONDAVISION_SERVE"


def options_of(environ: Mapping[str, str]) -> Options:
    """Return the options that variables have.

    Raises:
        UsageError: nothing is to be served, or no way of access is set.
    """
    names = filter(None, environ.get(_PREFIX, "").split(os.pathsep))
    tokens = environ.get(f"{_PREFIX}_TOKEN_FILE")
    state = environ.get(f"{_PREFIX}_STATE")

    def is_on(name: str) -> bool:
        return environ.get(f"{_PREFIX}_{name}", "") not in {"", "0"}

    if tokens is None and not is_on("NO_AUTH"):
        raise UsageError(
            "neither a token nor access without one is set",
            f"set {_PREFIX}_TOKEN_FILE to a file with a token, or {_PREFIX}_NO_AUTH to 1",
        )
    return Options(
        tuple(map(Path, names)),
        lock=is_on("LOCK"),
        sandbox=is_on("SANDBOX"),
        warm=is_on("WARM"),
        tokens=read_tokens(Path(tokens)) if tokens else (),
        state=Path(state) if state else None,
        cluster=environ.get(f"{_PREFIX}_CLUSTER", ""),
    )


def __getattr__(name: str) -> Starlette:
    """Make ``app`` when a server asks for it."""
    if name != "app":
        raise AttributeError(name)
    return make_application(Service(options_of(os.environ)))
