"""PyPI distributions into a prefix: uv installs exactly the locked files, by url and sha256."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from condavision.environments.uv_cache import adopt, empty_cache
from condavision.environments.wheel_records import correct_record
from condavision.errors import InstallError
from condavision.system.certificates import certificate_hint
from condavision.system.error_text import without_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condavision.core.model import LockedPackage

__all__ = ["install_pypi_packages"]

_CREDENTIALS = (
    "UV_HTTP_",
    "UV_SYSTEM_CERTS",
    "UV_KEYRING_PROVIDER",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
)
"""Prefixes of uv's variables that a server may need for access."""

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
    """Install ``packages`` for the interpreter ``python``, no dependencies, hashes required.

    ``cache`` is uv's cache; what it has is used without asking the network, unless they are
    installed ``anew``: once they are fetched, they replace what is there and what is cached, with
    a RECORD that is right, whatever the author's tools wrote. Nothing is compiled.
    ``inherit`` are file descriptors that uv keeps open.

    Raises:
        InstallError: a distribution cannot be fetched, has another content than locked, does not
            fit the interpreter, or is a source distribution and those are not allowed.
    """
    if not packages:
        return
    _refuse_sdists(packages, allowed=allow_sdist)
    with tempfile.TemporaryDirectory(prefix="condavision-") as folder:
        requirements = Path(folder, "requirements.txt")
        lines = [f"{item.name} @ {item.url} --hash=sha256:{item.sha256}\n" for item in packages]
        requirements.write_text("".join(lines), encoding="utf-8")
        command = [
            find_uv_bin(),
            *("pip", "install", "--no-config", "--no-deps", "--require-hashes"),
            *("--break-system-packages", "--quiet", "--python", str(python)),
            *("--requirements", str(requirements)),
            *(() if allow_sdist else ("--no-build",)),
        ]
        if anew:
            with empty_cache(cache) as fresh:
                unused = ("--target", str(fresh / "target"))
                fetched = _run([*command, "--cache-dir", str(fresh), *unused], inherit)
                if fetched.returncode != 0:
                    raise _explained(fetched.stderr, packages)
                for info in fresh.glob("archive-v*/*/*.dist-info"):
                    correct_record(info)
                adopt(fresh, cache)
            command.append("--reinstall")
        command += ("--cache-dir", str(cache))
        result = _run([*command, "--offline"], inherit)
        if result.returncode != 0:
            result = _run(command, inherit)
    if result.returncode != 0:
        raise _explained(result.stderr, packages)


def _run(command: Sequence[str], inherit: tuple[int, ...]) -> subprocess.CompletedProcess[str]:
    # What the user's shell says to uv must not change what a lock installs; credentials may stay,
    # and those of a private index are its URL's: nothing is looked up there, all have urls.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("UV_") or name.startswith(_CREDENTIALS)
    }
    return subprocess.run(
        command,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        pass_fds=inherit,
    )


def _refuse_sdists(packages: Sequence[LockedPackage], *, allowed: bool) -> None:
    sources = [
        package.name
        for package in packages
        if not package.url.partition("#")[0].partition("?")[0].endswith(".whl")
    ]
    if sources and not allowed:
        raise InstallError(
            f"{', '.join(sources)}: the lock names a source distribution, which runs its author's "
            "code to build, and does not allow those.",
            "lock again, with --allow-sdist if you trust it",
        )


def _explained(message: str, packages: Sequence[LockedPackage]) -> InstallError:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("hint:")]  # of options for uv
    reasons = [line.removeprefix("error: ").removeprefix("cause: ") for line in lines]
    named = [package for package in packages if package.url in message]
    what = (
        f"{named[0].name} {named[0].version} ({named[0].url})"
        if named
        else ", ".join(package.name for package in packages)
    )
    reason, cause = reasons[-1] if reasons else "", without_names(message)
    if "Hash mismatch" in cause:
        return InstallError(
            f"{what} is not the file that was locked: its sha256 differs.",
            "a file on PyPI never changes: find out why this one did",
            "then lock again: `condavision lock --upgrade SCRIPT`",
        )
    if "No space left" in cause or "os error 28" in cause:
        return InstallError(
            f"{what} could not be installed: the disk is full.", "make room: `condavision clean`"
        )
    if hint := certificate_hint(reason):
        return InstallError(f"{what} could not be downloaded: {reason}.", hint)
    if _GONE.search(cause):
        return InstallError(
            f"{what} could not be installed: it is no longer there.",
            "lock again: `condavision lock --upgrade SCRIPT`",
        )
    if "Request failed" in cause or "error sending request" in cause:
        return InstallError(
            f"{what} could not be downloaded: {reason}.",
            "check the network and proxy settings, and run again: files already fetched are kept",
        )
    return InstallError(
        f"{what} could not be installed: {' '.join(reasons)}",
        "lock again: `condavision lock --upgrade SCRIPT`",
    )
