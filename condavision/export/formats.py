"""A lock in the formats that other tools install from, one platform at a time.

Every format names exact packages with their hashes, and equal locks give equal bytes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.core.model import Manager
from condavision.core.platforms import PLATFORMS, current_subdir
from condavision.errors import InstallError, UsageError
from condavision.export.dockerfile import dockerfile
from condavision.inference.lock_lookup import find_lock, is_hash, locate
from condavision.locks.record import required_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from condavision.core.model import Lock, LockedPackage
    from condavision.inference.workspace import Workspace
    from condavision.project.targets import Target

__all__ = ["FORMATS", "Exported", "export", "export_named"]

_PYLOCK_NAME = re.compile(r"pylock(\.[^.]+)?\.toml\Z")


@dataclass(frozen=True, slots=True)
class _Share:
    """What a lock has for one platform."""

    lock: Lock
    platform: str
    conda: tuple[LockedPackage, ...]
    pypi: tuple[LockedPackage, ...]

    @property
    def python(self) -> str:
        """The version of Python."""
        return next(package.version for package in self.conda if package.name == "python")


@dataclass(frozen=True, slots=True)
class Exported:
    """A lock in a format for one platform; ``lock`` is its hash."""

    lock: str
    form: str
    platform: str
    text: str

    def as_json(self, output: Path | None) -> dict[str, Any]:
        """Return what ``export --json`` says; ``output`` is the file that has the text instead."""
        return {
            "lock": self.lock,
            "format": self.form,
            "platform": self.platform,
            "output": str(output) if output else None,
            "text": None if output else self.text,
        }


def export_named(
    name: str | Target,
    form: str,
    platform: str | None,
    workspace: Workspace,
    output: Path | None = None,
) -> Exported:
    """Return the lock of a target or hash in a format; ``output`` is where it will be written.

    ``platform`` is this machine's where None, or the lock's first where it lacks that.

    Raises:
        CondavisionError: there is no such lock, or the format cannot say what it holds.
    """
    if form == "pylock" and output and not _PYLOCK_NAME.match(output.name):
        raise UsageError(
            f"no tool reads a lock by PEP 751 under the name {output.name}",
            "call it pylock.toml or pylock.NAME.toml",
        )
    if form == "dockerfile":
        if isinstance(name, str):
            if is_hash(name):
                raise UsageError("an image is made for a script", "name the script, not its lock")
            name = Path(name)
        located = locate(name, workspace)
        platform = platform or _default_platform(located.lock)
        return Exported(located.lock.hash, form, platform, dockerfile(located, platform, workspace))
    lock = find_lock(name, workspace)
    platform = platform or _default_platform(lock)
    return Exported(lock.hash, form, platform, export(lock, form, platform))


def _default_platform(lock: Lock) -> str:
    current = current_subdir()
    return current if current in lock.platforms else lock.platforms[0]


def export(lock: Lock, form: str, platform: str) -> str:
    """Return what ``lock`` has for ``platform`` in the format ``form``, one of :data:`FORMATS`.

    Raises:
        UsageError: the format cannot say what the lock holds.
        InstallError: the lock has nothing for ``platform``.
    """
    packages = lock.on(platform)
    if not packages:
        raise InstallError(
            f"The lock {lock.hash} has no packages for {platform}, only for"
            f" {', '.join(lock.platforms)}.",
            f"lock for this platform too: condavision lock --platform {platform} SCRIPT",
        )
    conda = tuple(package for package in packages if package.manager is Manager.CONDA)
    pypi = tuple(package for package in packages if package.manager is Manager.PYPI)
    return FORMATS[form](_Share(lock, platform, conda, pypi))


def _explicit(share: _Share) -> str:
    """Return urls with SHA-256, as ``conda list --explicit --sha256`` prints them.

    conda, mamba and pixi install these; what comes from PyPI is in comments that ``conda-lock
    install`` follows and the others skip.
    """
    _refuse_local(share)
    lines = [
        f"# The environment of {share.lock.hash}; written by condavision.",
        f"# platform: {share.platform}",
        "@EXPLICIT",
        *(f"{package.url}#{package.sha256}" for package in _in_link_order(share.conda)),
        *(f"# pip {_direct(package)}" for package in share.pypi),
    ]
    return _joined(lines)


def _environment(share: _Share) -> str:
    """Return an environment.yml with every package pinned, for conda and mamba."""
    _refuse_local(share)
    pins = [f"{package.name}={package.version}={package.build}" for package in share.conda]
    lines = [
        f"# The environment of {share.lock.hash} on {share.platform}; written by condavision.",
        f"name: condavision-{share.lock.hash}",
        "channels:",
        *(f"  - {json.dumps(channel)}" for channel in share.lock.channels),
        "dependencies:",
        *(f"  - {json.dumps(pin)}" for pin in pins),
    ]
    if share.pypi:
        lines.append("  - pip:")
        lines += [f"      - {json.dumps(_direct(package))}" for package in share.pypi]
    return _joined(lines)


def _requirements(share: _Share) -> str:
    """Return a requirements file with hashes, for pip and uv."""
    _refuse_conda(share, "requirements.txt")
    lines = [
        f"# {share.lock.hash} for Python {share.python} on {share.platform}; by condavision.",
        *(f"{item.name}=={item.version} --hash=sha256:{item.sha256}" for item in share.pypi),
    ]
    return _joined(lines)


def _pylock(share: _Share) -> str:
    """Return a lock by the standard for Python packages, PEP 751 (``pylock.toml``)."""
    _refuse_conda(share, "pylock.toml")
    minor = ".".join(share.python.split(".")[:2])
    lines = [
        f"# {share.lock.hash} for Python {share.python} on {share.platform}; by condavision.",
        'lock-version = "1.0"',
        'created-by = "condavision"',
        f'requires-python = "=={minor}.*"',
        f"environments = [{json.dumps(PLATFORMS[share.platform].marker)}]",
    ]
    for package in share.pypi:
        artefact = f"{{ url = {json.dumps(package.url)}, hashes = {_toml_hash(package)} }}"
        wheel = _file_name(package.url).endswith(".whl")
        lines += [
            "",
            "[[packages]]",
            f"name = {json.dumps(package.name)}",
            f"version = {json.dumps(package.version)}",
            f"wheels = [{artefact}]" if wheel else f"sdist = {artefact}",
        ]
    if not share.pypi:
        lines.append("packages = []")
    return _joined(lines)


FORMATS: Mapping[str, Callable[[_Share], str]] = {
    "explicit": _explicit,
    "environment": _environment,
    "requirements": _requirements,
    "pylock": _pylock,
}
"""The formats by name; each takes one platform's share of a lock."""


