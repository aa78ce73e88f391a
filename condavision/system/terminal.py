"""Text for a terminal: nothing that controls it, and no credentials."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from condavision.system.secrets import redacted

_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All control characters but the newline, and those that reorder what is displayed."""


def shown(text: str) -> str:
    """Return a text as a stream may have it: controls as Python escapes, URLs redacted."""
    text = redacted(text)
    return text if text.isprintable() else _CONTROLS.sub(_escaped, text)


def shown_line(text: str) -> str:
    """Return a text on one line, as :func:`shown` does."""
    return shown(text).replace("\n", r"\n")


def shell_word(text: str | Path) -> str:
    r"""Return a word that a person can type into a shell: ``'a b.py'``, ``$'a\tb.py'``, ``./-a``.

    A path is never an option. A word with a control character is quoted as bash, zsh and POSIX 2024
    read it.
    """
    word = str(text)
    if isinstance(text, Path) and word.startswith("-"):
        word = f"./{word}"
    if not _CONTROLS.search(word) and "\n" not in word:
        return shlex.quote(word)
    word = word.replace("\\", r"\\").replace("'", r"\'").replace("\n", r"\n")
    return f"$'{_CONTROLS.sub(_escaped, word)}'"


def json_safe(text: str) -> str:
    """Return JSON with its remaining controls escaped."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escaped(found: re.Match[str]) -> str:
    if found[0] in "\t\r":
        return repr(found[0])[1:-1]
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x80 else f"\\u{number:04x}"
