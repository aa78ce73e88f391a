"""The two files of a lock: ``<hash>.environment.yml`` and ``<hash>.conda-lock.yml``.

Both are deterministic: equal locks give equal bytes. The second is in conda-lock's v1 format, with
the content hash that conda-lock checks. ``custom_metadata`` has what condavision adds: the
requirement hash, and a digest of everything else, which detects a truncated or edited file.

If a project changes the virtual packages, ``<hash>.virtual-packages.yml`` is written too, which
conda-lock needs to compute the same content hash.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from condavision.core.model import Lock, LockedPackage, Manager
from condavision.core.platforms import PLATFORMS, for_conda_lock, virtual_packages
from condavision.core.specs import active_on, conda_candidates
from condavision.errors import LockfileError
from condavision.locks.content_hash import content_hash
from condavision.locks.package_entry import package_entry, read_package, text_in, texts_in
from condavision.locks.record import parse_record, record_fields
from condavision.locks.yaml_text import lock_yaml_text, yaml_text
from condavision.project.config import LOCAL
from condavision.system.documents import DocumentError, read_lock_yaml
from condavision.system.files import read_text_file, write_atomic
from condavision.system.secrets import require_no_secrets, with_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from condavision.core.model import Requirement, Requirements

_DIGEST = "document_sha256"
_HEADERS = {
    False: "# The environment of every script that requires {}; written by condavision, to be"
    " committed.\n",
    True: "# The environment of every script that requires {}; written by condavision, for this"
    " machine alone.\n",
}


@lru_cache(1_000)
def lock_path(folder: Path, requirement_hash: str) -> Path:
    """Return where the lock of a requirement hash is kept."""
    return folder / f"{requirement_hash}.conda-lock.yml"


def direct_packages(
    requirements: Requirements, packages: Iterable[LockedPackage]
) -> tuple[tuple[Requirement | None, LockedPackage], ...]:
    """Pair the direct requirements with their packages on one platform, Python first."""
    by_name = {(package.manager, package.name): package for package in packages}
    pairs: list[tuple[Requirement | None, LockedPackage]] = []
    python = by_name.get((Manager.CONDA, "python"))
    if python:
        pairs.append((None, python))
    for requirement in requirements.requirements:
        if python and not active_on(requirement, python.version):
            continue
        package = by_name.get((Manager.PYPI, requirement.name))
        for name in conda_candidates(requirement):
            package = package or by_name.get((Manager.CONDA, name))
        if package is not None and all(package is not paired for _, paired in pairs):
            pairs.append((requirement, package))
    return tuple(pairs)


def write_lock(folder: Path, lock: Lock, requirements: Requirements) -> Path:
    """Write both files of a lock; the conda-lock file comes last and completes it.

    Raises:
        ConfigError: a URL in it has credentials; nothing is written.
    """
    files = render(lock, requirements)
    for name, text in files.items():
        require_no_secrets(name, text)
    for name, text in files.items():
        write_atomic(folder / name, text)
    for path in companions(folder, lock.hash):
        if path.name not in files:  # left from when platforms did, or did not, agree
            path.unlink()
    return lock_path(folder, lock.hash)


def companions(folder: Path, requirement_hash: str) -> list[Path]:
    """Return the files that go with a lock and its ``conda-lock.yml``."""
    kinds = (f"{requirement_hash}*.environment.yml", f"{requirement_hash}.virtual-packages.yml")
    return [path for kind in kinds for path in folder.glob(kind)]


def render(lock: Lock, requirements: Requirements) -> dict[str, str]:
    """Return the files of a lock, by name: environment files first, then the conda-lock file.

    One environment file serves all platforms; if they cannot agree on the versions of the direct
    packages, each has its own (conda ignores platform selectors, conda-lock does not).
    """
    pinned = {platform: _pinned(requirements, lock.on(platform)) for platform in lock.platforms}
    agreed = len(set(pinned.values())) == 1
    files = {}
    for platform in lock.platforms:
        name = f"{lock.hash}.environment.yml"
        if not agreed:
            name = f"{lock.hash}.{platform}.environment.yml"
        platforms = lock.platforms if agreed else (platform,)
        files[name] = _environment_text(lock, pinned[platform], platforms)
    sources = tuple(files)
    changes = lock.record.virtual_packages
    found = {platform: virtual_packages(platform, changes) for platform in lock.platforms}
    if changes:
        text = yaml_text(for_conda_lock(found))
        files[f"{lock.hash}.virtual-packages.yml"] = _header(lock) + text
    hashes = {
        platform: content_hash(
            lock.channels, pinned[platform].conda, pinned[platform].pip, platform, found[platform]
        )
        for platform in lock.platforms
    }
    files[f"{lock.hash}.conda-lock.yml"] = _lock_text(lock, hashes, sources)
    return files


def _header(lock: Lock) -> str:
    return _HEADERS[lock.is_local].format(lock.hash)


@dataclass(frozen=True, slots=True)
class _Pinned:
    """The direct packages of a platform as an environment.yml pins them."""

    conda: tuple[tuple[str, str], ...]
    pip: tuple[tuple[str, tuple[str, ...], str], ...]


def _pinned(requirements: Requirements, packages: tuple[LockedPackage, ...]) -> _Pinned:
    conda, pip = [], []
    for requirement, package in direct_packages(requirements, packages):
        if package.manager is Manager.CONDA:
            conda.append((package.name, package.version))
        else:
            extras = requirement.extras if requirement else ()
            pip.append((package.name, extras, package.version))
    if any(package.manager is Manager.PYPI for package in packages):
        conda += [
            (package.name, package.version)
            for package in packages
            if package.name == "pip" and package.manager is Manager.CONDA
        ]
    return _Pinned(tuple(dict.fromkeys(conda)), tuple(dict.fromkeys(pip)))


def _environment_text(lock: Lock, pinned: _Pinned, platforms: tuple[str, ...]) -> str:
    conda = [f"{name} =={version}" for name, version in pinned.conda]
    pip = [
        f"{name}{'[' + ','.join(extras) + ']' if extras else ''}=={version}"
        for name, extras, version in pinned.pip
    ]
    head: dict[str, Any] = {
        "name": f"condavision-{lock.hash}",
        "channels": list(lock.channels),
        "platforms": list(platforms),
    }
    if platforms != lock.platforms:
        return _header(lock) + yaml_text(head) + _selected(conda, pip, platforms[0])
    dependencies = [*conda, *([{"pip": pip}] if pip else [])]
    return _header(lock) + yaml_text({**head, "dependencies": dependencies})


def _selected(conda: list[str], pip: list[str], platform: str) -> str:
    """Return the dependencies of one platform, written so that conda-lock reads them for no other.

    conda-lock applies every source of a lock to every platform, except the lines whose selector is
    for another platform; to conda a selector is a comment. conda-lock cannot read an empty
    ``dependencies``, but a flow sequence without its lines is still a valid, empty list.
    """
    lines = [f"{json.dumps(entry)}," for entry in conda]
    if pip:
        lines += ["{pip: [", *(f"  {json.dumps(entry)}," for entry in pip), "]},"]
    selector = PLATFORMS[platform].selector
    selected = "".join(f"  {line} # [{selector}]\n" for line in lines)
    return f"dependencies: [\n{selected}]\n"


def _lock_text(lock: Lock, hashes: Mapping[str, str], sources: tuple[str, ...]) -> str:
    packages = [package_entry(package) for package in lock.packages]
    metadata: dict[str, Any] = {
        "content_hash": dict(hashes),
        "channels": [{"url": url, "used_env_vars": []} for url in lock.channels],
        "platforms": list(lock.platforms),
        "sources": list(sources),
        "custom_metadata": {
            "created_by": "condavision",  # conda's plugin for lock files requires it
            **dict(sorted(record_fields(lock.record).items())),
            "requirement_hash": lock.hash,
        },
    }
    document = {"version": 1, "metadata": metadata, "package": packages}
    metadata["custom_metadata"][_DIGEST] = digest_of(document)
    return _header(lock) + lock_yaml_text(document)


def digest_of(document: dict[str, Any]) -> str:
    """Return a digest of everything in a lock file except the digest itself."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def parse_lock(text: str, path: Path) -> Lock:
    """Parse the text of a conda-lock file; ``path`` is for messages."""
    secret = with_secrets(text)
    if secret is not None:
        raise LockfileError(
            f"{path} has credentials in it: {secret}",
            "change them, because everyone who can read the lock has them",
            "then lock again: run `condavision lock SCRIPT`",
        )
    try:
        document = read_lock_yaml(text)
        metadata = document["metadata"]
        custom = metadata["custom_metadata"]
        intact = custom.pop(_DIGEST) == digest_of(document)
        lock = Lock(
            hash=text_in(custom.pop("requirement_hash")),
            channels=tuple(text_in(channel["url"]) for channel in metadata["channels"]),
            platforms=tuple(map(text_in, metadata["platforms"])),
            packages=tuple(map(read_package, document["package"])),
            record=parse_record(texts_in(custom)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = str(error) if isinstance(error, DocumentError) else "incomplete"
        raise LockfileError(
            f"{path} is damaged or not a lock file: {reason}", *_hints(path)
        ) from error
    if not intact:
        raise LockfileError(
            f"{path} was edited after it was written: its content does not match its digest",
            *_hints(path),
        )
    if not path.name.startswith(f"{lock.hash}."):
        raise LockfileError(
            f"{path} has the lock of another requirement set ({lock.hash})", *_hints(path)
        )
    return lock


def read_lock(path: Path, parse: Callable[[str, Path], Lock] = parse_lock) -> Lock:
    """Read and check a conda-lock file that condavision wrote.

    ``parse`` is :func:`parse_lock`, or remembers what that returned.

    Raises:
        LockfileError: it is missing, truncated, edited, or not such a file.
    """
    try:
        text = read_text_file(path)
    except (OSError, UnicodeDecodeError) as error:
        raise LockfileError(f"{path} cannot be read: {error}", *_hints(path)) from error
    return parse(text, path)


def _hints(path: Path) -> tuple[str, ...]:
    if path.parent.name == LOCAL:  # which is not under version control
        return ("run `condavision lock SCRIPT`",)
    return "restore it from version control", "or run `condavision lock SCRIPT`"
