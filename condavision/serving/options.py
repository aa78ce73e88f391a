"""The options of a server, and where it keeps its runs."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.project.config import Flags
from condavision.project.settings_files import SettingsFiles
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.core.serving import Serving


@dataclass(frozen=True, slots=True)
class Options:
    """What to serve, and how.

    ``state`` is the folder of runs. ``tokens`` are accepted as passwords, none for no
    authentication. ``names`` are names of this host, besides those of loopback. ``cluster`` is the
    address of one whose workers execute runs, empty for this machine; a run is sent, and sends,
    ``ship_limit`` bytes at most.
    """

    paths: tuple[Path, ...]
    flags: Flags = field(default_factory=Flags)
    lock: bool = False
    sandbox: bool = False
    warm: bool = False
    tokens: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    state: Path | None = None
    cluster: str = ""
    ship_limit: int = 100_000_000


def settings_of(options: Options) -> Serving:
    """Return the settings of the server: those of the project of the first path.

    Raises:
        UsageError: the configuration is wrong, or there is no path.
    """
    if not options.paths:
        raise UsageError("no script or folder given", "run `condavision serve FOLDER`")
    files = SettingsFiles()
    return files.config(files.root_of(options.paths[0])).serve


def state_folder(options: Options) -> Path:
    """Return the folder of runs: that of the options, else one in the cache for these paths."""
    if options.state is not None:
        return options.state.absolute()
    names = "\0".join(sorted(str(path.resolve()) for path in options.paths))
    return home() / "serve" / hashlib.sha256(os.fsencode(names)).hexdigest()[:16]
