"""Diagrams and overviews as SVG and as pages, each one file that needs nothing else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

from condavision.cli.pictures.advising import advice_words
from condavision.cli.pictures.diagram import diagram, script_names
from condavision.cli.pictures.layout import layout
from condavision.cli.wording import (
    notes_of,
    package_label,
    record_words,
    size_words,
)
from condavision.inspection.advice import advice
from condavision.inspection.check import LockState
from condavision.inspection.costs import costs
from condavision.system.html import code, templates
from condavision.system.secrets import redacted
from condavision.system.terminal import shown

if TYPE_CHECKING:
    from jinja2 import Environment

    from condavision.cli.pictures.diagram import Diagram
    from condavision.inspection.overview import Overview

_STATES = {
    LockState.OK: ("locked", "good"),
    LockState.MISSING: ("no lock", "wait"),
    LockState.STALE: ("stale lock", "wait"),
    LockState.UNREADABLE: ("unreadable", "bad"),
    LockState.ERROR: ("error", "bad"),
}
"""The words and the badge of each state."""

_MOST_COSTS = 20


def svg(picture: Diagram) -> str:
    """Return a diagram as an SVG file."""
    return _templates().get_template("diagram.svg").render(drawing=layout(picture), alone=True)


def graph_page(found: Overview) -> str:
    """Return a page with the diagram, and its content as text."""
    return _page("graph.html", found)


def report_page(found: Overview) -> str:
    """Return a page about everything that is known of the scripts."""
    return _page("report.html", found)


def _page(name: str, found: Overview) -> str:
    names = script_names(found)
    members = {id(script): (at, one) for at, one in enumerate(found.sets) for script in one.scripts}
    numbers = {id(script): at for at, script in enumerate(found.scripts)}
    counts = {state: sum(it.checked.state is state for it in found.scripts) for state in LockState}
    roots = {it.project.config.root.name for it in found.scripts if it.project}
    return (
        _templates()
        .get_template(name)
        .render(
            root=roots.pop() if len(roots) == 1 else "",
            found=found,
            drawing=layout(diagram(found)),
            alone=False,
            names=names,
            ordered=sorted(found.scripts, key=lambda it: it.checked.state is LockState.OK),
            set_of=lambda script: members.get(id(script)),
            number_of=lambda script: numbers[id(script)],
            counts={state: number for state, number in counts.items() if number},
            advice=advice(found),
            costs=costs(found)[:_MOST_COSTS],
            total=found.size(found.packages.values()),
        )
    )


@cache
def _templates() -> Environment:
    made = templates("condavision.cli.pictures", finalize=_shown)
    made.filters |= {
        "advice": advice_words,
        "code": lambda text: code(redacted(shown(text))),
        "label": package_label,
        "notes": notes_of,
        "record": record_words,
        "size": lambda size: size_words(size).replace(" ", "\u00a0", 1),
    }
    made.globals["states"] = _STATES
    return made


def _shown(value: object) -> object:
    """Return a text without control characters and secrets; markup and numbers as they are."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return redacted(shown(value))
    return value
