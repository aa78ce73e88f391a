"""Requirements written as conda match specs and as PyPI's tools read them (PEP 508)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.model import Manager
from condavision.core.platforms import FAMILIES, family_of
from condavision.core.pythons import format_minor, minor_of

if TYPE_CHECKING:
    from packaging.specifiers import Specifier

    from condavision.core.model import Requirement
    from condavision.core.pythons import PythonRange


def wanted_on(requirement: Requirement, platform: str) -> bool:
    """Return whether a requirement applies to a platform."""
    return not requirement.platforms or family_of(platform) in requirement.platforms


def active_on(requirement: Requirement, python: str) -> bool:
    """Return whether an environment with a version of Python, ``3.12.1``, needs a requirement."""
    return requirement.pythons is None or minor_of(python) in requirement.pythons


def python_spec(pythons: PythonRange) -> str:
    """Return the match spec of a range of Pythons; PEP 440 and conda spell these alike."""
    return f"python {pythons}"


def pypi_spec(requirement: Requirement) -> str:
    """Return a requirement as PEP 508 writes it."""
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.constraint}"


def pypi_marked(requirement: Requirement, pythons: PythonRange) -> str:
    """Return a requirement with the marker (PEP 508) of its platforms, and of those ``pythons``.

    What every one of ``pythons`` needs has no marker of a version.
    """
    systems = [FAMILIES[name].sys_platform for name in sorted(requirement.platforms)]
    markers = [" or ".join(f"sys_platform == '{system}'" for system in systems)]
    if len(systems) > 1:
        markers = [f"({markers[0]})"]
    if requirement.pythons is not None:
        lowest = f">={format_minor(min(pythons.minors))}"  # which older ones need too
        clauses = [it for it in str(requirement.pythons).split(",") if it != lowest]
        markers += [_version_marker(clause) for clause in clauses]
    marker = " and ".join(filter(None, markers))
    return f"{pypi_spec(requirement)}{f' ; {marker}' if marker else ''}"


def _version_marker(clause: str) -> str:
    operator = clause.rstrip("0123456789.*")
    version = clause.removeprefix(operator).removesuffix(".*")
    return f"python_version {operator} '{version}'"


def conda_candidates(requirement: Requirement) -> tuple[str, ...]:
    """Return the conda names a requirement may be found under, best first.

    Where the map knows none, a channel may still have the distribution under its PyPI name; an
    empty conda name means that another project has this name there.
    """
    if requirement.conda == "":
        return ()
    if requirement.manager is Manager.IMPORT:
        name = requirement.name.lower()
        return tuple(dict.fromkeys((name, name.replace("_", "-"))))
    if requirement.conda is not None:
        return (requirement.conda,)
    return tuple(dict.fromkeys((requirement.name, requirement.name.replace("-", "_"))))


def conda_spec(requirement: Requirement, name: str) -> str:
    """Return the match spec of a requirement under a conda name."""
    if requirement.manager is not Manager.PYPI:
        return f"{name} {requirement.constraint}".strip()
    clauses = conda_clauses(requirement.constraint) if requirement.constraint else []
    clauses += filter(None, [requirement.conda_constraint])
    return f"{name} {','.join(sorted(clauses))}".strip()


def conda_clauses(constraint: str) -> list[str]:
    """Return the clauses of a PEP 440 constraint as conda writes them."""
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - 15 ms, few requirements need it

    return [_conda_clause(clause) for clause in SpecifierSet(constraint)]


def _conda_clause(clause: Specifier) -> str:
    """Translate one PEP 440 clause; conda has no ``===`` and writes ``==1.2.*`` as ``1.2.*``."""
    if clause.operator == "===":
        return f"=={clause.version}"
    if clause.operator == "==" and clause.version.endswith(".*"):
        return clause.version
    return str(clause)
