"""Turn an interpreter of this machine into a conda package whose prefix is an environment.

A prefix made from one has its own ``site-packages`` and borrows the rest:

- Python 3 on POSIX: a ``bin/python`` linked to the interpreter and a ``pyvenv.cfg`` (PEP 405), as
  in a virtual environment with links.
- Python 2.7 does not support ``pyvenv.cfg``; its prefix is the folder above its binary if
  ``lib/python2.7/os.py`` exists there. So the binary is copied, and each file of the standard
  library linked, so that compiled files are written to the prefix and never to the original.
- Windows: a copy of the installation, laid out as conda's own, because CPython is relocated that
  way there; links need privileges, and a redirector cannot be beside ``pyvenv.cfg``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.core.pythons import format_minor
from condavision.interpreters.conda_package import EPOCH, Link, PackageFile, conda_package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.interpreters.probing import Interpreter

_UNSHIPPED = frozenset(
    {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib"}
)
"""Folders of a standard library that are not packaged: installed packages, caches, tests."""

_README = b"Packages of this environment. Python itself is the one installed on this machine.\n"


def record_of(interpreter: Interpreter) -> dict[str, object]:
    """Return the ``index.json`` of an interpreter's package."""
    record: dict[str, object] = {
        "name": "python",
        "version": interpreter.version,
        "build": interpreter.build,
        "build_number": 0,
        "depends": [],
        "constrains": [],
        "license": "Python-2.0",
        "license_family": "PSF",
        "subdir": interpreter.subdir,
        "timestamp": EPOCH * 1000,
        "python_site_packages_path": _site_packages(interpreter),  # CEP 17
    }
    if interpreter.special or interpreter.prerelease:
        record["track_features"] = "special_interpreter"  # solvers prefer packages without features
    return record


def package_of(interpreter: Interpreter) -> bytes:
    """Return the bytes of an interpreter's ``.conda`` package, always the same for one interpreter.

    Raises:
        OSError: a file of the installation cannot be read.
    """
    about = {
        "home": "https://www.python.org/",
        "license": "Python-2.0",
        "summary": "The Python installed on this machine",
        "extra": {"executable": str(interpreter.executable), "digest": interpreter.digest},
    }
    return conda_package(record_of(interpreter), _entries(interpreter), {"about.json": about})


def _entries(interpreter: Interpreter) -> list[PackageFile]:
    entries = [PackageFile(f"{_site_packages(interpreter)}/README.txt", _README)]
    if interpreter.subdir.startswith("win-"):
        entries += _copied(interpreter)
    elif interpreter.minor < (3, 3):
        entries += _relocated(interpreter)
    else:
        entries += _virtual(interpreter)
    return entries


def _site_packages(interpreter: Interpreter) -> str:
    if interpreter.subdir.startswith("win-"):
        return "Lib/site-packages"
    return f"lib/{interpreter.stdlib.name}/site-packages"  # python3.12, or python3.13t


def _aliases(interpreter: Interpreter) -> Iterator[PackageFile]:
    for name in ("python", f"python{interpreter.minor[0]}"):
        yield PackageFile(f"bin/{name}", Link(f"python{format_minor(interpreter.minor)}"))


def _virtual(interpreter: Interpreter) -> Iterator[PackageFile]:
    configuration = (
        f"home = {interpreter.executable.parent}\n"
        "include-system-site-packages = false\n"
        f"version = {interpreter.version}\n"
    )
    yield PackageFile("pyvenv.cfg", configuration.encode())
    yield PackageFile(
        f"bin/python{format_minor(interpreter.minor)}", Link(str(interpreter.executable))
    )
    yield from _aliases(interpreter)
    if interpreter.platlibdir != "lib":  # compiled packages go there, as on Fedora
        yield PackageFile(interpreter.platlibdir, Link("lib"))


def _relocated(interpreter: Interpreter) -> Iterator[PackageFile]:
    name = f"python{format_minor(interpreter.minor)}"
    yield PackageFile(f"bin/{name}", interpreter.executable, executable=True)
    yield from _aliases(interpreter)
    if interpreter.include.is_dir():
        yield PackageFile(f"include/{name}", Link(str(interpreter.include)))
    for path in _files(interpreter.stdlib):
        relative = path.relative_to(interpreter.stdlib).as_posix()
        yield PackageFile(f"lib/{name}/{relative}", Link(str(path)))
    if "dist-packages" in (interpreter.stdlib / "site.py").read_text("utf-8", "replace"):
        yield PackageFile(
            f"lib/{name}/dist-packages", Link("site-packages")
        )  # where Debian's looks


def _copied(interpreter: Interpreter) -> Iterator[PackageFile]:
    home = interpreter.executable.parent
    for path in sorted(home.iterdir()):
        if path.is_file() and path.suffix.lower() in {".exe", ".dll"}:
            yield PackageFile(path.name, path, executable=True)
    for folder in ("DLLs", "Lib", "include", "libs", "tcl"):
        for path in _files(home / folder):
            yield PackageFile(path.relative_to(home).as_posix(), path)


def _files(folder: Path) -> Iterator[Path]:
    """Return the files of a standard library below ``folder`` that belong to it."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _UNSHIPPED)
        for name in sorted(names):
            path = Path(parent, name)
            if not name.endswith((".pyc", ".pyo")) and path.is_file():
                yield path
