"""What a lock records about itself, in ``custom_metadata`` of its conda-lock file."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from condavision.core.engine import Engine
from condavision.core.evidence import ProofLevel, Unproved
from condavision.core.model import LockRecord, Manager, SharedModule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from condavision.core.model import Requirement, Requirements

_INSTANT = "%Y-%m-%dT%H:%M:%SZ"
_SHARED = re.compile(r"(\S+) \((\S+), (\S+)\) on (.+?)(?:, (?=\S+ \()|\Z)")
_CHANGES = re.compile(r"; (?=[\w.-]+(?:/\w+)?=(?!=))")
"""What separates changes: a value may hold semicolons of its own (environment markers)."""


def describe(requirements: Requirements) -> LockRecord:
    """Return the part of a record that the requirement set determines."""
    return LockRecord(
        python=str(requirements.python),
        requirements=tuple(sorted(map(requirement_label, requirements.requirements))),
        channels=requirements.channels,
    )


def requirement_label(requirement: Requirement) -> str:
    """Return a requirement as readable text; equal requirements have equal labels."""
    prefix = {Manager.CONDA: "conda:", Manager.IMPORT: "import "}.get(requirement.manager, "")
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    platforms = f" on {', '.join(sorted(requirement.platforms))}" if requirement.platforms else ""
    pythons = "" if requirement.pythons is None else f" with Python {requirement.pythons}"
    label = f"{prefix}{requirement.name}{extras} {requirement.constraint}".strip()
    return f"{label}{platforms}{pythons}"


def required_names(record: LockRecord) -> frozenset[str]:
    """Return the names in the recorded requirement set, under any manager."""
    plain = (label.removeprefix("conda:").removeprefix("import ") for label in record.requirements)
    return frozenset(label.split()[0].partition("[")[0] for label in plain)


def record_fields(record: LockRecord) -> dict[str, str]:
    """Return a record as the strings in the file, by key."""
    found = {
        "exclude_newer": record.exclude_newer and record.exclude_newer.strftime(_INSTANT),
        "virtual_packages": spell_changes(record.virtual_packages),
        "engine": "" if record.engine is Engine.RATTLER else record.engine.value,
        "overrides": spell_changes(record.overrides),
        "unverified": spell_pairs(record.unverified),
        "shared_modules": spell_shared(record.shared_modules),
        "allow_sdist": "true" if record.allows_sdists else "",
        "unproved": spell_pairs(record.unproved),
        "proof": "" if record.proof is ProofLevel.FILES else record.proof.value,
    }
    return {
        "python": record.python,
        "requirements": "; ".join(record.requirements),
        "channels": ", ".join(record.channels),
        **{key: text for key, text in found.items() if text},
    }


def parse_record(fields: Mapping[str, str]) -> LockRecord:
    """Read what :func:`record_fields` returned.

    Raises:
        ValueError, TypeError, AttributeError: a field is malformed.
    """
    newest = fields.get("exclude_newer")
    return LockRecord(
        python=fields.get("python", ""),
        requirements=_split(fields.get("requirements", ""), "; "),
        channels=_split(fields.get("channels", ""), ", "),
        exclude_newer=(newest and datetime.strptime(newest, _INSTANT).replace(tzinfo=UTC)) or None,
        virtual_packages=_parse_changes(fields.get("virtual_packages", "")),
        engine=Engine(fields.get("engine", Engine.RATTLER)),
        overrides=_parse_changes(fields.get("overrides", "")),
        unverified=tuple(_pairs(fields, "unverified")),
        shared_modules=tuple(
            SharedModule(module, conda, pypi, _split(platforms, ", "))
            for module, conda, pypi, platforms in _SHARED.findall(fields.get("shared_modules", ""))
        ),
        allows_sdists=fields.get("allow_sdist") == "true",
        unproved=tuple((module, Unproved(why)) for module, why in _pairs(fields, "unproved")),
        proof=ProofLevel(fields.get("proof", ProofLevel.FILES)),
    )


def spell_changes(changes: Mapping[str, str]) -> str:
    """Return a table on one line: ``__glibc=2.17; linux-64/__cuda=``."""
    return "; ".join(f"{key}={value}" for key, value in sorted(changes.items()))


def spell_pairs(pairs: Sequence[tuple[str, str]]) -> str:
    """Return imports and their packages on one line: ``cv3=opencv3, foo=pypi:foo``."""
    return ", ".join(f"{module}={name}" for module, name in pairs)


def spell_shared(shared: tuple[SharedModule, ...]) -> str:
    """Return shared modules on one line: ``cv2 (opencv, opencv-python) on linux-64, osx-64``."""
    return ", ".join(
        f"{it.module} ({it.conda}, {it.pypi}) on {', '.join(it.platforms)}" for it in shared
    )


def _pairs(fields: Mapping[str, str], key: str) -> Iterator[tuple[str, str]]:
    for pair in _split(fields.get(key, ""), ", "):
        module, _, name = pair.partition("=")
        yield module, name


def _parse_changes(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in _CHANGES.split(text) if item)
    return {key: value for key, _, value in pairs}


def _split(text: str, separator: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(separator)))
