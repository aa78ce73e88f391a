"""Diagrams as text for others to draw: Mermaid flowcharts and Graphviz' DOT."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from condavision.cli.pictures.diagram import COLUMNS, Look

if TYPE_CHECKING:
    from condavision.cli.pictures.diagram import Diagram, Node

_MERMAID = {
    Look.SHARED: "stroke-width:3px",
    Look.REST: "stroke-dasharray:2 3",
    Look.WANTING: "stroke:#b26a00,stroke-width:2px,stroke-dasharray:6 3",
    Look.BROKEN: "stroke:#b3261e,stroke-width:3px",
}
_DOT = {
    Look.SHARED: "penwidth=3",
    Look.REST: "style=dotted",
    Look.WANTING: 'color="#b26a00", style=dashed',
    Look.BROKEN: 'color="#b3261e", penwidth=3',
}
_SPECIAL = re.compile(r"[^\w .,:/+=()-]")


def mermaid(picture: Diagram) -> str:
    """Return a flowchart of Mermaid (https://mermaid.js.org/syntax/flowchart.html)."""
    lines = ["flowchart LR"]
    for at, (title, column) in enumerate(zip(COLUMNS, picture.columns, strict=True)):
        if column:
            lines += [
                f'  subgraph column{at} ["{title}"]',
                *(f"    {_mermaid_node(it)}" for it in column),
            ]
            lines.append("  end")
    lines += (f"  {start} --> {end}" for start, end in picture.edges)
    for look, style in _MERMAID.items():
        marked = [it.id for it in picture.nodes if it.look is look]
        if marked:
            lines += [f"  classDef {look} {style}", f"  class {','.join(marked)} {look}"]
    return "\n".join(lines) + "\n"


def _mermaid_node(node: Node) -> str:
    words = [_entities(it) for it in (node.name, node.detail) if it]
    return f'{node.id}["{"<br/>".join(words)}"]'


def _entities(text: str) -> str:
    """Return a text with Mermaid's entities for all that means something to it."""
    return _SPECIAL.sub(lambda it: f"#{ord(it[0])};", text)


def dot(picture: Diagram) -> str:
    """Return a graph in DOT (https://graphviz.org/doc/info/lang.html)."""
    lines = ["digraph condavision {", "  rankdir=LR", "  node [shape=box, fontname=monospace]"]
    for column in picture.columns:
        lines += ["  {", "    rank=same", *(f"    {_dot_node(it)}" for it in column), "  }"]
    lines += (f"  {start} -> {end}" for start, end in picture.edges)
    return "\n".join([*lines, "}"]) + "\n"


def _dot_node(node: Node) -> str:
    words = [it.replace("\\", "\\\\").replace('"', '\\"') for it in (node.name, node.detail) if it]
    style = f", {_DOT[node.look]}" if node.look in _DOT else ""
    label = "\\n".join(words)
    return f'{node.id} [label="{label}"{style}]'
