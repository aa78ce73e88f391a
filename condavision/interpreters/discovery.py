"""Find the CPythons installed on this machine, 2.7 and newer.

``findpython`` knows where they live (PATH, pyenv, asdf, rye, uv, the registry, macOS frameworks);
conda's own list of environments adds those of conda. Each is probed once; the answers are cached
by the stat of the files they describe. A known interpreter stays known while it exists, so that
cron, with its short PATH, finds what the shell found.
"""

from __future__ import annotations

import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from findpython.providers import ALL_PROVIDERS
from findpython.providers.asdf import AsdfProvider
from findpython.providers.path import PathProvider
from findpython.providers.pyenv import PyenvProvider
from findpython.utils import looks_like_python

from condavision.interpreters.probing import BUILD, Interpreter, ask, interpreter_of, running_subdir
from condavision.system.cache_dir import home
from condavision.system.documents import read_json
from condavision.system.files import read_file, write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from findpython.providers.base import BaseProvider


_CONDA_PYTHON = "python.exe" if os.name == "nt" else "bin/python"

_MEMORY_FORMAT = 1


def discover(cache: Path) -> tuple[Interpreter, ...]:
    """Return the interpreters of this machine, newest first, one per version.

    Of several installations of one version an ordinary build is preferred to one without the GIL,
    then one outside conda environments, then the shorter path. The order of PATH has no effect.

    Args:
        cache: the folder of the cached answers: ``interpreters`` below
            ``system.cache_dir.home()``.
    """
    chosen: dict[str, Interpreter] = {}
    for interpreter in discover_all(cache):
        chosen.setdefault(interpreter.version, interpreter)
    return tuple(chosen.values())


def discover_all(cache: Path, more: Iterable[Path] = ()) -> tuple[Interpreter, ...]:
    """Return every interpreter of this machine, preferred ones of a version first.

    ``more`` are executables to look at beside those that are found.
    """
    memory = cache / "known.json"
    known = _read_memory(memory)
    running = _base_executable(Path(sys.executable))
    executables = {running, *_candidates(), *more, *(Path(path) for path in known)}
    current = _probed(executables, known)
    if current != known:
        _write_memory(memory, current)
    answers = [answer["facts"] for answer in current.values() if answer["facts"]]
    interpreters = {interpreter_of(facts) for facts in answers}
    here = running_subdir()
    offered = [
        found
        for found in interpreters
        if found.executable == running or (found.subdir == here and not _is_ours(found))
    ]
    return tuple(sorted(offered, key=_preference))


def _preference(interpreter: Interpreter) -> tuple[object, ...]:
    return (
        [-number for number in interpreter.minor],
        [-int(number) for number in re.findall(r"\d+", interpreter.version)],
        interpreter.prerelease,
        interpreter.special,
        (interpreter.prefix / "conda-meta").is_dir(),
        len(str(interpreter.executable)),
        str(interpreter.executable),
    )


def _is_ours(interpreter: Interpreter) -> bool:
    """Return whether it is in an environment of ours, which ``clean`` may remove."""
    if interpreter.prefix.is_relative_to(home().resolve()):
        return True
    return any((interpreter.prefix / "conda-meta").glob(f"python-*-{BUILD}*.json"))


# Where interpreters are


def _candidates() -> set[Path]:
    """Return the real paths of executables that may be Pythons; none is started."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    folders = list(dict.fromkeys(folder for folder in folders if folder.is_absolute()))
    # What a shim starts depends on the working directory; the versions behind it do not.
    managers = [folder.parent for folder in folders if folder.name == "shims"]
    executables = [
        *(found for folder in folders if folder.name != "shims" for found in _pythons_in(folder)),
        *(found for provider in _providers(managers) for found in _provided(provider)),
        *(prefix / _CONDA_PYTHON for prefix in _conda_prefixes()),
    ]
    named = {os.path.realpath(executable): executable for executable in executables}
    return {
        _base_executable(executable) for executable in named.values() if _is_program(executable)
    }


def _pythons_in(folder: Path) -> Iterator[Path]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - /usr/bin is long; paths are made for the few
    except OSError:
        return
    for name in names:
        if name.lower().startswith("python") and looks_like_python(name):
            yield folder / name


def _providers(managers: Iterable[Path]) -> Iterator[BaseProvider]:
    mise = os.environ.get("MISE_DATA_DIR") or (user_home() / ".local/share/mise")
    yield AsdfProvider(Path(mise))  # the same layout
    for root in managers:
        yield AsdfProvider(root)
        yield PyenvProvider(root)
    for provider in ALL_PROVIDERS.values():
        with suppress(RuntimeError):  # a user without a home
            if provider is not PathProvider and (created := provider.create()) is not None:
                yield created


def _provided(provider: BaseProvider) -> list[Path]:
    try:
        found = [python.executable for python in provider.find_pythons()]
    except OSError:  # an unreadable folder hides only its own Pythons
        return []
    return [executable for executable in found if executable.name.lower().startswith("python")]


def user_home() -> Path:
    """Return the user's home; a missing path for a user without."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - pathlib's raises for such a user


