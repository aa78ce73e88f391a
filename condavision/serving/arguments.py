"""The arguments of a script out of the inputs of a request."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from condavision.serving.problems import Problem

if TYPE_CHECKING:
    from condavision.serving.catalog import Ready
    from condavision.serving.inputs import Inputs

ARGS, STDIN = "args", "stdin"

_LONGEST = (1 << 17) - 1
"""Bytes of an argument: MAX_ARG_STRLEN of Linux, less the NUL."""


def arguments(ready: Ready, inputs: Inputs) -> tuple[tuple[str, ...], str | None]:
    """Return what follows the script's name in ``sys.argv``, and the text of standard input.

    Raises:
        Problem: a parameter is unknown, or has a wrong value (422).
    """
    del ready
    named = dict(inputs.parameters)
    given = named.pop(ARGS, [])
    given = _words([given] if inputs.texts and isinstance(given, str) else given)
    stdin = named.pop(STDIN, None)
    if stdin is not None and not isinstance(stdin, str):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "`stdin` must be a string", parameter=STDIN)
    for name in named:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"no parameter `{name}`: give arguments as the list `args`",
            parameter=name,
        )
    return given, stdin


def _words(words: Any) -> tuple[str, ...]:
    if not isinstance(words, list) or not all(isinstance(it, str) for it in words):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "`args` must be a list of strings", parameter=ARGS
        )
    if any("\0" in word for word in words):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "an argument cannot have a NUL", parameter=ARGS
        )
    if any(len(word.encode(errors="surrogatepass")) > _LONGEST for word in words):
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"an argument has at most {_LONGEST} bytes",
            "send large data as standard input or as files",
        )
    return tuple(words)
