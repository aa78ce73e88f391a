"""The tables of ``explain`` and ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from condavision.analysis.analyze import contradiction
from condavision.cli.json_output import declared_json, finding_json, import_json
from condavision.cli.lock_output import locked_pythons
from condavision.cli.output import print_diagnostics, say
from condavision.cli.parameter_output import parameter_rows, unread_lines
from condavision.cli.tables import print_table
from condavision.core.platforms import current_subdir
from condavision.core.pythons import shortest
from condavision.errors import UnknownImportError
from condavision.project.targets import is_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.analysis.parameters.interface import Interface
    from condavision.inference.inference import Inference
    from condavision.inspection.doctor.finding import Finding
    from condavision.inspection.explain import Explanation


_SHOWN_UNREAD = 5


def print_explanation(explanation: Explanation) -> None:
    """Write what ``explain`` found: the Python range, the imports, each with reasons, the hash."""
    inference, lock = explanation.inference, explanation.lock
    say(f"{_python_line(inference)}")
    for reason in inference.analysis.reasons:
        say(f"  {reason.pythons}  {reason.rule}  ({reason.location})")
    unread = inference.analysis.unread
    for region in unread[:_SHOWN_UNREAD]:
        say(f"  not read: {region.location} to line {region.last_line}")
    if len(unread) > _SHOWN_UNREAD:
        say(f"  and {len(unread) - _SHOWN_UNREAD} more places (--json lists all)")
    lines = [*map(import_json, explanation.imports), *map(declared_json, explanation.declared)]
    if lines:
        say("")
        print_table(
            ("import", "where", "kind", "package", "spec", "locked", "why"),
            [_import_row(line) for line in lines],
        )
    if explanation.interface is not None:
        _print_parameters(explanation.interface)
    state = f"locked, Python {locked_pythons(lock, current_subdir())}" if lock else "not locked"
    if lock and explanation.together:
        owner = explanation.together
        shared = f"as {owner}:" if is_module(owner) else f"together with {owner} as"
        state = f"{state}, {shared} {lock.hash}"
    say(f"\nrequirement hash {inference.hash} ({state})")
    if isinstance(explanation.obstacle, UnknownImportError):
        say(f"cannot be locked as it is: {explanation.obstacle.message}")
    print_diagnostics(explanation.diagnostics)


def _print_parameters(interface: Interface) -> None:
    rows = list(parameter_rows(interface))
    if rows:
        say(f"\nparameters ({interface.framework})")
        print_table(("parameter", "values", "default", "where", "help"), rows)
    for line in unread_lines(interface):
        say(line)


def _python_line(inference: Inference) -> str:
    inferred, required = inference.analysis.python, inference.requirements.python
    if not inferred:
        return f"no Python runs it: {contradiction(inference.analysis)}"
    if inference.is_below_floor:
        return f"python {shortest(inferred)}, solving for {shortest(required)} (below python-floor)"
    raised = "" if required == inferred else f", solving for {shortest(required)} (python-floor)"
    return f"python {shortest(inferred)}{raised}"


def _import_row(line: dict[str, Any]) -> tuple[str, ...]:
    package = line["pypi"] or line["conda"] or line["origin"]
    if line["extras"]:
        package = f"{package}[{','.join(line['extras'])}]"
    if line["pypi"] and line["conda"] and line["conda"] != line["pypi"]:
        package = f"{package} (conda: {line['conda']})"
    place = f"{line['file']}:{line['line']}"
    spec, locked = line["spec"] or "", line["locked"] or ""
    return (line["name"], place, line["kind"], package, spec, locked, line["why"])


def print_findings(findings: Iterable[Finding]) -> None:
    """Write the doctor's table."""
    keys = ("what", "area", "state", "found", "fix")
    rows = ({**finding_json(it), "state": it.state} for it in findings)
    print_table(keys, [tuple(row[key] for key in keys) for row in rows])
