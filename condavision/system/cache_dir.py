"""The folder that environments, packages and indexes are cached in."""

from __future__ import annotations

import os
from pathlib import Path

from condavision.system.ownership import require_trusted


def home() -> Path:
    """Return the folder that environments, packages and indexes are cached in.

    ``CONDAVISION_HOME`` where set, otherwise the user's cache folder.

    Raises:
        UntrustedError: another user can change what is in it.
    """
    folder = _folder()
    require_trusted(
        folder,
        f"the folder {folder} of packages and environments",
        "choose a folder of your own: run `export CONDAVISION_HOME=FOLDER`",
    )
    return folder


def _folder() -> Path:
    override = os.environ.get("CONDAVISION_HOME")
    if override:
        return Path(override).absolute()
    from platformdirs import user_cache_path  # noqa: PLC0415 - the warm path never needs it

    return user_cache_path("condavision", appauthor=False)
