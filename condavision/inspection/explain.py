"""What ``explain`` knows: every import and why, every reason for the Python range, the hash."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from condavision.analysis import contradiction
from condavision.core.model import Manager, Origin
from condavision.core.specs import conda_spec, pypi_spec
from condavision.inference.diagnostics import cautions_of
from condavision.locks.lockfile import direct_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.core.model import Lock, LockedPackage, Requirement
    from condavision.inference.infer import Inference
    from condavision.inference.workspace import Workspace
    from condavision.mapping.resolve import Resolution

    _Answers = dict[tuple[Manager, str], LockedPackage]

__all__ = ["ImportLine", "explain"]


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One imported module in the words of a person; ``locked`` where the lock has its package.

    ``name`` is empty for a requirement that is declared only.
    """

    name: str
    file: str
    line: int
    kind: str
    origin: str
    pypi: str | None
    conda: str | None
    spec: str | None
    locked: str | None
    why: str
    extras: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what ``explain --json`` says of it."""
        return asdict(self)


def explain(
    inference: Inference, lock: Lock | None, platform: str, workspace: Workspace
) -> dict[str, Any]:
    """Return everything known about a script as plain data.

    ``python`` is the range inferred, ``python_required`` the one that is hashed and solved for;
    ``contradiction`` says which places leave no Python, if they do.
    ``pypi`` and ``conda`` list every requirement under the name it has there; ``conditional`` has
    those of some Pythons only.
    """
    everything = inference.requirements.requirements
    requirements = [needed for needed in everything if needed.pythons is None]
    answers = _answers(inference, lock, platform)
    return {
        "script": inference.project.key,
        "python": str(inference.analysis.python),
        "python_required": str(inference.requirements.python),
        "contradiction": contradiction(inference.analysis),
        "reasons": [
            {
                "file": reason.location.file,
                "line": reason.location.line,
                "rule": reason.rule,
                "python": str(reason.pythons),
            }
            for reason in inference.analysis.reasons
        ],
        "imports": [line.as_json() for line in _import_lines(inference, answers)],
        "declared": [line.as_json() for line in _declared_lines(inference, answers)],
        "conda": [conda_spec(needed, needed.conda) for needed in requirements if needed.conda],
        "pypi": [pypi_spec(needed) for needed in requirements if needed.manager is Manager.PYPI],
        "unknown": [needed.name for needed in requirements if needed.manager is Manager.IMPORT],
        "conditional": [
            {"requirement": pypi_spec(needed), "conda": needed.conda, "python": str(needed.pythons)}
            for needed in everything
            if needed.pythons is not None
        ],
        "channels": list(inference.requirements.channels),
        "files": [source.module or inference.project.key for source in inference.analysis.files],
        "unread": [
            {"file": region.location.file, "line": region.location.line, "to": region.last_line}
            for region in inference.analysis.unread
        ],
        "hash": inference.hash,
        "locked": lock is not None,
        "lock": lock.hash if lock else None,
        "together": None,
        "cautions": list(cautions_of(inference, workspace)),
    }


def _import_lines(inference: Inference, answers: _Answers) -> Iterator[ImportLine]:
    """Yield a line for each imported module, in the order of the analysis."""
    joined = {
        (needed.manager, needed.name): needed for needed in inference.requirements.requirements
    }
    for found in inference.resolutions:
        needed = found.requirement
        if needed is not None:  # all the places that ask for it have a say in its constraint
            needed = joined.get((needed.manager, needed.name), needed)
        yield _line(found, needed, answers.get((needed.manager, needed.name)) if needed else None)


def _declared_lines(inference: Inference, answers: _Answers) -> Iterator[ImportLine]:
    """Yield a line for each requirement that is declared and that no import stands for."""
    asked = {
        (found.requirement.manager, found.requirement.name)
        for found in inference.resolutions
        if found.requirement is not None
    }
    for needed in inference.requirements.requirements:
        key = (needed.manager, needed.name)
        if key in asked or needed.manager is Manager.IMPORT or not needed.sources:
            continue
        first = needed.sources[0]
        yield ImportLine(
            name="",
            file=first.file,
            line=first.line,
            kind="declared",
            origin=Origin.PACKAGE.value,
            pypi=needed.name if needed.manager is Manager.PYPI else None,
            conda=needed.conda or None,
            spec=needed.constraint or "*",
            locked=_locked(answers.get(key)),
            why=needed.why,
            extras=needed.extras,
        )


def _answers(inference: Inference, lock: Lock | None, platform: str) -> _Answers:
    """Return the locked package of each direct requirement."""
    if lock is None:
        return {}
    return {
        (needed.manager, needed.name): package
        for needed, package in direct_packages(inference.requirements, lock.on(platform))
        if needed is not None
    }


def _locked(package: LockedPackage | None) -> str | None:
    return f"{package.name} {package.version}" if package else None


def _line(
    found: Resolution, needed: Requirement | None, package: LockedPackage | None
) -> ImportLine:
    imported = found.imported
    why = found.why
    if found.unknown:
        why = "; ".join(filter(None, ("no package is known for it", why)))
    return ImportLine(
        name=found.module,
        file=imported.location.file,
        line=imported.location.line,
        kind=imported.kind.value,
        origin="unknown"
        if found.unknown and imported.origin is Origin.PACKAGE
        else imported.origin.value,
        pypi=needed.name if needed and needed.manager is Manager.PYPI else None,
        conda=(needed.conda or None) if needed else None,
        spec=(needed.constraint or "*") if needed else None,
        locked=_locked(package),
        why=why,
        extras=needed.extras if needed else (),
    )
