"""What a script declares about itself: the table of formats, and reading them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condavision.analysis.declared import conda_execute, conda_script, pep723
from condavision.analysis.declared.declarations import Declarations
from condavision.analysis.declared.notebook_installs import read_installs
from condavision.analysis.declared.other_tools import read_others
from condavision.analysis.declared.tool_conda import read_conda
from condavision.analysis.declared.tool_condavision import read_condavision
from condavision.analysis.declared.tool_pixi import read_pixi
from condavision.analysis.declared.tool_uv import read_uv

if TYPE_CHECKING:
    from collections.abc import Callable

    from condavision.analysis.source.source import Source
    from condavision.core.model import ScriptMetadata

    Opened = tuple[Declarations, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class DeclaredFormat:
    """One way to declare something.

    ``holder`` finds what holds it in a source, and returns declarations to add to and what it
    holds, None where the source has no such thing. ``path`` leads to the table that ``read`` reads.
    """

    holder: Callable[[Source], Opened | None]
    path: tuple[str, ...]
    read: Callable[[Declarations, dict[str, Any]], None]


FORMATS = (
    DeclaredFormat(conda_script.open_block, (), conda_script.read_conda_script),
    DeclaredFormat(conda_script.open_block, ("tool", "pixi"), read_pixi),
    DeclaredFormat(conda_script.open_block, ("tool", "condavision"), read_condavision),
    DeclaredFormat(conda_script.open_block, ("tool",), read_others),
    DeclaredFormat(pep723.open_block, (), pep723.read_standard),
    DeclaredFormat(pep723.open_block, ("tool", "uv"), read_uv),
    DeclaredFormat(pep723.open_block, ("tool", "conda"), read_conda),
    DeclaredFormat(pep723.open_block, ("tool", "pixi"), read_pixi),
    DeclaredFormat(pep723.open_block, ("tool", "condavision"), read_condavision),
    DeclaredFormat(pep723.open_block, ("tool",), read_others),
    DeclaredFormat(conda_execute.open_comment, (), conda_execute.read_execute),
)
"""Every format. The first holder that a source has decides: the others are not looked for.

What the cells of a notebook install is declared beside it.
"""


def may_declare(source: Source) -> bool:
    """Return whether a source has any of the marks that :func:`read_metadata` looks for."""
    patterns = (pep723.MARK, conda_script.MARK, conda_execute.MARK)
    return source.is_notebook or any(it.search(source.text) for it in patterns)


def declares_elsewhere(source: Source) -> bool:
    """Return whether a source declares something, and not in a block of PEP 723.

    Raises:
        AnalysisError: as :func:`read_metadata`.
    """
    holders = dict.fromkeys(form.holder for form in FORMATS)
    first = next((it for it in holders if it(source) is not None), None)
    return first not in {None, pep723.open_block}


def read_metadata(source: Source) -> ScriptMetadata:
    """Return what a script declares; empty where it declares nothing.

    Raises:
        AnalysisError: a block is there twice, is not TOML or YAML, or holds a wrong value.
    """
    for holder in dict.fromkeys(form.holder for form in FORMATS):
        opened = holder(source)
        if opened is not None:
            into, content = opened
            for form in FORMATS:
                if form.holder is holder:
                    found = content
                    for key in form.path:
                        found = into.table(found, key)
                    form.read(into, found)
            break
    else:
        into = Declarations(source)
        into.ignored += pep723.near_blocks(source)
    if source.is_notebook:
        read_installs(into)
    return into.result()
