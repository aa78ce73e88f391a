"""What activating an environment does to variables: derived once, then only applied.

Packages have shell scripts (``etc/conda/activate.d``) that set variables; running them costs a
shell at every start. They are run once with placeholder values, which shows what becomes of each
variable: set, prepended, appended, unset, backed up under another name. The result is then verified
with other values. Where it differs from the shell's, or where a script reads the time or the
terminal, the environment is *live*: its scripts run each time.

The order is conda's (``conda.activate``): PATH and CONDA_*, ``etc/conda/env_vars.d``, the prefix's
own ``conda-meta/state``, then the scripts by name.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from condavision.environments.activation_scripts import derive_operations, shell_command
from condavision.system.documents import DocumentError, read_json
from condavision.system.files import read_file, write_atomic
from condavision.warm import NONEMPTY, counted, encode, grouped, read_fields, read_list

if TYPE_CHECKING:
    from pathlib import Path

    from condavision.warm import Operation

_UNSET = "***unset***"  # conda.base.constants.CONDA_ENV_VARS_UNSET_VAR

_FORMAT = "condavision activation 1"


@dataclass(frozen=True, slots=True)
class Activation:
    """``operations`` on the variables, and the packages' ``scripts`` that must run each time."""

    operations: tuple[Operation, ...]
    scripts: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Whether scripts must run at every start."""
        return bool(self.scripts)

    @property
    def wrapper(self) -> tuple[str, ...]:
        """The command that runs the scripts and then executes the command after it (POSIX)."""
        return shell_command(self.scripts) if self.scripts and os.name == "posix" else ()


def derive(prefix: Path) -> Activation:
    """Derive what activating ``prefix`` does.

    Scripts that fail, or whose effect cannot be derived, make the activation live; no error.
    """
    base = _base(prefix)
    scripts = _scripts(prefix)
    operations = derive_operations(base, scripts) if scripts else base
    if operations is None:
        return Activation(base, tuple(map(str, scripts)))
    return Activation(operations)


def store(activation: Activation, prefix: Path) -> None:
    """Store the activation in the prefix, so that it is derived once.

    Raises:
        OSError: it cannot be written.
    """
    flat = [field for operation in activation.operations for field in operation]
    write_atomic(_file(prefix), encode([_FORMAT, *counted(flat), *counted(activation.scripts)]))


def load(prefix: Path) -> Activation:
    """Return the activation stored in the prefix; derive it where there is none."""
    fields = iter(read_fields(str(_file(prefix))))
    if next(fields, None) != _FORMAT:
        return derive(prefix)
    return Activation(grouped(read_list(fields)), read_list(fields))


def _file(prefix: Path) -> Path:
    return prefix / "conda-meta" / "condavision-activation"


def _base(prefix: Path) -> tuple[Operation, ...]:
    """Return what conda does without scripts, and what excludes ``~/.local``."""
    if os.name == "nt":
        middle = ("Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts", "bin")
        folders = [str(prefix), *(str(prefix / folder) for folder in middle)]
        fallback = os.environ.get("SYSTEMROOT", "C:\\Windows") + "\\System32"
    else:
        folders, fallback = [str(prefix / "bin")], "/usr/bin:/bin"
    path = os.pathsep.join(folders) + os.pathsep
    values = {
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": str(prefix),
        "CONDA_SHLVL": "1",
        "CONDA_PROMPT_MODIFIER": f"({prefix}) ",
        **_declared_variables(prefix),
        "PYTHONNOUSERSITE": "1",
        "PYTHONHOME": None,
    }
    return (
        ("PATH", "PATH", NONEMPTY, path, "", f"={path}{fallback}"),
        *(_assignment(name, value) for name, value in values.items()),
    )


def _assignment(name: str, value: str | None) -> Operation:
    return (name, "", "", "", "", "" if value is None else f"={value}")


def _declared_variables(prefix: Path) -> dict[str, str]:
    """Return what packages and the user declare, as conda reads it: all but PATH."""
    found: dict[str, str] = {}
    for file in sorted((prefix / "etc" / "conda" / "env_vars.d").glob("*.json")):
        found.update(_string_table(_load(file)))
    state = _load(prefix / "conda-meta" / "state")
    found.update(_string_table(state.get("env_vars")))
    return {name: it for name, it in found.items() if name != "PATH" and it != _UNSET}


def _load(file: Path) -> dict[str, object]:
    try:
        content = read_json(read_file(file))
    except (OSError, DocumentError):
        return {}
    return content if isinstance(content, dict) else {}


def _string_table(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if name and isinstance(text, str)}


def _scripts(prefix: Path) -> list[Path]:
    suffix = "*.bat" if os.name == "nt" else "*.sh"
    return sorted((prefix / "etc" / "conda" / "activate.d").glob(suffix))
