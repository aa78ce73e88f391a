"""bubblewrap around a run: it sees its environment, its project and its own folder, and no more.

The environment, the project and the system's programs are read-only, ``/tmp`` and the home folder
private, other processes invisible; without ``network`` there is none.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from condavision.exec_stage.prepared import Prepared
    from condavision.exec_stage.run_folder import RunFolder

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc")
_UNSHARED = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-net")


def find_bubblewrap() -> str:
    """Return the path of bubblewrap, which works here.

    Raises:
        UsageError: it is not installed, or this machine does not let it work.
    """
    found = shutil.which("bwrap")
    if found is None:
        raise UsageError(
            "`--sandbox` needs bubblewrap, which is not installed",
            "install the package `bubblewrap` of your system",
        )
    trial = [found, *_UNSHARED, "--ro-bind", "/", "/", "--proc", "/proc", "/bin/true"]
    tried = subprocess.run(trial, capture_output=True, text=True, check=False)
    if tried.returncode:
        raise UsageError(
            f"bubblewrap does not work here: {tried.stderr.strip()}",
            "allow user namespaces, or run without `--sandbox`",
        )
    return found


def sandbox_words(
    bubblewrap: str, prepared: Prepared, root: Path, folder: RunFolder, *, network: bool
) -> tuple[str, ...]:
    """Return the words in front of a command that is to run in a sandbox.

    ``root`` is the project's; ``folder`` that of the run, where only ``work`` can be written.
    """
    unshared = (it for it in _UNSHARED if not (network and it == "--unshare-net"))
    return (
        bubblewrap,
        *unshared,
        "--die-with-parent",
        *_system(),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"),  # noqa: S108 - a private one
        *_read_only(prepared, root),
        *("--ro-bind-try", str(folder.uploads), str(folder.uploads)),
        *("--bind", str(folder.work), str(folder.work)),
        *("--chdir", str(folder.work)),
        "--",
    )


def _system() -> Iterator[str]:
    for name in map(Path, _SYSTEM):
        if name.is_symlink():
            yield from ("--symlink", str(name.readlink()), str(name))
        elif name.exists():
            yield from ("--ro-bind", str(name), str(name))


def _read_only(prepared: Prepared, root: Path) -> Iterator[str]:
    environment = prepared.environment
    base = environment.python.resolve().parent.parent  # elsewhere for this machine's interpreters
    folders = {environment.prefix, base, root, *prepared.paths, *prepared.inputs.folders}
    for path in sorted(it for it in folders if it.exists()):
        if not any(path.is_relative_to(it) for it in map(Path, _SYSTEM)):
            yield from ("--ro-bind", str(path), str(path))
