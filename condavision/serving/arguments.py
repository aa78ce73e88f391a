"""The arguments of a script out of the inputs of a request."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from condavision.parameters import arguments as from_document
from condavision.parameters.command_line import LONGEST
from condavision.parameters.problems import InvalidParametersError
from condavision.parameters.texts import document
from condavision.serving.problems import Problem

if TYPE_CHECKING:
    from condavision.parameters.problems import Problem as ParameterProblem
    from condavision.serving.catalog import Ready
    from condavision.serving.inputs import Inputs


def arguments(ready: Ready, inputs: Inputs) -> tuple[tuple[str, ...], str | None]:
    """Return what follows the script's name in ``sys.argv``, and the text of standard input.

    Raises:
        Problem: a parameter is unknown, or has a wrong value (422); or one too long (413).
    """
    given = inputs.parameters
    if inputs.texts:
        listed = {name: it if isinstance(it, list) else [it] for name, it in given.items()}
        given = document(ready.surveyed.interface, listed)
    return arguments_of(ready, given)


def arguments_of(ready: Ready, given: dict[str, Any]) -> tuple[tuple[str, ...], str | None]:
    """Return the same for a JSON document.

    Raises:
        Problem: as :func:`arguments`.
    """
    try:
        made = from_document.arguments(ready.surveyed.interface, given)
    except InvalidParametersError as error:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            str(error),
            f"see /scripts/{ready.surveyed.name}",
            parameter=error.problems[0].name,
            problems=[_problem_json(it) for it in error.problems],
        ) from error
    if any(len(word.encode()) > LONGEST for word in made.argv):
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"an argument has at most {LONGEST} bytes",
            "send large data as standard input or as files",
        )
    return made.argv, made.stdin


def _problem_json(problem: ParameterProblem) -> dict[str, Any]:
    near = list(getattr(problem, "near", ()))
    return {"parameter": problem.name, "detail": str(problem), **({"near": near} if near else {})}
