"""Modules of the standard library by the names that six has for them, in any copy of it.

https://six.readthedocs.io/#module-six.moves. What six has for Python 2 is in the tables by the
module of Python 3: they admit a Python without the module, unless the name is younger than that.
"""

from __future__ import annotations

import re

MOVES = {
    "BaseHTTPServer": "http.server",
    "CGIHTTPServer": "http.server",
    "SimpleHTTPServer": "http.server",
    "_thread": "_thread",
    "builtins": "builtins",
    "cPickle": "pickle",
    "collections_abc": "collections.abc",
    "configparser": "configparser",
    "copyreg": "copyreg",
    "email_mime_base": "email.mime.base",
    "email_mime_image": "email.mime.image",
    "email_mime_multipart": "email.mime.multipart",
    "email_mime_nonmultipart": "email.mime.nonmultipart",
    "email_mime_text": "email.mime.text",
    "html_entities": "html.entities",
    "html_parser": "html.parser",
    "http_client": "http.client",
    "http_cookiejar": "http.cookiejar",
    "http_cookies": "http.cookies",
    "queue": "queue",
    "reprlib": "reprlib",
    "socketserver": "socketserver",
    "tkinter": "tkinter",
    "tkinter_ttk": "tkinter.ttk",
    "urllib": "urllib",
    "urllib_error": "urllib.error",
    "urllib_parse": "urllib.parse",
    "urllib_robotparser": "urllib.robotparser",
    "xmlrpc_client": "xmlrpc.client",
    "xmlrpc_server": "xmlrpc.server",
}
"""Modules of Python 3 by their name in ``six.moves``; what has only members is left out."""

_SIX = re.compile(r"(?:.*\.)?six(?:\.moves(?:\.(\w+)(.*))?)?")


def is_of_six(dotted: str) -> bool:
    """Return whether a dotted name is six, or one below its ``moves``."""
    return "six" in dotted and _SIX.fullmatch(dotted) is not None


def moved(dotted: str) -> str:
    """Return what a dotted name below six means on Python 3: ``a.six.moves.queue.Full``.

    Six itself and its ``moves`` are ``six``, and another name is itself.
    """
    match = _SIX.fullmatch(dotted) if "six" in dotted else None
    if match is None:
        return dotted
    if match[1] is None:
        return "six"
    module = MOVES.get(match[1])
    return dotted if module is None else module + match[2]


def six_of(module: str) -> str:
    """Return the copy of six whose ``moves`` a module is or is below, or nothing."""
    head, moves, _ = f"{module}.".partition(".moves.")
    return head if moves and is_of_six(head) else ""
