"""pip for Python 2.7 and what it builds with: the last releases of each, fetched once by uv."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from condavision.errors import ChannelError
from condavision.system.error_text import certificate_hint
from condavision.system.file_lock import exclusive
from condavision.system.package_indexes import variables_for_uv
from condavision.system.secrets import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "python2"
"""The folder of this room below ``CONDAVISION_HOME``: tools, index pages, distributions."""


@dataclass(frozen=True, slots=True)
class _Pin:
    name: str
    version: str
    sha256: str


_PINS = (
    _Pin("pip", "20.3.4", "217ae5161a0e08c0fb873858806e3478c9775caffce5168b50ec885e358c199d"),
    _Pin(
        "setuptools", "44.1.1", "27a714c09253134e60a6fa68130f78c7037e5562c4f21f8f318f2ae900d152d5"
    ),
    _Pin("wheel", "0.37.1", "4bdcd7d840138086126cd09254dc6195fb4fc6f01c050a1d7236f2630db1d22a"),
)
_REQUIREMENTS = "".join(f"{it.name}=={it.version} --hash=sha256:{it.sha256}\n" for it in _PINS)
_NAME = f"tools-{hashlib.sha256(_REQUIREMENTS.encode()).hexdigest()[:16]}"


def tools(home: Path, *, offline: bool = False, inherit: tuple[int, ...] = ()) -> Path:
    """Return the folder with pip, setuptools and wheel for Python 2.7, for its PYTHONPATH.

    They are fetched from the package index that uv is configured for, once for each ``home``.

    Raises:
        ChannelError: the index cannot be read, or ``offline`` and they were never fetched.
        OSError: the folder cannot be written.
    """
    cache = home / FOLDER
    found = cache / _NAME
    if found.is_dir():
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / f"{_NAME}.lock", lambda: None):
        if not found.is_dir():
            with tempfile.TemporaryDirectory(prefix=".tmp", dir=cache) as folder:
                made = Path(folder, "made")
                _install(made, home / "uv", offline=offline, inherit=inherit)
                made.rename(found)
    return found


def _install(target: Path, uv_cache: Path, *, offline: bool, inherit: tuple[int, ...]) -> None:
    target.with_name("requirements.txt").write_text(_REQUIREMENTS, encoding="utf-8")
    command = [
        find_uv_bin(),
        *("pip", "install", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
        *("--target", str(target), "--python", sys.executable, "--link-mode", "copy"),
        *("--requirements", "requirements.txt", "--cache-dir", str(uv_cache)),
        *("--quiet", "--color", "never"),
        *(("--offline",) if offline else ()),
    ]
    ran = subprocess.run(
        command,
        cwd=target.parent,
        env=variables_for_uv(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        pass_fds=inherit,
    )
    if ran.returncode:
        raise ChannelError(*_explained(ran.stderr, offline=offline))


def _explained(stderr: str, *, offline: bool) -> Iterator[str]:
    wanted = " and ".join(f"{it.name} {it.version}" for it in _PINS[:1])
    if offline:
        yield f"{wanted}, which resolves and builds for Python 2.7, was never fetched while online"
        yield "lock once without --offline"
        return
    lines = [re.sub("^(cause|error): ", "", line.strip()) for line in stderr.splitlines()]
    reason = " ".join(filter(None, lines))
    shown = redacted(reason)
    yield f"{wanted}, which resolves and builds for Python 2.7, cannot be fetched: {shown}"
    yield certificate_hint(reason) or "check the network and uv's index settings, then try again"
