"""The channel's packages for other platforms: records to solve with, never installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condavision.core.pythons import format_minor
from condavision.interpreters.conda_package import PackageFile
from tests.channels.modules import modules_of
from tests.channels.package import Package
from tests.channels.pythons import abi_tag, python_depends
from tests.channels.wheels import compiled_build, compiled_depends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.interpreters.probing import Interpreter

__all__ = ["elsewhere"]

_VERSIONS = {
    "osx-arm64": {"numpy": "2.2.6", "pyyaml": "6.0.3"},
    "win-64": {"numpy": "1.26.4", "pyyaml": "6.0.3"},  # platforms that cannot agree on numpy
}

_SITE = {"osx-arm64": "lib/python{}/site-packages", "win-64": "Lib/site-packages"}


def elsewhere(interpreters: Iterable[Interpreter]) -> Iterator[Package]:
    """Return packages of the Pythons, numpy and pyyaml for the other platforms.

    Their modules are empty.
    """
    for interpreter in interpreters:
        minor = format_minor(interpreter.minor)
        tag = f"python_abi {minor}.* *_{abi_tag(interpreter.minor)}"
        for subdir, versions in _VERSIONS.items():
            yield Package(
                name="python",
                version=interpreter.version,
                build="h0000000_0_cpython",
                subdir=subdir,
                depends=python_depends(interpreter.minor),
                constrains=(tag,),
            )
            for name, version in versions.items() if interpreter.minor >= (3, 10) else ():
                yield Package(
                    name=name,
                    version=version,
                    build=compiled_build(interpreter.minor),
                    subdir=subdir,
                    depends=compiled_depends(interpreter.minor),
                    entries=tuple(_modules(name, f"{_SITE[subdir].format(minor)}")),
                )


def _modules(name: str, site: str) -> Iterator[PackageFile]:
    """Yield what a proof looks for."""
    for file, text in modules_of(name, conda=True).items():
        yield PackageFile(f"{site}/{file}", text.encode())
