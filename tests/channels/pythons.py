"""Relocatable copies of this machine's CPythons, as conda packages of the usual shape."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.core.pythons import format_minor
from condavision.interpreters.conda_package import EPOCH, Link, PackageFile
from tests.channels.package import Package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

__all__ = ["abi_package", "abi_tag", "copy_python", "python_depends", "python_package"]

_DROPPED = {
    "__pycache__",
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "lib-tk",
    "tkinter",
    "turtledemo",
    "ensurepip",
}
"""What no test imports, and many tests would install."""


def abi_tag(minor: Minor) -> str:
    """Return the tag of compiled packages: ``cp312``."""
    return f"cp{minor[0]}{minor[1]}"


def abi_package(minor: Minor) -> Package:
    """The package that ties compiled packages to one minor version, as on conda-forge."""
    python = format_minor(minor)
    return Package(
        name="python_abi",
        version=python,
        build=f"5_{abi_tag(minor)}",
        noarch="generic",
        constrains=(f"python {python}.* *_cpython",),
    )


def python_depends(minor: Minor) -> tuple[str, ...]:
    """What a Python brings with it: pip, on conda-forge before 3.13.

    Here fewer do, because its hundreds of files would be in nearly every environment.
    """
    return ("pip",) if minor < (3, 9) else ()


def python_package(interpreter: Interpreter, patchelf: Path) -> Package:
    """A copy of an installation that runs wherever it is linked to.

    ``patchelf`` is the program that rewrites where a binary looks for its shared libraries.
    """
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        copy_python(interpreter, root)
        _relocate(root, patchelf)
        _compile(interpreter, root)
        entries = tuple(_entries(interpreter, root))
    python = format_minor(interpreter.minor)
    return Package(
        name="python",
        version=interpreter.version,
        build=f"h{interpreter.digest[:7]}_0_cpython",
        subdir=interpreter.subdir,
        depends=python_depends(interpreter.minor),
        constrains=(f"python_abi {python}.* *_{abi_tag(interpreter.minor)}",),
        entries=entries,
    )


def copy_python(interpreter: Interpreter, root: Path) -> None:
    """Copy an installation: interpreter, library and headers, without what no test imports."""
    name = f"python{format_minor(interpreter.minor)}"
    (root / "bin").mkdir()
    shutil.copy2(interpreter.executable, root / "bin" / name)
    for alias in ("python", f"python{interpreter.minor[0]}"):
        (root / "bin" / alias).symlink_to(name)
    for script in (interpreter.prefix / "bin").glob(f"{name}-config"):
        shutil.copy2(script, root / "bin")
    shutil.copytree(
        interpreter.stdlib,
        root / "lib" / interpreter.stdlib.name,
        ignore=lambda _, names: {
            name for name in names if name in _DROPPED or name.endswith((".a", ".o", ".pyc"))
        },
        symlinks=False,
    )
    if interpreter.include.is_dir():
        shutil.copytree(interpreter.include, root / "include" / interpreter.include.name)
    if interpreter.library is not None:
        soname = interpreter.library.name
        shutil.copy2(interpreter.library, root / "lib" / soname)
        (root / "lib" / f"{soname.partition('.so')[0]}.so").symlink_to(soname)
    site_packages = root / "lib" / interpreter.stdlib.name / "site-packages"
    site_packages.mkdir()
    (site_packages / "README.txt").write_text("Packages are installed here.\n")
    if "dist-packages" in (interpreter.stdlib / "site.py").read_text("utf-8"):
        (site_packages.parent / "dist-packages").symlink_to("site-packages")  # Debian's


def _relocate(root: Path, patchelf: Path) -> None:
    folders: dict[Path, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and _starts_with(path, b"\x7fELF"):
            path.chmod(0o755)
            folders.setdefault(path.parent, []).append(path)
    strip = shutil.which("strip")
    for folder, binaries in folders.items():
        if strip:  # half of each copy would be debug information
            subprocess.run([strip, "--strip-debug", *binaries], check=True)
        origin = f"$ORIGIN/{os.path.relpath(root / 'lib', folder)}"
        subprocess.run([patchelf, "--set-rpath", origin, *binaries], check=True)


def _compile(interpreter: Interpreter, root: Path) -> None:
    """Give the copy the bytecode that nearly every start reads; packages of Python have all."""
    library = root / "lib" / interpreter.stdlib.name
    for path in library.rglob("*.py"):
        os.utime(path, (EPOCH, EPOCH))  # what the archive will say, and the bytecode repeats
    packages = [library / name for name in ("collections", "encodings", "importlib", "json", "re")]
    folders = [library, *(folder for folder in packages if folder.is_dir())]
    command = [str(interpreter.executable), "-E", "-m", "compileall", "-q", "-l"]
    command += ["-d", f"lib/{library.name}"]  # not where it was compiled
    subprocess.run([*command, *map(str, folders)], check=True, stdout=subprocess.DEVNULL)


def _entries(interpreter: Interpreter, root: Path) -> Iterator[PackageFile]:
    # "/usr" stands in too many files for another reason
    prefix = str(interpreter.prefix) if len(interpreter.prefix.parts) > 2 else None
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            yield PackageFile(name, Link(str(path.readlink())))
        elif path.is_file():
            content = path.read_bytes()
            text = prefix and b"\0" not in content and prefix.encode() in content
            executable = os.access(path, os.X_OK)
            yield PackageFile(name, content, executable, placeholder=prefix if text else None)


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic
