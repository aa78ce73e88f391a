"""The file with the token that requests must have."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from condavision.errors import UsageError
from condavision.system.files import read_text_file
from condavision.system.terminal import shell_word

if TYPE_CHECKING:
    from pathlib import Path

_SHORTEST = 16


def read_tokens(path: Path) -> tuple[str, ...]:
    """Return the tokens of a file, one a line; several while one replaces another.

    Raises:
        UsageError: it cannot be read, others can read it, or a token is too short to be secret.
    """
    make = f"make one: run `(umask 077; openssl rand -hex 32 > {shell_word(path)})`"
    try:
        tokens = tuple(filter(None, map(str.strip, read_text_file(path).splitlines())))
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"the token file {path} cannot be read: {reason}", make) from error
    if os.name == "posix" and mode & 0o077:
        hint = f"run `chmod go= {shell_word(path)}`"
        raise UsageError(f"other users have access to the token file {path}", hint)
    if not tokens or min(map(len, tokens)) < _SHORTEST:
        raise UsageError(f"the token file {path} needs {_SHORTEST} characters or more", make)
    return tokens
