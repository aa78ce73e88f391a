"""``modules.yml``: what artefacts have shown about modules that the bundled map has wrong.

Each module is one line, sorted, as in ``scripts.yml``, with the distribution that has it and the
artefacts that were looked at, by their SHA-256. The file is committed, also where the locks are
this machine's own: it decides what scripts require. ::

    "moviepy.editor": {"pypi": "moviepy", "constraint": "<2", "absent": {"moviepy 2.2.1": "6b56.."},
    "present": {"moviepy 1.0.3": "a1b2.."}}

(It is one line.) After a merge a module can have two lines. If they name one distribution, the
constraints of both apply, else the first counts; the next ``lock`` that learns something joins
them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from condavision.core.model import Manager
from condavision.locks.entry_lines import parse_entry_lines, read_entry_lines
from condavision.locks.index import add_union_merge
from condavision.mapping.learned import LearnedModule
from condavision.system.documents import read_json
from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from condavision.mapping.learned import LearnedModules

FILE_NAME = "modules.yml"

_HEADER = (
    "# Who supplies modules, as packages have shown; written by condavision, to be committed.\n"
)
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?")
_CONSTRAINT = re.compile(r"(?:(?:[<>=!]=|[<>])[a-z0-9.+!*]+(?:,(?=.)|\Z))*")
_MANAGERS = {"pypi": Manager.PYPI, "conda": Manager.CONDA}


def read_modules(folder: Path) -> LearnedModules:
    """Read the ``modules.yml`` of a locks folder; nothing was learned if there is none.

    Raises:
        LockfileError: the file cannot be read, or a line is not an entry; the message has its
            number.
    """
    path = folder / FILE_NAME
    found: dict[str, LearnedModule] = {}
    lines = sorted(parse_entry_lines(read_entry_lines(path), path, _parse_line, "lock again"))
    for module, _, learned in lines:
        known = found.get(module)
        found[module] = learned if known is None else _joined(known, learned)
    return found


def record_modules(folder: Path, learned: LearnedModules) -> None:
    """Record what was learned, replacing what was known of the same modules."""
    known = read_modules(folder)
    if all(known.get(module) == it for module, it in learned.items()):
        return
    lines = (
        f"{json.dumps(module)}: {_spelt(it)}\n"
        for module, it in sorted({**known, **learned}.items())
    )
    write_atomic(folder / FILE_NAME, _HEADER + "".join(lines))
    add_union_merge(folder, FILE_NAME)


def _spelt(learned: LearnedModule) -> str:
    fields = {
        learned.manager.value: learned.name,
        "constraint": learned.constraint,
        "absent": dict(sorted(learned.absent.items())),
        "present": dict(sorted(learned.present.items())),
    }
    return json.dumps({key: value for key, value in fields.items() if value})


def _parse_line(line: str) -> tuple[str, str, LearnedModule]:
    ((module, fields),) = read_json(f"{{{line}}}".encode()).items()
    ((manager, name),) = ((it, fields[it]) for it in _MANAGERS if it in fields)
    absent, present = (_texts(fields.get(key, {})) for key in ("absent", "present"))
    constraint = fields.get("constraint", "")
    if not all(isinstance(it, str) for it in (name, constraint)) or not name:
        raise TypeError(line)
    if not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(line)
    if not (_NAME.fullmatch(name) and _CONSTRAINT.fullmatch(constraint)):
        raise ValueError(line)
    return module, line, LearnedModule(_MANAGERS[manager], name, constraint, absent, present)


def _texts(value: Mapping[str, str]) -> dict[str, str]:
    found = dict(value.items())
    if not all(isinstance(it, str) for pair in found.items() for it in pair):
        raise TypeError(value)
    return found


def _joined(one: LearnedModule, other: LearnedModule) -> LearnedModule:
    """Return what two branches learned about one module; of two distributions, the first."""
    if (one.manager, one.name) != (other.manager, other.name):
        return one
    constraints = {it for text in (one.constraint, other.constraint) for it in text.split(",")}
    return LearnedModule(
        one.manager,
        one.name,
        ",".join(sorted(filter(None, constraints))),
        {**other.absent, **one.absent},
        {**other.present, **one.present},
    )
