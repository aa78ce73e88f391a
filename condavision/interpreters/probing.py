"""Probe an interpreter in one short process."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condavision.core.platforms import subdir_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from condavision.core.pythons import Minor

BUILD = "interpreter_"
"""The prefix of the build strings of packages made from interpreters."""

_TIMEOUT = 20.0  # seconds; a cold start from a network file system takes a few

# Runs on every Python from 2.7, without `site`: no start-up file is executed.
_PROBE = r"""
import sys
sys.path = [folder for folder in sys.path if folder]  # not the working directory
import json, os, struct, sysconfig
def text(value):
    encoding = sys.getfilesystemencoding() or "utf-8"
    return value.decode(encoding) if isinstance(value, bytes) else value
get = sysconfig.get_config_var
stdlib = os.path.dirname(os.path.abspath(os.__file__))
old_virtualenv = os.path.exists(os.path.join(stdlib, "orig-prefix.txt"))
library = ""
if get("Py_ENABLE_SHARED"):
    name = get("INSTSONAME") or get("LDLIBRARY") or ""
    for folder in (get("LIBDIR"), os.path.join(sys.prefix, "lib")):
        if folder and name and os.path.isfile(os.path.join(folder, name)):
            library = os.path.join(folder, name)
            break
print(json.dumps({
    "cpython": hasattr(sys, "getrefcount") and "PyPy" not in sys.version and not old_virtualenv,
    "executable": text(os.path.realpath(sys.executable)),
    "version_info": list(sys.version_info),
    "prefix": text(sys.prefix),
    "stdlib": text(stdlib),
    "include": text(sysconfig.get_path("include") or ""),
    "library": text(library),
    "platlibdir": getattr(sys, "platlibdir", "lib"),
    "platform": sysconfig.get_platform(),
    "bits": struct.calcsize("P") * 8,
    "framework": bool(get("PYTHONFRAMEWORK")),
    "special": bool(get("Py_GIL_DISABLED") or get("Py_DEBUG")),
}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython installation of this machine.

    ``executable`` is its real path and ``prefix`` the folder it is installed in. ``version`` is
    spelt as PEP 440 and conda do (``3.12.1``, ``3.15.0b2``). ``digest`` is the SHA-256, in hex,
    that identifies the installation: its version, place, binary and shared library. ``special``
    marks builds without the GIL and debug builds, which need packages of their own.
    """

    executable: Path
    version: str
    minor: Minor
    digest: str
    prefix: Path
    stdlib: Path
    include: Path
    library: Path | None
    platlibdir: str
    subdir: str
    framework: bool
    special: bool

    @property
    def prerelease(self) -> bool:
        """Whether this is an alpha, beta or release candidate."""
        return not self.version.replace(".", "").isdigit()

    @property
    def build(self) -> str:
        """The build string of the package made from it."""
        return f"{BUILD}{self.digest[:16]}_cpython"


def ask(executable: Path) -> dict[str, Any] | None:
    """Start an interpreter and return its facts.

    They are empty where it is not a usable CPython, and None where probing may succeed later.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PYTHON") and name != "__PYVENV_LAUNCHER__"
    }
    try:
        answer = subprocess.run(
            [executable, "-E", "-s", "-S", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
            env=environment,
            cwd=executable.parent,
        )
        facts: dict[str, Any] = json.loads(answer.stdout)
        return {**facts, "digest": _digest(facts)} if _is_usable(facts) else {}
    except (OSError, subprocess.TimeoutExpired):
        return None
    except (ValueError, KeyError, TypeError):
        return {}


def _is_usable(facts: Mapping[str, Any]) -> bool:
    major, minor = facts["version_info"][:2]
    if major == 2:
        # a framework build finds its prefix through the framework, wherever its binary is
        return bool(facts["cpython"]) and minor == 7 and not facts["framework"]
    return bool(facts["cpython"]) and (major, minor) >= (3, 3)  # the first that reads pyvenv.cfg


def _digest(facts: Mapping[str, Any]) -> str:
    """Identify an installation: version, place and the SHA-256 of its binaries."""
    binaries = [facts["executable"], *filter(None, [facts["library"]])]
    contents = [sha256(Path(path).read_bytes()).hexdigest() for path in binaries]
    identity = [_version(facts), facts["executable"], *contents]
    return sha256(json.dumps(identity).encode()).hexdigest()


def _version(facts: Mapping[str, Any]) -> str:
    major, minor, micro, level, serial = facts["version_info"]
    suffix = {"alpha": f"a{serial}", "beta": f"b{serial}", "candidate": f"rc{serial}"}
    return f"{major}.{minor}.{micro}{suffix.get(level, '')}"


def interpreter_of(facts: Mapping[str, Any]) -> Interpreter:
    """Read what :func:`ask` returned.

    Raises:
        KeyError: a fact is missing.
    """
    return Interpreter(
        executable=Path(facts["executable"]),
        version=_version(facts),
        minor=(facts["version_info"][0], facts["version_info"][1]),
        digest=facts["digest"],
        prefix=Path(facts["prefix"]),
        stdlib=Path(facts["stdlib"]),
        include=Path(facts["include"]),
        library=Path(facts["library"]) if facts["library"] else None,
        platlibdir=facts["platlibdir"],
        subdir=_subdir(facts["platform"], facts["bits"]),
        framework=facts["framework"],
        special=facts["special"],
    )


def running_subdir() -> str:
    """Return the conda subdir of the interpreter that runs us: ``linux-64``."""
    return _subdir(sysconfig.get_platform(), struct.calcsize("P") * 8)


def _subdir(platform: str, bits: int) -> str:
    """Spell a ``sysconfig`` platform as conda does: ``linux-x86_64`` is ``linux-64``."""
    family, _, machine = platform.partition("-")
    if family == "macosx":
        machine = platform.rsplit("-", 1)[-1]
        if machine in {"universal2", "intel", "fat64"}:  # runs as the process that started it
            machine = os.uname().machine if sys.platform == "darwin" else machine
        return subdir_of("osx", "arm64" if machine == "arm64" else "x86_64")
    if family == "win32":
        return "win-32"
    if machine == "x86_64" and bits == 32:  # a 32-bit build names the kernel's machine too
        return f"{family}-32"
    return subdir_of(family, re.sub("^i[3-6]86$", "32", machine))
