"""Requirements and channels that people write, in a script or as overrides of the map.

They are converted to those of the requirement set. Every channel in them passes
:func:`condavision.core.channels.normalize`, as those of the command line and the configuration do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from condavision.core.channels import normalize, refused_credentials
from condavision.core.model import Manager, Requirement
from condavision.errors import ConfigError, DeclarationError
from condavision.system.secrets import redacted_spelling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from condavision.core.model import Analysis, SourceLocation
    from condavision.mapping.import_map import ImportMap

_PYPI_PREFIX = "pypi:"
_CHANNEL_KEY = re.compile(
    r"(?<=[\[,\s])channel\s*=\s*(?P<quote>['\"]?)(?P<channel>(?<=['\"])[^'\"]*|[^'\",\]]*)(?P=quote)"
)


@dataclass(frozen=True, slots=True)
class Override:
    """What a person wrote for a module: a requirement, or nothing if it needs no package.

    ``where`` is its location, for messages. A relative channel in it is relative to ``folder``.
    """

    text: str
    where: str
    folder: Path

    def requirement(self, import_map: ImportMap) -> Requirement:
        """Return the requirement.

        Raises:
            ConfigError: it is not a requirement, or its channel is invalid or has credentials.
        """
        manager = Manager.PYPI if self.text.startswith(_PYPI_PREFIX) else Manager.CONDA
        text = self.text.removeprefix(_PYPI_PREFIX).strip()
        return parse_requirement(manager, text, import_map, self.where, self.folder)


def overrides_of(
    analysis: Analysis, configured: Mapping[str, str], root: Path, source: Path | None
) -> dict[str, Override]:
    """Return the overrides by module; the script's own win over those of the ``source`` file."""
    file = source.name if source else "configuration"
    overrides = {
        module: Override(text, f"{file}: override of `{module}`", root)
        for module, text in configured.items()
    }
    for module, own in analysis.metadata.imports.items():
        where = f"{own.location}: override of `{module}`"
        overrides[module] = Override(own.text, where, _folder(own.location, root))
    return overrides


def declared_channels(analysis: Analysis, root: Path) -> tuple[str, ...]:
    """Return the channels that the script declares; a folder is relative to the script's own.

    Raises:
        ConfigError: a channel is invalid or has credentials; the message has its line.
    """
    return tuple(
        dict.fromkeys(
            _channel(own.text, str(own.location), _folder(own.location, root))
            for own in analysis.metadata.channels
        )
    )


def declared_requirements(
    analysis: Analysis, import_map: ImportMap, root: Path
) -> tuple[Requirement, ...]:
    """Return the requirements that the script declares.

    Raises:
        ConfigError: one of them is not a requirement, or its channel is invalid or has
            credentials; the message has its line.
    """
    return tuple(
        replace(
            parse_requirement(
                declared.manager,
                declared.text,
                import_map,
                str(declared.location),
                _folder(declared.location, root),
            ),
            sources=(declared.location,),
            platforms=declared.platforms,
            pythons=declared.pythons,
        )
        for declared in analysis.metadata.dependencies
    )


def _folder(location: SourceLocation, root: Path) -> Path:
    """Return the folder of a script, or of the notebook of a cell."""
    return (root / location.file.partition(":cell ")[0]).resolve().parent


def _channel(spelling: str, where: str, folder: Path) -> str:
    try:
        return normalize(spelling, folder)
    except ConfigError as error:
        raise _declared_at(where, error) from error


def _declared_at(where: str, error: ConfigError) -> DeclarationError:
    return DeclarationError(f"{where}: {error.message}", *error.hints)


def parse_requirement(
    manager: Manager, text: str, import_map: ImportMap, where: str, folder: Path
) -> Requirement:
    """Read a PEP 508 requirement or a conda match spec.

    ``where`` is its location, for messages. A relative channel in it is relative to ``folder``.

    Raises:
        ConfigError: ``text`` is neither, or its channel is invalid or has credentials.
    """
    if manager is Manager.PYPI:
        return _pep508(text, import_map, where)
    return _match_spec(text, where, folder)


def _pep508(text: str, import_map: ImportMap, where: str) -> Requirement:
    from packaging.requirements import InvalidRequirement  # noqa: PLC0415 - 15 ms, for few
    from packaging.requirements import Requirement as Pep508  # noqa: PLC0415
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    shown = redacted_spelling(text)
    try:
        pep508 = Pep508(text)
    except InvalidRequirement as error:
        raise DeclarationError(
            f"{where}: `{shown}` is not a requirement: {redacted_spelling(str(error))}",
            'write it as "numpy >=2" (PEP 508)',
        ) from error
    if pep508.url:
        raise _direct_reference(shown, where)
    name = canonicalize_name(pep508.name)
    return Requirement(
        Manager.PYPI,
        name,
        ",".join(sorted(str(clause) for clause in pep508.specifier)),
        extras=tuple(sorted(pep508.extras)),
        conda=conda_name(name, import_map),
    )


def _match_spec(text: str, where: str, folder: Path) -> Requirement:
    channel, _, spec = text.strip().rpartition("::")
    end = len(spec)
    for position, character in enumerate(spec):
        if not (character.isalnum() or character in "_.-"):
            end = position
            break
    package, constraint = spec[:end].lower(), " ".join(spec[end:].split())
    if constraint.startswith("://"):
        raise _direct_reference(redacted_spelling(text), where)
    if not package:
        raise DeclarationError(
            f"{where}: `{redacted_spelling(text)}` is not a conda match spec",
            "write it as `numpy >=2`",
        )
    rest = _CHANNEL_KEY.sub("", spec)
    if redacted_spelling(rest) != rest:
        raise _declared_at(where, refused_credentials(f"`{redacted_spelling(text)}`"))
    constraint = _CHANNEL_KEY.sub(
        lambda key: key[0].replace(key["channel"], _channel(key["channel"], where, folder)),
        constraint,
    )
    if channel:
        constraint = f"{constraint}[channel={_channel(channel, where, folder)}]"
    return Requirement(Manager.CONDA, package, constraint, conda=package)


def _direct_reference(shown: str, where: str) -> DeclarationError:
    return DeclarationError(
        f"{where}: `{shown}` is a direct reference, which no channel can supply",
        "give the name of the distribution and its version instead",
    )


def conda_name(distribution: str, import_map: ImportMap) -> str | None:
    """Return the conda name if known; an empty one if conda's namesake is another project."""
    known = import_map.conda_name(distribution)
    return "" if known is None and import_map.conda_candidate(distribution) is None else known
