"""``modules.yml``: what artefacts have shown about modules that the bundled map has wrong.

Each module is one line, sorted, as in ``scripts.yml``, with the distribution that has it and the
artefacts that were looked at, by their SHA-256. The file is committed, also where the locks are
this machine's own: it decides what scripts require. ::

    "moviepy.editor": {"pypi": "moviepy", "constraint": "<2", "absent": {"moviepy 2.2.1": "6b56.."},
    "present": {"moviepy 1.0.3": "a1b2.."}}

(It is one line.) What it takes to import a module, beyond what its package says, is a line too::

    "dask.distributed -> distributed": {"at": "dask/distributed.py:11", "read": {"dask 2.0": ".."}}
    "old -> python": {"python": "<3.12", "rule": "standard library module imp", "at": "o.py:3", ..}

After a merge a module can have two lines. If they name one distribution, the
constraints of both apply, else the first counts; the next ``lock`` that learns something joins
them.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from condavision.core.model import Manager, SourceLocation
from condavision.core.platforms import FAMILIES
from condavision.core.pythons import PythonRange
from condavision.locks.entry_lines import parse_entry_lines, read_entry_lines
from condavision.locks.index import add_union_merge
from condavision.mapping.learned import LearnedModule, LearnedNeed, joined_needs
from condavision.system.documents import read_json
from condavision.system.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from condavision.mapping.learned import LearnedModules, Lesson

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
    found: dict[str, Lesson] = {}
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
    write_atomic(folder / FILE_NAME, _HEADER + modules_text({**known, **learned}))
    add_union_merge(folder, FILE_NAME)


def modules_text(learned: LearnedModules) -> str:
    """Return the lines of what was learned."""
    return "".join(f"{json.dumps(it)}: {_spelt(learned[it])}\n" for it in sorted(learned))


def _spelt(learned: Lesson) -> str:
    if isinstance(learned, LearnedNeed):
        fields: dict[str, Any] = {
            "python": "" if learned.pythons == PythonRange() else str(learned.pythons),
            "platforms": sorted(learned.families),
            "rule": learned.rule,
            "at": str(learned.place),
            "read": dict(sorted(learned.read.items())),
        }
    else:
        fields = {
            learned.manager.value: learned.name,
            "constraint": learned.constraint,
            "absent": dict(sorted(learned.absent.items())),
            "present": dict(sorted(learned.present.items())),
        }
    return json.dumps({key: value for key, value in fields.items() if value})


def _parse_line(line: str) -> tuple[str, str, Lesson]:
    ((key, fields),) = read_json(f"{{{line}}}".encode()).items()
    importer, arrow, needed = key.partition(" -> ")
    if arrow:
        return key, line, _need(importer, needed, fields)
    _require_dotted(key)
    ((manager, name),) = ((it, fields[it]) for it in _MANAGERS if it in fields)
    absent, present = (_texts(fields.get(it, {})) for it in ("absent", "present"))
    constraint = fields.get("constraint", "")
    if not (_NAME.fullmatch(name) and _CONSTRAINT.fullmatch(constraint)):
        raise ValueError(line)
    return key, line, LearnedModule(_MANAGERS[manager], name, constraint, absent, present)


def _need(importer: str, needed: str, fields: Mapping[str, Any]) -> LearnedNeed:
    module, _, name = needed.partition(":")
    _require_dotted(importer)
    _require_dotted(f"{module}.{name}" if name else module)
    rule, families = fields.get("rule", ""), frozenset(fields.get("platforms", ()))
    file, _, number = fields["at"].rpartition(":")
    if not isinstance(rule, str) or not families <= FAMILIES.keys():
        raise ValueError(needed)
    return LearnedNeed(
        importer,
        "" if rule else module,
        name,
        PythonRange.from_specifier(fields.get("python", "")),
        families,
        SourceLocation(file, int(number)),
        rule,
        _texts(fields.get("read", {})),
    )


def _require_dotted(name: str) -> None:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(name)


def _texts(value: Mapping[str, str]) -> dict[str, str]:
    found = dict(value.items())
    if not all(isinstance(it, str) for pair in found.items() for it in pair):
        raise TypeError(value)
    return found


def _joined(one: Lesson, other: Lesson) -> Lesson:
    """Return what two branches learned about one module; of two distributions, the first."""
    if isinstance(one, LearnedNeed) or isinstance(other, LearnedNeed):
        both = isinstance(one, LearnedNeed) and isinstance(other, LearnedNeed)
        return joined_needs(one, other) if both else one  # type: ignore[arg-type]
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
