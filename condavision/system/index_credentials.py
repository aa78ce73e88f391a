"""The credentials of private package indexes, from where uv takes them when it installs.

They are those in uv's index URLs, ``UV_INDEX_NAME_USERNAME`` and ``_PASSWORD``, and a keyring where
``UV_KEYRING_PROVIDER=subprocess``. A netrc is read by rattler's client itself.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTS = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX_URL")


def with_credentials(url: str, environ: Mapping[str, str]) -> str:
    """Return the URL of a file with the user and password of an index on the same server."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.username:
        return url
    for name, index in _indexes(environ):
        if (index.scheme, index.hostname, index.port) == (parts.scheme, parts.hostname, parts.port):
            variable = "UV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
            user = unquote(index.username or "") or environ.get(f"{variable}_USERNAME", "")
            password = unquote(index.password or "") or environ.get(f"{variable}_PASSWORD", "")
            if user and not password and environ.get("UV_KEYRING_PROVIDER") == "subprocess":
                password = _in_keyring(index, user, environ)
            if user or password:
                who = f"{quote(user, safe='')}:{quote(password, safe='')}"
                return parts._replace(netloc=f"{who}@{parts.netloc}").geturl()
    return url


def _indexes(environ: Mapping[str, str]) -> Iterator[tuple[str, SplitResult]]:
    """Yield the name, possibly empty, and the URL of each index."""
    for variable in _LISTS:
        for item in environ.get(variable, "").split():
            match = re.match(r"(?:([\w.-]+)=)?(https?://.*)", item)
            if match:
                yield match[1] or "", urlsplit(match[2])


def _in_keyring(index: SplitResult, user: str, environ: Mapping[str, str]) -> str:
    """Return a user's password on a server, as uv asks for it; empty if there is none."""
    host = index.netloc.rpartition("@")[2]
    for service in (index._replace(netloc=host).geturl(), host):
        try:
            found = subprocess.run(
                ["keyring", "get", service, user],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return ""
        if found.returncode == 0:
            return found.stdout.strip("\n")
    return ""