def _conda_prefixes() -> Iterator[Path]:
    executable = os.environ.get("CONDA_EXE")
    if executable:
        yield Path(executable).parents[1]
    try:
        text = (user_home() / ".conda/environments.txt").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    yield from (Path(line) for line in text.splitlines() if line.strip())


def _base_executable(executable: Path) -> Path:
    """Return the installed interpreter behind links and virtual environments (PEP 405)."""
    real = Path(os.path.realpath(executable))
    for folder in (real.parent, real.parent.parent):
        try:
            configuration = (folder / "pyvenv.cfg").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        host = re.search(r"(?mi)^home\s*=\s*(.+?)\s*$", configuration)
        for name in (real.name, executable.name, "python3", "python", "python.exe"):
            if host and _is_program(base := Path(host[1], name)):
                return Path(os.path.realpath(base))
    return real


# What they are


def _probed(
    executables: Iterable[Path], known: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return stat signature and facts of each executable, and probe those that changed."""
    answers: dict[str, dict[str, Any]] = {}
    unknown: list[Path] = []
    for executable in executables:
        answer = known.get(str(executable))
        if answer and answer["stat"] == _signature(executable, answer["facts"]):
            answers[str(executable)] = answer
        elif _is_program(executable):
            unknown.append(executable)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for executable, answer in zip(unknown, pool.map(ask, unknown), strict=True):
            if answer is None:
                continue
            facts = answer or None
            if facts and facts["executable"] != str(executable):  # a script that starts another
                answers[str(executable)] = {"stat": _signature(executable), "facts": None}
                executable = Path(facts["executable"])  # noqa: PLW2901
            answers[str(executable)] = {"stat": _signature(executable, facts), "facts": facts}
    return {path: answer for path, answer in sorted(answers.items()) if answer["stat"]}


def _is_program(path: Path) -> bool:
    try:
        # an empty file is a Windows alias, which opens the store
        return path.is_file() and path.stat().st_size > 0 and os.access(path, os.X_OK)
    except OSError:
        return False


def _signature(executable: Path, facts: Mapping[str, Any] | None = None) -> list[int] | None:
    """Return what changes with an interpreter; not the change time, which each hard link touches.

    It is None where the interpreter is not complete.
    """
    try:
        stats = [executable.stat()]
        if facts and facts["library"]:
            stats.append(Path(facts["library"]).stat())
        if facts and not Path(facts["stdlib"], "os.py").is_file():
            return None
    except OSError:
        return None
    return [number for stat in stats for number in (stat.st_size, stat.st_mtime_ns, stat.st_ino)]


# Remembering


def _read_memory(path: Path) -> dict[str, dict[str, Any]]:
    try:
        document = read_json(read_file(path))
        if document["format"] != _MEMORY_FORMAT:
            return {}
        answers: dict[str, dict[str, Any]] = document["interpreters"]
        for answer in answers.values():
            if answer["facts"]:
                interpreter_of(answer["facts"])
            answer["stat"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # missing, damaged, or of another release: probe everything again
    return answers


def _write_memory(path: Path, answers: Mapping[str, dict[str, Any]]) -> None:
    document = {"format": _MEMORY_FORMAT, "interpreters": answers}
    try:
        write_atomic(path, json.dumps(document, indent=1))
    except OSError:
        return  # a read-only cache only costs time
