"""Compiles the bytecode of an environment, where that does not wait for the first import.

Neither rattler nor uv compiles. Python does when it imports a module, which is sooner than all
modules: the first run waits only for what it imports. Where it cannot write, every import compiles.
A conda package is compiled once for each Python, and then linked: bytecode is valid wherever its
source has the same time and size, as hard links have (PEP 3147, PEP 552), and Python corrects the
path in it when it loads it.
"""

# ruff: noqa: PTH116, PTH120, PTH123, PTH208 - thousands of files; pathlib takes twice the time
from __future__ import annotations

import errno
import os
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.environments.environment import site_packages
from condavision.system.documents import read_json
from condavision.system.files import read_file, remove_tree
from condavision.system.progress import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from condavision.system.progress import Progress, Task

_COMPILER = """
import compileall, marshal, os, sys
try:
    from importlib.util import cache_from_source
except ImportError:  # Python 2
    cache_from_source = lambda source: source + "c"
    os.fsdecode = lambda name: name
header = 16 if sys.version_info >= (3, 7) else 12 if sys.version_info >= (3, 3) else 8
code = 0
done = os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
with open(sys.argv[1], "rb") as listing:
    sources = listing.read().split(b"\\0")[:-1]
for source in map(os.fsdecode, sources):
    compileall.compile_file(source, quiet=2)
    try:
        with open(cache_from_source(source), "rb") as stream:
            marshal.loads(stream.read()[header:])
    except IOError:
        pass  # its source does not compile
    except (EOFError, TypeError, ValueError):
        os.unlink(cache_from_source(source))
        code = 28  # ENOSPC
    os.write(done, b".")
sys.exit(code)
"""
"""Compiles the sources listed in a file, prints a dot for each, and removes truncated bytecode:
until issue 126606 was fixed, in 2024, Python did not notice a full disk. Runs on 2.7 and later."""


_ROOM = 1 << 28  # bytes; more than any script imports


def unwritten_on_import(prefix: Path) -> str:
    """Return why Python will not write the bytecode of what it imports from ``prefix``.

    That is empty if it will. A full disk cuts bytecode off, and Python has noticed that since 2024
    only (see above).
    """
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        return "PYTHONDONTWRITEBYTECODE is set"
    return "" if shutil.disk_usage(prefix).free > _ROOM else "little room is left on the disk"


def compile_prefix(
    prefix: Path, python: Path, cache: Path, progress: Progress, inherit: tuple[int, ...] = ()
) -> None:
    """Compile the modules in site-packages that have no bytecode.

    ``cache`` keeps that of noarch packages, which have none, for other prefixes. Files that do not
    compile are ignored, as by conda: importing them fails. ``inherit`` are file descriptors that
    the compiler keeps open.

    Raises:
        OSError: the disk is full.
    """
    packages = link_kept(prefix, cache)
    sources = {source for package in packages for source in package.paths}  # to be kept: all read
    for folder in site_packages(prefix):
        sources.update(file for file in folder.rglob("*.py") if not _bytecode(file))
    if compile_sources(sorted(sources), prefix, python, progress, inherit):
        for package in packages:
            package.keep()


def link_kept(prefix: Path, cache: Path) -> list[_Sources]:
    """Link the bytecode of noarch packages that ``cache`` keeps; return the other packages."""
    records = [read_json(read_file(file)) for file in (prefix / "conda-meta").glob("*.json")]
    pythons = [record for record in records if record["name"] == "python"]
    if not pythons:
        return []
    kept = cache / f"{pythons[0]['version']}-{pythons[0]['sha256'][:16]}"
    packages = [
        _Sources(prefix, kept / record["sha256"], tuple(_sources(record)))
        for record in records
        if record.get("noarch") == "python"
    ]
    return [package for package in packages if package.names and not package.link()]


def _sources(record: dict[str, list[str]]) -> Iterator[str]:
    return (name for name in record["files"] if name.endswith(".py") and "site-packages/" in name)


