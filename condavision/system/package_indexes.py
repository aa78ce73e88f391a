"""The package indexes that uv is configured for, and the credentials for them, for other tools."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass

from uv import find_uv_bin

from condavision.errors import ChannelError
from condavision.system.index_credentials import with_credentials
from condavision.system.own_python import variables_of_tools
from condavision.system.secrets import redacted

REFUSED_HINT = (
    "log in to it as uv does: with a netrc, UV_INDEX_NAME_USERNAME and _PASSWORD, or the user in"
    " its URL and UV_KEYRING_PROVIDER=subprocess"
)
"""What to do where an index refuses access."""

_MISLEADING = frozenset({"VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "UV_EXCLUDE_NEWER"})
_USERINFO = re.compile(r"//[^/\s]+@")


@dataclass(frozen=True, slots=True)
class PackageIndexes:
    """Where distributions are sought.

    ``urls`` are those of simple indexes (PEP 503), best first, with their credentials;
    ``find_links`` are folders and pages of files. A project comes from the ``first_only`` of the
    indexes that has it.
    """

    urls: tuple[str, ...]
    find_links: tuple[str, ...]
    first_only: bool


def without_credentials(url: str) -> str:
    """Return a url without its user and password."""
    return _USERINFO.sub("//", url)


def variables_for_uv() -> dict[str, str]:
    """Return the variables for uv, without those that change what it resolves or where."""
    return {name: value for name, value in variables_of_tools().items() if name not in _MISLEADING}


def configured_indexes() -> PackageIndexes:
    """Return the indexes that uv's variables and the user's settings of uv name.

    uv itself reports them, since its rules for where they are set change.

    Raises:
        ChannelError: uv does not understand its settings.
    """
    with tempfile.TemporaryDirectory(prefix="condavision-") as folder:
        options = ("--emit-index-url", "--emit-find-links", "--no-header", "--offline", "--quiet")
        done = subprocess.run(
            [find_uv_bin(), "pip", "compile", "-", "--no-cache", *options],
            cwd=folder,
            env=variables_for_uv(),
            input="",
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        reason = redacted(" ".join(done.stderr.split()))
        raise ChannelError(
            f"uv does not report its package indexes: {reason}", "check uv's settings"
        )
    words = [line.partition(" ") for line in done.stdout.splitlines()]
    default = [value for word, _, value in words if word == "--index-url"]
    extra = [value for word, _, value in words if word == "--extra-index-url"]
    return PackageIndexes(
        urls=tuple(with_credentials(url, os.environ) for url in (*extra, *default)),
        find_links=tuple(value for word, _, value in words if word == "--find-links"),
        first_only=os.environ.get("UV_INDEX_STRATEGY", "first-index") == "first-index",
    )
