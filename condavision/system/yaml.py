"""The reader of all YAML: locks, files of other tools, comments in scripts.

PyYAML's C parser reads, because the exec stage waits for a lock. A lock of 100 packages for each of
three platforms costs a process 105 ms of CPU with it and 158 ms with ruamel.yaml's (import
included); without its C library, which it does not install by itself, ruamel.yaml takes 980 ms.

Words such as ``yes`` and ``on`` are strings, as in YAML 1.2 and to conda; a key that is there twice
is an error.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["YamlError", "read_yaml"]

_BOOL = "tag:yaml.org,2002:bool"


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
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(filter(None, (error.context, error.problem)))
        raise YamlError(problem, mark.line + 1 if mark else None) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # characters, dates, depth
        raise YamlError(str(error).partition("\n")[0], None) from error


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    problem = f"the key `{key.value}` is there twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add((key.tag, key.value))
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.yaml_implicit_resolvers = {
    first: [it for it in resolvers if it[0] != _BOOL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)
