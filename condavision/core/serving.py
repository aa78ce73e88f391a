"""How the web service runs a script: limits, on by default, and what the process is given.

Set in ``[serve]`` of the configuration for all scripts of a project and, where a setting concerns
one script, in ``[tool.condavision.serve]`` of its own block. Sizes are in bytes, times in seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from condavision.core.spelling import setting_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_KIB = 1024
_SIZE = re.compile(r"(\d+)\s*([KMGT]?)(?:i?B)?\Z", re.IGNORECASE)
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+\Z")
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]+\Z")


@dataclass(frozen=True, slots=True)
class Serving:
    """The settings of ``[serve]``.

    A run may take ``timeout`` seconds; ``kill_after`` seconds after SIGTERM it is killed.
    ``concurrency`` is how many runs there are at once, as many as fit for None; ``queue`` how many
    more may wait.
    ``memory`` (address space), ``cpu`` (seconds), ``files`` (open) and ``processes`` (of this user
    in all) are limits of the operating system. ``output`` is what a run may write in all,
    ``request`` the size of a JSON body or form, ``upload`` that of standard input and files.
    ``environment`` names the variables that are passed on. Without ``network``, a run reaches none.
    With ``restart``, a run that the end of the server interrupted is started again. Finished runs
    are kept for ``keep`` seconds, within ``keep_size``. A server that is to stop waits ``grace``
    seconds for its runs. ``hosts`` are its names in requests, ``origins`` the other sites whose
    pages may use it.
    """

    warm: bool = False
    timeout: float = 60
    kill_after: float = 5
    concurrency: int | None = None
    queue: int = 100
    memory: int = 4 * _KIB**3
    cpu: int = 3600
    files: int = 1024
    processes: int = 4096
    output: int = _KIB**3
    request: int = _KIB**2
    upload: int = _KIB**3
    environment: tuple[str, ...] = ()
    network: bool = True
    restart: bool = False
    keep: float = 7 * 24 * 3600
    keep_size: int = 10 * _KIB**3
    grace: float = 30
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def over(self, values: Mapping[str, Any]) -> Serving:
        """Return these settings with ``values``, as :func:`read_serving` returns them."""
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class ServingProblem:
    """What is wrong with a setting of that name, and what to do."""

    setting: str
    text: str
    hints: tuple[str, ...]


class ServingError(ValueError):
    """Settings are unknown or wrong; ``problems`` lists all."""

    def __init__(self, problems: tuple[ServingProblem, ...]) -> None:
        super().__init__("; ".join(it.text for it in problems))
        self.problems = problems


def read_serving(table: Mapping[str, Any], *, script: bool = False) -> dict[str, Any]:
    """Return the values of a table by field; ``script`` for a script's own.

    Raises:
        ServingError: settings are unknown or wrong.
    """
    readers = {name: it for name, it in _READERS.items() if not (script and name in _OF_SERVER)}
    values: dict[str, Any] = {}
    problems: list[ServingProblem] = []
    for key, value in table.items():
        reader = readers.get(key)
        if reader is None:
            hints = setting_hints(key, readers, "serve")
            problems.append(ServingProblem(key, f"`serve.{key}` is not a setting", hints))
            continue
        try:
            values[key.replace("-", "_")] = reader(value)
        except ValueError as error:
            text = f"`serve.{key}` must be {error}"
            problems.append(ServingProblem(key, text, ("correct that line",)))
    if problems:
        raise ServingError(tuple(problems))
    return values


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one kind of mistake for the reader above
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise ValueError("a number of seconds above 0")
    return value


def _count(value: object, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 31:
        raise ValueError(f"a whole number of at least {least}")
    return value


def _from_zero(value: object) -> int:
    return _count(value, 0)


def _size(value: object) -> int:
    match = _SIZE.match(str(value)) if isinstance(value, str | int) else None
    if match is None or isinstance(value, bool):
        raise ValueError('a size: a number of bytes, or text such as "512M" or "4G"')
    size: int = int(match[1]) * _KIB ** _POWERS[match[2].upper()]
    if not 0 < size < 1 << 62:
        raise ValueError("a size of at least one byte, and at most 4,000,000 TB")
    return size


def _strings(value: object, pattern: re.Pattern[str], what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(item, str) and pattern.match(item) for item in value
    ):
        raise ValueError(f"a list of {what}")
    return tuple(value)


_READERS: dict[str, Callable[[object], Any]] = {
    "warm": _switch,
    "timeout": _seconds,
    "kill-after": _seconds,
    "concurrency": _count,
    "queue": _from_zero,
    "memory": _size,
    "cpu": _count,
    "files": lambda value: _count(value, 16),
    "processes": _count,
    "output": _size,
    "request": _size,
    "upload": _size,
    "environment": lambda value: _strings(value, _NAME, "names of variables"),
    "network": _switch,
    "restart": _switch,
    "keep": _seconds,
    "keep-size": _size,
    "grace": _seconds,
    "hosts": lambda value: _strings(value, _HOST, "names of hosts"),
    "origins": lambda value: _strings(value, _ORIGIN, 'origins, such as "https://example.org"'),
}
"""The settings, a field of :class:`Serving` each."""

_OF_SERVER = frozenset({"queue", "keep", "keep-size", "grace", "hosts", "origins"})
"""Those that concern no single script."""
