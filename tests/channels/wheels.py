"""Real wheels from PyPI, turned into conda packages as their feedstocks would."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uv

from condavision.core.pythons import format_minor
from condavision.interpreters.conda_package import PackageFile
from tests.channels.package import Package
from tests.channels.pythons import abi_tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from condavision.core.pythons import Minor

__all__ = [
    "COMPILED",
    "PURE",
    "Compiled",
    "Pure",
    "compiled_build",
    "compiled_depends",
    "unpack",
]

_PLACEHOLDER = "/placeholder_" * 19 + "placehold"  # as long as conda-build's: 255 characters


@dataclass(frozen=True)
class Pure:
    """A wheel for any Python: a ``noarch: python`` package."""

    name: str
    version: str
    depends: tuple[str, ...] = ("python >=3.8",)

    def package(self) -> Package:
        with tempfile.TemporaryDirectory() as scratch:
            tree = unpack(f"{self.name}=={self.version}", (3, 8), Path(scratch))
            scripts = _entry_points(tree)
            entries = tuple(_packed(tree, "site-packages"))
        link = {
            "noarch": {"type": "python", "entry_points": scripts},
            "package_metadata_version": 1,
        }
        return Package(
            name=self.name,
            version=self.version,
            build="pyhd8ed1ab_0",
            noarch="python",
            depends=self.depends,
            entries=entries,
            info={"link.json": link},
        )


@dataclass(frozen=True)
class Compiled:
    """A wheel for one Python and platform. Versions by minor; the newest for those not listed."""

    name: str
    versions: Mapping[Minor, str]

    def package(self, minor: Minor, subdir: str) -> Package:
        python = format_minor(minor)
        version = self.versions.get(minor)
        with tempfile.TemporaryDirectory() as scratch:
            requirement = f"{self.name}=={version}" if version else self.name
            tree = unpack(requirement, minor, Path(scratch))
            (metadata,) = tree.glob("*.dist-info")
            entries = (
                *_packed(tree, f"lib/python{python}/site-packages"),
                *(_script(line) for line in _entry_points(tree)),
            )
        return Package(
            name=self.name,
            version=metadata.name.removesuffix(".dist-info").rpartition("-")[2],
            build=compiled_build(minor),
            subdir=subdir,
            depends=compiled_depends(minor),
            entries=entries,
        )


PURE = (
    Pure("certifi", "2024.8.30"),
    Pure("charset-normalizer", "2.1.1"),  # the last without compiled wheels; has a console script
    Pure("idna", "3.10"),
    Pure("pip", "25.0.1"),
    Pure("pip", "20.3.4", ("python <3",)),
    Pure(
        "requests",
        "2.32.3",
        (
            "python >=3.8",
            "certifi >=2017.4.17",
            "charset-normalizer >=2,<4",
            "idna >=2.5,<4",
            "urllib3 >=1.21.1,<3",
        ),
    ),
    Pure("six", "1.16.0", ("python",)),
    Pure("six", "1.17.0", ("python",)),
    Pure("urllib3", "2.2.3"),
)

COMPILED = (
    Compiled(
        "numpy",
        {(3, 8): "1.24.4", (3, 9): "2.0.2", **{(3, n): "2.2.6" for n in range(10, 14)}},
    ),
    Compiled("pyyaml", {(3, n): "6.0.3" for n in range(8, 15)}),
)


def compiled_build(minor: Minor) -> str:
    """Return the build string of a package compiled for a Python."""
    return f"py{minor[0]}{minor[1]}h0000000_0"


def compiled_depends(minor: Minor) -> tuple[str, ...]:
    """Return what ties a compiled package to its Python."""
    python = format_minor(minor)
    return (
        f"python >={python},<{minor[0]}.{minor[1] + 1}.0a0",
        f"python_abi {python}.* *_{abi_tag(minor)}",
    )


def unpack(requirement: str, minor: Minor, folder: Path) -> Path:
    """Install one wheel, and nothing it depends on, into an empty folder and return it."""
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--link-mode", "copy"]
    command += ["--only-binary", ":all:", "--python", sys.executable, "--target", str(folder)]
    command += ["--python-version", format_minor(minor)]
    done = subprocess.run([*command, requirement], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{requirement} for Python {format_minor(minor)}: {done.stderr}")
    return folder


def _entry_points(tree: Path) -> list[str]:
    parser = configparser.ConfigParser(delimiters="=", interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(tree.glob("*.dist-info/entry_points.txt"), encoding="utf-8")
    if not parser.has_section("console_scripts"):
        return []
    return [f"{name} = {target}" for name, target in parser["console_scripts"].items()]


def _packed(tree: Path, folder: str) -> Iterator[PackageFile]:
    dropped = {"direct_url.json", "REQUESTED", "uv_cache.json"}
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree)
        if path.is_dir() or path.name in dropped or name.parts[0] in {"bin", ".lock"}:
            continue
        if "tests" in name.parts or "__pycache__" in name.parts:
            continue
        content = b"conda\n" if path.name == "INSTALLER" else path.read_bytes()
        yield PackageFile(f"{folder}/{name.as_posix()}", content, os.access(path, os.X_OK))


def _script(entry_point: str) -> PackageFile:
    name, _, target = entry_point.partition(" = ")
    module, _, function = target.partition(":")
    text = (
        f"#!{_PLACEHOLDER}/bin/python\nimport sys\nfrom {module} import {function}\n"
        f"if __name__ == '__main__':\n    sys.exit({function}())\n"
    )
    return PackageFile(f"bin/{name}", text.encode(), executable=True, placeholder=_PLACEHOLDER)
