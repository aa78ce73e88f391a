"""Kernels of Jupyter in locked environments: their specs, in the user's folder or elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.errors import UsageError
from condavision.system.documents import DocumentError, read_json
from condavision.system.files import read_file, write_atomic

if TYPE_CHECKING:
    from condavision.exec_stage.prepared import Activated

SPEC = "kernel.json"
_COMMAND = ("python", "-m", "ipykernel_launcher", "-f", "{connection_file}")
_OWNER = "condavision"
_TITLE = "{} (condavision)"
_INHERITED = "\0PATH"  # which no path has


@dataclass(frozen=True, slots=True)
class Registered:
    """A kernel of Jupyter: its name, and the folder of its spec."""

    name: str
    folder: Path

    @property
    def title(self) -> str:
        """The name that Jupyter and VS Code show."""
        return _TITLE.format(self.name)


def kernels_folder(prefix: Path | None = None) -> Path:
    """Return where Jupyter looks for kernels: of the user, or of an installation at ``prefix``.

    The user's folder is that of ``jupyter --data-dir``.
    """
    if prefix is not None:
        return prefix.absolute() / "share" / "jupyter" / "kernels"
    given, home = os.environ.get("JUPYTER_DATA_DIR"), Path.home()
    if given:
        data = Path(given)
    elif sys.platform == "darwin":
        data = home / "Library" / "Jupyter"
    elif os.name == "nt":
        data = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "jupyter"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"
    return data.absolute() / "kernels"


def kernel_name(script: Path) -> str:
    """Return a name for the kernel of a script, of the characters that Jupyter allows."""
    return re.sub("[^A-Za-z0-9._-]+", "-", script.stem).strip("-").lower() or "script"


def register(found: Activated, folder: Path, name: str) -> Registered:
    """Write the spec of a kernel in an environment.

    Raises:
        UsageError: another kernel has that name, or the name is not valid.
        OSError: it cannot be written.
    """
    place = _place(found.script, folder, name)
    owner = {"script": str(found.script), "prefix": str(found.environment.prefix)}
    document = {**spec_of(found, name), "metadata": {_OWNER: owner}}
    write_atomic(place / SPEC, json.dumps(document, indent=1) + "\n")
    return Registered(name, place)


def remove(script: Path, folder: Path, name: str) -> Registered:
    """Remove the spec of a kernel.

    Raises:
        UsageError: there is none, or it is not the script's.
        OSError: it cannot be removed.
    """
    place = _place(script, folder, name)
    if not place.exists():
        raise UsageError(f"there is no kernel {place}", "list them: run `jupyter kernelspec list`")
    shutil.rmtree(place)
    return Registered(name, place)


def _place(script: Path | None, folder: Path, name: str) -> Path:
    if not re.fullmatch("[A-Za-z0-9._-]+", name):
        raise UsageError(
            f"`{name}` is not a name for a kernel", "use letters, digits, `.`, `_`, `-`"
        )
    place = folder / name.lower()
    if place.exists() and _owner(place) != str(script):
        raise UsageError(
            f"{place} is the kernel of {_owner(place) or 'something else'}",
            "choose another name: `--name NAME`",
        )
    return place


def _owner(place: Path) -> str | None:
    try:
        found = read_json(read_file(place / SPEC))["metadata"][_OWNER]["script"]
    except (OSError, DocumentError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def spec_of(found: Activated, name: str) -> dict[str, Any]:
    """Return the spec of a kernel in an environment, with its variables in Jupyter's templates.

    PATH begins with the environment's folders, followed by Jupyter's own. A spec cannot unset a
    variable; Python takes an empty one of its own for none.

    Raises:
        CommandError: the environment has no Python.
    """
    command, variables = found.command(_COMMAND, {"PATH": _INHERITED})
    unset = [
        name
        for name, source, *_, otherwise in found.activation.operations
        if not source and not otherwise
    ]
    values = {**dict.fromkeys(unset, ""), **variables}
    return {
        "argv": command,
        "display_name": _TITLE.format(name),
        "language": "python",
        "env": {
            name: text.replace("$", "$$").replace(_INHERITED, "${PATH}")
            for name, text in values.items()
        },
    }
