"""``/openapi.json``: an operation for each script (OpenAPI 3.1)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from condavision import __version__
from condavision.analysis.parameters.interface import Framework, Interface
from condavision.inference.notebooks import is_notebook
from condavision.parameters.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from condavision.serving.survey import Surveyed

_ANSWERS = {
    "200": "The run has ended by itself; `exit_code` is the script's",
    "202": "The run is accepted; `Location` has its address",
    "400": "The body cannot be read",
    "401": "A token is needed",
    "403": "A page of another site sent this",
    "404": "There is no such script",
    "408": "The client sent nothing for too long",
    "409": "The script has no lock that fits; or the run was cancelled",
    "413": "The body is too large",
    "422": "A parameter is unknown or has a wrong value",
    "429": "Too many runs are waiting",
    "500": "The script failed (where its output was asked for), or the server did",
    "502": "The run wrote more than it may",
    "503": "There is no environment for the script, or the server is about to stop",
    "504": "The run took too long; with its output so far",
}

_UNKNOWN = Interface(Framework.NONE)


def openapi_document(scripts: Iterable[tuple[str, Surveyed | None]]) -> dict[str, Any]:
    """Return the document for these scripts, less notebooks, which are never served."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "condavision", "version": __version__},
        "paths": {
            f"/scripts/{quote(name)}/runs": {"post": _operation(name, found)}
            for name, found in scripts
            if not is_notebook(Path(name))
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(name: str, found: Surveyed | None) -> dict[str, Any]:
    schema = json_schema(_UNKNOWN if found is None else found.interface)
    about = schema.pop("description", "")
    return {
        "operationId": f"run_{re.sub(r'[^A-Za-z0-9]+', '_', name)}",
        "summary": f"Run {name}",
        **({"description": about} if about else {}),
        "requestBody": {
            "content": {
                "application/json": {"schema": schema},
                "multipart/form-data": {"schema": schema},
                "application/octet-stream": {},
            }
        },
        "responses": {code: {"description": text} for code, text in _ANSWERS.items()},
    }