@dataclass(frozen=True, slots=True)
class _Sources:
    """One package's sources in a prefix, and the folder that keeps their bytecode."""

    prefix: Path
    kept: Path
    names: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        return [self.prefix / name for name in self.names]

    def link(self) -> bool:
        """Link kept bytecode into the prefix; return whether there was any, of these sources."""
        links = []
        try:
            for kept in os.listdir(self.kept):
                number, _, name = kept.partition("-")
                source = f"{self.prefix}/{self.names[int(number)]}"
                if not _fits(f"{self.kept}/{kept}", source):
                    return False
                folder = os.path.dirname(source)
                cached = "/__pycache__" if name.count(".") > 1 else ""  # PEP 3147; not in Python 2
                links.append((f"{self.kept}/{kept}", f"{folder}{cached}", name))
        except (OSError, ValueError, IndexError):
            return False
        for folder in {folder for _, folder, _ in links}:
            Path(folder).mkdir(exist_ok=True)
        for file, folder, name in links:
            _link(file, f"{folder}/{name}")
        return bool(links)

    def keep(self) -> None:
        """Keep the prefix's bytecode, all of it or none."""
        try:
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.kept.parent) as folder:
                made = Path(folder, "made")
                made.mkdir()
                for number, source in enumerate(self.paths):
                    for file in _bytecode(source):
                        _link(str(file), f"{made}/{number}-{file.name}")
                remove_tree(self.kept)
                made.rename(self.kept)
        except OSError:
            return  # another process was first, or the cache cannot be written


def _bytecode(source: Path) -> list[Path]:
    legacy = source.with_suffix(".pyc")  # Python 2
    return (
        [legacy]
        if legacy.exists()
        else list(source.parent.glob(f"__pycache__/{source.stem}.*.pyc"))
    )


def _fits(file: str, source: str) -> bool:
    """Return whether bytecode is of this source: its header has the source's time."""
    with open(file, "rb", buffering=0) as stream:
        header = stream.read(16)
    expected = struct.pack("<I", int(os.stat(source).st_mtime) & 0xFFFFFFFF)
    return expected in {header[4:8], header[8:12]}  # before and since PEP 552


def _link(file: str, target: str) -> None:
    try:
        os.link(file, target)
    except FileExistsError:
        return  # the package brought its own
    except OSError:  # another file system, or one without hard links
        shutil.copy2(file, target)


def compile_sources(
    sources: Sequence[Path],
    prefix: Path,
    python: Path,
    progress: Progress,
    inherit: tuple[int, ...] = (),
) -> bool:
    """Compile ``sources`` below ``prefix`` in parallel; skip those that cannot be compiled.

    Return whether every source was tried: a compiler may be killed when memory is short.

    Raises:
        OSError: the disk is full; no truncated bytecode remains.
    """
    if not sources:
        return True
    workers = min(os.cpu_count() or 1, 1 + len(sources) // 100)
    with (
        tempfile.TemporaryDirectory() as folder,
        progress.doing(Work.COMPILING, len(sources)) as task,
    ):
        listings = []
        for number in range(workers):
            listings.append(Path(folder, str(number)))
            names = (f"{source}\0" for source in sources[number::workers])
            listings[-1].write_bytes(os.fsencode("".join(names)))
        codes = _compiled([(str(python), str(it)) for it in listings], prefix, task, inherit)
    if errno.ENOSPC in codes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(prefix))
    return not any(codes)


def _compiled(
    works: Iterable[tuple[str, str]], prefix: Path, task: Task, inherit: tuple[int, ...]
) -> list[int]:
    """Run a compiler for each Python and list of files; return their exit codes."""
    reading, writing = os.pipe()
    compilers: list[subprocess.Popen[bytes]] = []
    try:
        with open(reading, "rb", buffering=0) as dots:
            with open(writing, "wb") as sink:
                for python, listing in works:
                    command = [python, "-E", "-s", "-c", _COMPILER, listing]
                    compiler = subprocess.Popen(
                        command,
                        cwd=prefix,  # Python would take modules from the user's folder
                        stdin=subprocess.DEVNULL,
                        stdout=sink,
                        stderr=subprocess.DEVNULL,
                        pass_fds=inherit,
                    )
                    compilers.append(compiler)
            while some := dots.read(1 << 12):
                task.finished(len(some))
        return [compiler.wait() for compiler in compilers]
    except BaseException:
        for compiler in compilers:
            compiler.kill()
            compiler.wait()
        raise
