"""Two readers of YAML: one for what people write, one for locks.

:func:`read_yaml` is ruamel.yaml, with which conda reads environment files: YAML 1.2, where ``yes``
and ``on`` are strings and a key that is there twice is an error. :func:`read_lock_yaml` is PyYAML's
C parser, because the exec stage waits for a lock: one of 100 packages for each of three platforms
costs a process 105 ms of CPU with it and 980 ms with ruamel.yaml. What we write into locks means
the same to both (``locks.yaml_text``).
"""

from __future__ import annotations

from typing import Any


class YamlError(ValueError):
    """A text is not YAML; ``line`` is the 1-based line of the problem, if it has one."""

    def __init__(self, problem: str, line: int | None) -> None:
        super().__init__(problem if line is None else f"line {line}: {problem}")
        self.problem = problem
        self.line = line


def read_yaml(text: str) -> Any:
    """Return the one document of a text: dicts, lists, strings, numbers, booleans, dates, None.

    Raises:
        YamlError: it is not YAML, or too deep.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - 40 ms, for few commands
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, TypeError, RecursionError) as error:  # dates, keys, depth
        raise _yaml_error(error) from error


def read_lock_yaml(text: str) -> Any:
    """Return the document of a lock file; values as :func:`read_yaml`.

    Raises:
        YamlError: it is not YAML, or too deep.
    """
    import yaml  # noqa: PLC0415 - a first lock is written and not read

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader, in C
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # dates, keys, depth
        raise _yaml_error(error) from error


def _yaml_error(error: Exception) -> YamlError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    parts = (getattr(error, name, None) for name in ("context", "problem"))
    problem = ", ".join(filter(None, parts)) or str(error).partition("\n")[0] or "too deep"
    return YamlError(problem, mark.line + 1 if mark else None)
