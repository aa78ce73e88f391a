"""Requirements that people write: in a script about itself, or to override the map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from condavision.core.model import Manager, Requirement
from condavision.errors import ConfigError

if TYPE_CHECKING:
    from condavision.core.model import Analysis, SourceLocation
    from condavision.mapping.import_map import ImportMap

__all__ = ["conda_name", "declared_requirements", "parse_requirement"]


def declared_requirements(analysis: Analysis, import_map: ImportMap) -> tuple[Requirement, ...]:
    """Read what the script declares about itself as requirements.

    Raises:
        ConfigError: one of them is not a requirement; the message names its line.
    """
    return tuple(
        replace(
            parse_requirement(
                declared.manager,
                declared.text,
                import_map,
                where=str(declared.location),
                sources=(declared.location,),
                platforms=declared.platforms,
            ),
            pythons=declared.pythons,
        )
        for declared in analysis.metadata.dependencies
    )


def parse_requirement(
    manager: Manager,
    text: str,
    import_map: ImportMap,
    *,
    where: str,
    sources: tuple[SourceLocation, ...] = (),
    platforms: frozenset[str] = frozenset(),
) -> Requirement:
    """Read a PEP 508 requirement or a conda match spec.

    Raises:
        ConfigError: ``text`` is neither; ``where`` says whose it is.
    """
    pypi = manager is Manager.PYPI
    read = _pep508(text, import_map, where) if pypi else _match_spec(text, where)
    return replace(read, platforms=platforms, sources=sources)


def _pep508(text: str, import_map: ImportMap, where: str) -> Requirement:
    from packaging.requirements import InvalidRequirement  # noqa: PLC0415 - 15 ms, for few
    from packaging.requirements import Requirement as Pep508  # noqa: PLC0415
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    try:
        pep508 = Pep508(text)
    except InvalidRequirement as error:
        raise ConfigError(f"{where}: `{text}` is not a requirement: {error}") from error
    if pep508.url:
        raise ConfigError(
            f"{where}: `{text}` is a direct reference, which a channel cannot be asked for",
            "name the distribution and its version instead",
        )
    name = canonicalize_name(pep508.name)
    return Requirement(
        Manager.PYPI,
        name,
        ",".join(sorted(str(clause) for clause in pep508.specifier)),
        extras=tuple(sorted(pep508.extras)),
        conda=conda_name(name, import_map),
    )


def _match_spec(text: str, where: str) -> Requirement:
    channel, _, spec = text.strip().rpartition("::")
    end = len(spec)
    for position, character in enumerate(spec):
        if not (character.isalnum() or character in "_.-"):
            end = position
            break
    package, constraint = spec[:end].lower(), " ".join(spec[end:].split())
    if not package:
        raise ConfigError(f"{where}: `{text}` is not a conda match spec")
    if channel:
        constraint = f"{constraint}[channel={channel}]"
    return Requirement(Manager.CONDA, package, constraint, conda=package)


def conda_name(distribution: str, import_map: ImportMap) -> str | None:
    """Return the conda name if known; an empty one where conda's namesake is another project."""
    known = import_map.conda_name(distribution)
    return "" if known is None and import_map.conda_candidate(distribution) is None else known
