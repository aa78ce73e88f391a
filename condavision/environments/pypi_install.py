"""Installs PyPI distributions into a prefix: uv takes exactly the locked files."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from condavision.environments.download import Pace, StalledError
from condavision.environments.pypi_errors import (
    RELOCK,
    gone,
    label,
    not_downloaded,
    other_content,
)
from condavision.errors import InstallError
from condavision.system.error_text import certificate_hint, without_names
from condavision.system.own_python import variables_of_tools
from condavision.system.secrets import redacted
from condavision.system.timeout import LONGER, timeout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from condavision.core.model import LockedPackage

_log = logging.getLogger(__name__)

_CREDENTIALS = (
    "UV_HTTP_",
    "UV_SYSTEM_CERTS",
    "UV_KEYRING_PROVIDER",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
)
"""Prefixes of uv's variables that a server may need for access."""

_USUAL_TIMEOUT = 30  # seconds, uv's own, without any byte

_GONE = re.compile(r"Distribution not found|HTTP status client error \(4(?:04|10)")


def install_pypi_packages(
    packages: Sequence[LockedPackage],
    python: Path,
    cache: Path,
    *,
    allow_sdist: bool = False,
    anew: bool = False,
    inherit: tuple[int, ...] = (),
) -> None:
    """Install ``packages`` for the interpreter ``python``, without dependencies, by url and sha256.

    ``cache`` is uv's cache; what it has is used without the network. Packages installed ``anew``
    are fetched again, and replace what is installed and cached. uv removes all versions of a name
    from its cache, so they are first fetched into another one: where that fails, nothing changes.
    Nothing is compiled. ``inherit`` are file descriptors that uv keeps open.

    Raises:
        InstallError: a distribution cannot be fetched, has another content than locked, does not
            fit the interpreter, or is a source distribution and those are not allowed.
        OSError: the cache cannot be written.
    """
    if not packages:
        return
    refuse_sdists(packages, allowed=allow_sdist)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp", dir=cache) as folder:
        requirements = Path(folder, "requirements.txt")
        lines = [f"{item.name} @ {item.url} --hash=sha256:{item.sha256}\n" for item in packages]
        requirements.write_text("".join(lines), encoding="utf-8")
        command = [
            find_uv_bin(),
            *("pip", "install", "--no-config", "--no-deps", "--require-hashes"),
            *("--break-system-packages", "--quiet", "--python", str(python)),
            *("--requirements", str(requirements)),
            *(("--reinstall",) if anew else ()),
            *(() if allow_sdist else ("--no-build",)),
        ]
        usual = ["--cache-dir", str(cache)]
        if anew:
            names = [item.name for item in packages]
            _run([*command, "--cache-dir", str(Path(folder, "cache"))], packages, inherit)
            _run([find_uv_bin(), "cache", "clean", *usual, *names], packages, inherit)
        try:
            _run([*command, *usual, "--offline"], packages, inherit)
        except InstallError:
            _run([*command, *usual], packages, inherit)


def _run(
    command: Sequence[str], packages: Sequence[LockedPackage], inherit: tuple[int, ...]
) -> None:
    # uv's variables must not change what a lock installs. Credentials are kept, and the indexes
    # whose URLs have some: no index is read, as all packages have URLs.
    kept = {
        name: value
        for name, value in variables_of_tools().items()
        if not name.startswith("UV_") or name.startswith(_CREDENTIALS)
    }
    kept.setdefault("UV_HTTP_TIMEOUT", str(min(timeout(), _USUAL_TIMEOUT)))
    try:
        code, message = _ran(command, kept, inherit)
    except StalledError as error:
        urls = ", ".join(redacted(package.url) for package in packages)
        raise InstallError(f"a download was given up: {error} ({urls}).", LONGER) from error
    _log.debug("uv %s %s ended with %d", *command[1:3], code)
    if code != 0:
        raise _explained(redacted(message), packages)


def _ran(
    command: Sequence[str], environ: dict[str, str], inherit: tuple[int, ...]
) -> tuple[int, str]:
    """Return the exit code and error output of uv.

    uv's own timeout is for an answer without a byte; some servers send one at a time.

    Raises:
        StalledError: the files that it downloads do not grow.
    """
    cache = Path(command[command.index("--cache-dir") + 1])
    before = set(_partial(cache))
    pace = Pace()
    with subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        pass_fds=inherit,
    ) as uv:
        try:
            while True:
                try:
                    _, message = uv.communicate(timeout=pace.interval)
                except subprocess.TimeoutExpired:
                    growing = [folder for folder in _partial(cache) if folder not in before]
                    pace.require(sum(map(_size, growing)) if growing else None)
                else:
                    return uv.returncode, message
        except BaseException:
            uv.kill()
            raise


def _partial(cache: Path) -> Iterator[Path]:
    """Yield the folders that uv extracts wheels into while it downloads them."""
    return cache.glob(".tmp*")


def _size(folder: Path) -> int:
    found = 0
    for inside, _, names in os.walk(folder):  # not rglob, which fails where uv removes a folder
        for name in names:
            with suppress(OSError):  # it is moved when it is complete
                found += Path(inside, name).lstat().st_size
    return found


def refuse_sdists(packages: Sequence[LockedPackage], *, allowed: bool) -> None:
    """Refuse source distributions that a lock does not allow.

    Raises:
        InstallError: there are some.
    """
    sources = [
        package.name
        for package in packages
        if not package.url.partition("#")[0].partition("?")[0].endswith(".whl")
    ]
    if sources and not allowed:
        raise InstallError(
            f"{', '.join(sources)}: the lock names a source distribution, which runs its author's "
            "code to build, and does not allow those.",
            "lock again, with `--allow-sdist` if you trust it",
        )


def _explained(message: str, packages: Sequence[LockedPackage]) -> InstallError:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("hint:")]  # on uv's own options
    reasons = [line.removeprefix("error: ").removeprefix("cause: ") for line in lines]
    named = [package for package in packages if package.url in message or len(packages) == 1]
    what = label(named[0]) if named else ", ".join(package.name for package in packages)
    reason, cause = reasons[-1] if reasons else "", without_names(message)
    if "Hash mismatch" in cause:
        return other_content(what)
    if "No space left" in cause or "os error 28" in cause:
        return InstallError(
            f"{what} could not be installed: the disk is full.",
            "make room: run `condavision clean`",
        )
    if hint := certificate_hint(reason):
        return not_downloaded(what, reason, hint)
    if _GONE.search(cause):
        return gone(what)
    if "Request failed" in cause or "error sending request" in cause:
        return not_downloaded(what, reason)
    return InstallError(f"{what} could not be installed: {' '.join(reasons)}", RELOCK)
