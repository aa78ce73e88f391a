"""``[tool.condavision]`` of a PEP 723 block: our own table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.declared.pep723 import read_python
from condavision.analysis.declared.tool_conda import read_packages
from condavision.core.model import DeclaredText
from condavision.core.serving import ServingError, read_serving
from condavision.core.spelling import setting_hints

if TYPE_CHECKING:
    from condavision.analysis.declared.declarations import Declarations

_SETTINGS = frozenset(
    {"channels", "platforms", "dependencies", "imports", "requires-python", "serve"}
)


def read_condavision(into: Declarations, own: dict[str, Any]) -> None:
    """Read the settings."""
    for key in own:
        if key not in _SETTINGS:
            raise into.wrong(key, f"`{key}` is not a setting", *_instead_of(key))
    read_packages(into, own)
    into.platforms += into.strings(own, "platforms")
    read_python(into, own)
    for module, text in into.table(own, "imports").items():
        if not isinstance(text, str):
            raise into.wrong(module, f"the package of `{module}` must be a string")
        into.imports[module] = DeclaredText(text, into.at(module))
    try:
        into.serve = read_serving(into.table(own, "serve"), script=True)
    except ServingError as error:
        first = error.problems[0]
        raise into.wrong(first.setting, first.text, *first.hints) from error


def _instead_of(key: str) -> tuple[str, ...]:
    if key in {"python", "python-version"}:
        return ("did you mean `requires-python`?",)
    return setting_hints(key, sorted(_SETTINGS))