def _refuse_local(share: _Share) -> None:
    if share.lock.is_local:
        raise UsageError(
            f"the lock {share.lock.hash} is made from this machine's interpreters, which no other"
            " tool or machine can install",
            "lock with a channel first: condavision lock -c CHANNEL SCRIPT",
            "or export what comes from PyPI: --format requirements or pylock",
        )


def _refuse_conda(share: _Share, what: str) -> None:
    """Refuse what pip cannot install; Python itself and what comes with it is another's to bring.

    Raises:
        UsageError: the script requires packages from a conda channel.
    """
    brought = _reached(share.conda, ("python", "pip"))
    required = required_names(share.lock.record)
    others = [
        package.name
        for package in share.conda
        if package.name not in brought or package.name in required
    ]
    if others:
        raise UsageError(
            f"{what} cannot name what comes from a conda channel: {', '.join(others)}",
            "export another format: --format explicit or environment",
        )


def _reached(packages: Iterable[LockedPackage], names: Iterable[str]) -> set[str]:
    by_name = {package.name: package for package in packages}
    waiting, reached = [name for name in names if name in by_name], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += [other for other in by_name[name].dependencies if other in by_name]
    return reached


def _in_link_order(packages: tuple[LockedPackage, ...]) -> Iterator[LockedPackage]:
    """Yield each package after those it depends on: some tools link in the order of the file.

    Python depends on pip in name only; without this exception the two would go in a circle.
    """
    by_name = {package.name: package for package in packages}
    done: set[str] = set()

    def visit(package: LockedPackage) -> Iterator[LockedPackage]:
        if package.name in done:
            return
        done.add(package.name)
        for name in sorted(package.dependencies):
            if name in by_name and (package.name, name) != ("python", "pip"):
                yield from visit(by_name[name])
        yield package

    for name in sorted(by_name):
        yield from visit(by_name[name])


def _direct(package: LockedPackage) -> str:
    return f"{package.name} @ {package.url}#sha256={package.sha256}"


def _toml_hash(package: LockedPackage) -> str:
    return f"{{ sha256 = {json.dumps(package.sha256)} }}"


def _file_name(url: str) -> str:
    return url.partition("#")[0].partition("?")[0].rpartition("/")[2]


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
