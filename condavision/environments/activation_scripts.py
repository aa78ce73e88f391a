"""Derives what packages' activation scripts do to variables, from runs with placeholder values."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from condavision.warm import CONSTANT, KEEP, NONEMPTY, apply

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from condavision.warm import Operation

# fmt: off
_SHELL_OWN = frozenset((
    "BASH", "BASHOPTS", "BASHPID", "BASH_ENV", "BASH_SOURCE", "BASH_VERSINFO", "BASH_VERSION",
    "EUID", "FUNCNAME", "HOSTNAME", "HOSTTYPE", "IFS", "LD_PRELOAD", "LC_CTYPE", "LINENO",
    "MACHTYPE", "OLDPWD", "OPTARG", "OPTERR", "OPTIND", "OSTYPE", "PATH", "PIPESTATUS",
    "POSIXLY_CORRECT", "PPID", "PROMPT_COMMAND", "PS1", "PS2", "PS4", "PWD", "RANDOM", "REPLY",
    "SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "UID", "_",
))
# fmt: on
"""Variables that the shell sets or reads, and LC_CTYPE, which Python sets in the C locale."""

_MOST_NAMES = 50
"""Scripts that mention more variables than this run each time: verifying them takes too long."""

_MENTIONED = re.compile(r"\$\{?!?([A-Za-z_]\w*)|\b([A-Za-z_]\w*)\+?=|\b(?:unset|export) +(.+)")
_INDIRECT = re.compile(r"\beval\b|\$\{!|\b(?:declare|local|typeset) +-n\b|\bprintenv\b")
_VOLATILE = re.compile(
    r"(?<!\\)\$\$|\$\{?(?:RANDOM|SRANDOM|SECONDS|EPOCH\w*|PPID|BASHPID|PWD|HOSTNAME|UID|EUID)\b"
    r"|\b(?:date|hostname|tty|stty|mktemp|uuidgen|whoami|pwd|getconf|nproc)\b"
    r"|\bLC_(?:ALL|CTYPE)\b|\[ *-t |\$-"
)


def shell_command(scripts: Iterable[str]) -> tuple[str, ...]:
    """Return a shell command that sources ``scripts`` and then executes the command after it.

    The scripts' output goes to standard error.
    """
    # In a function, as in conda's, so that the scripts do not see our arguments.
    sources = "\n".join(f". {shlex.quote(script)}" for script in scripts)
    text = f'_condavision() {{\n{sources}\n}}\n_condavision 1>&2\nunset -f _condavision\nexec "$@"'
    return (shutil.which("bash") or "/bin/sh", "-c", text, "condavision")


def run_batch_scripts(
    scripts: Iterable[str], environment: Mapping[str, str]
) -> dict[str, str] | None:
    """Return ``environment`` after the ``.bat`` scripts ran (Windows), None if they fail."""
    with tempfile.TemporaryDirectory() as folder:
        batch = Path(folder, "activate.bat")
        calls = "".join(f'@call "{script}" 1>&2\n' for script in scripts)
        batch.write_text(f"{calls}@%*\n", encoding="utf-8")
        shell = environment.get("COMSPEC", "cmd.exe")
        return _dumped((shell, "/d", "/c", str(batch)), environment, str(Path.cwd()))


def derive_operations(
    base: Sequence[Operation], scripts: Sequence[Path]
) -> tuple[Operation, ...] | None:
    """Return ``base`` with what ``scripts`` do on top, None if that cannot be derived."""
    texts = [script.read_text("utf-8", "replace") for script in scripts]
    if os.name != "posix" or any(map(_is_volatile, texts)):
        return None
    with tempfile.TemporaryDirectory() as folder:
        runs = _Runs(base, shell_command(map(str, scripts)), Path(folder))
        derived = _derived(runs, _mentioned(texts))
    return None if derived is None else _merged(base, derived)


def _is_volatile(text: str) -> bool:
    return any(
        _VOLATILE.search(line) for line in text.splitlines() if not line.lstrip().startswith("#")
    )


def _mentioned(texts: Iterable[str]) -> set[str]:
    names: set[str] = set()
    for text in texts:
        if "~" in text:
            names.add("HOME")
        if _INDIRECT.search(text):  # any word may be the name of a variable
            names.update(re.findall(r"\b[A-Za-z_]\w*", text))
        for match in _MENTIONED.finditer(text):
            if match[3]:
                names.update(re.findall(r"\b[A-Za-z_]\w*", match[3]))
            else:
                names.add(match[1] or match[2])
    return names - _SHELL_OWN


def _derived(runs: _Runs, names: set[str]) -> list[Operation] | None:
    """Return an operation for each variable the scripts change, None if one has no such form."""
    unset = runs.result({})
    if unset is None:
        return None
    names |= {name for name in unset if name not in runs.initial({})} - _SHELL_OWN
    sentinels = runs.sentinels(names)
    present = runs.result(sentinels)
    if present is None:
        return None
    originals = {**sentinels, "PATH": runs.path}
    sources = {name: _sources(present.get(name, ""), originals) for name in originals}
    read = {source for found in sources.values() for source in found}
    others = {name: value for name, value in sentinels.items() if name not in read}
    without = runs.result(others)
    empty = runs.result({**others, **dict.fromkeys(read - {"PATH"}, "")})
    if without is None or empty is None or any(len(found) > 1 for found in sources.values()):
        return None
    observed = _Observed(originals, unset, present, without, empty)
    operations = [
        _fitted(name, found[0] if found else "", observed) for name, found in sources.items()
    ]
    changes = [operation for operation in operations if operation != _untouched(operation[0])]
    return changes if runs.agree(changes, sorted(names)) else None


def _sources(value: str, originals: Mapping[str, str]) -> list[str]:
    """Return the variables whose original values are in ``value``, each time they are."""
    return [name for name, original in originals.items() for _ in range(value.count(original))]


class _Observed(NamedTuple):
    """Results of runs: nothing set, all set, what is read unset, what is read empty."""

    originals: Mapping[str, str]
    unset: Mapping[str, str]
    present: Mapping[str, str]
    without: Mapping[str, str]
    empty: Mapping[str, str]


def _fitted(name: str, source: str, observed: _Observed) -> Operation:
    """Return the simplest operation that could explain a variable's values."""
    value, fallback = observed.present.get(name), observed.unset.get(name)
    otherwise = "" if fallback is None else f"={fallback}"
    if not source or value is None:
        if value is not None and fallback is None:  # assigned, but not exported
            return (name, name, CONSTANT, value, "", "")
        return (name, "", "", "", "", otherwise)
    before, _, after = value.partition(observed.originals[source])
    if source == "PATH":
        return (name, source, NONEMPTY, before, after, otherwise)
    if source == "HOME":  # never tried without
        return (name, source, "", before, after, f"={before}{after}" if name != source else "")
    if name != source and observed.without.get(name) == observed.originals.get(name):
        otherwise = KEEP
    mode = "" if observed.empty.get(name) == before + after else NONEMPTY
    return (name, source, mode, before, after, otherwise)


def _untouched(name: str) -> Operation:
    return (name, name, "", "", "", "")


class _Runs:
    """Runs the scripts under a wrapper with placeholder values.

    Scripts may write files where variables point, so placeholders are paths in ``folder``, and HOME
    always has one.
    """

    path = os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin"))

    def __init__(self, base: Sequence[Operation], wrapper: Sequence[str], folder: Path) -> None:
        self._base = base
        self._wrapper = wrapper
        self._folder = folder

    def sentinels(self, names: Iterable[str]) -> dict[str, str]:
        """Return a value for each variable that is in no other value."""
        return {name: f"{self._folder}/@{n}@/" for n, name in enumerate(sorted(names))}

    def initial(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return the environment that activation starts from."""
        home = variables.get("HOME") or str(self._folder / "home")
        return {"PATH": self.path, **variables, "HOME": home}

    def result(self, variables: Mapping[str, str]) -> dict[str, str] | None:
        """Return the variables of a script's process, without those of the shell itself."""
        start = tempfile.mkdtemp(dir=self._folder)  # another one each time: see _VOLATILE
        environment = apply(self._base, self.initial(variables))
        result = _dumped(self._wrapper, environment, start)
        return None if result is None else _without_shell(result)

    def agree(self, operations: Sequence[Operation], names: Sequence[str]) -> bool:
        """Return whether the operations predict what the scripts do to other values.

        A script may read one variable to change another, so each is tried alone, alone but empty,
        and as the only missing one.
        """
        if len(names) > _MOST_NAMES:
            return False
        awkward = f'{self._folder}/it\'s a "value":x y;$HOME\\'
        values = {name: f"{awkward}{name}" for name in names}
        tried = [values, _chosen(values, names[::2]), _chosen(values, names[1::2])]
        for name in names:
            tried += [{name: values[name]}, {name: ""}, values | {name: ""}]
            tried.append(_chosen(values, [other for other in names if other != name]))
        with ThreadPoolExecutor() as pool:  # each waits for a process of its own
            return all(pool.map(lambda variables: self._agrees(operations, variables), tried))

    def _agrees(self, operations: Sequence[Operation], variables: Mapping[str, str]) -> bool:
        predicted = apply(_merged(self._base, operations), self.initial(variables))
        return self.result(variables) == _without_shell(predicted)


def _chosen(values: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: values[name] for name in names}


def _without_shell(environment: Mapping[str, str]) -> dict[str, str]:
    ignored = _SHELL_OWN - {"PATH"}
    return {name: value for name, value in environment.items() if name not in ignored}


def _merged(base: Sequence[Operation], derived: Sequence[Operation]) -> tuple[Operation, ...]:
    """Return both; the derived ones include the base's effect, except on Python's variables."""
    python = ("PYTHONNOUSERSITE", "PYTHONHOME")
    replaced = {operation[0] for operation in derived if operation[0] not in python}
    return (
        *(operation for operation in base if operation[0] not in replaced),
        *(operation for operation in derived if operation[0] in replaced),
    )


_DUMP = (
    "import os,sys;"
    "sys.stdout.buffer.write(bytes().join(os.fsencode(k+chr(61)+v+chr(0))"
    " for k,v in os.environ.items()))"
)


def _dump_command() -> tuple[str, ...]:
    """Return a command that prints its variables, each terminated by a NUL.

    GNU, BSD and busybox ``env`` know ``-0`` (POSIX does not), and start ten times faster than
    Python, of which scripts with many variables would need dozens.
    """
    env = shutil.which("env", path=os.defpath)
    return (env, "-0") if env and os.name == "posix" else (sys.executable, "-I", "-S", "-c", _DUMP)


def _dumped(
    wrapper: Sequence[str], environment: Mapping[str, str], folder: str
) -> dict[str, str] | None:
    """Return the variables that a process under ``wrapper`` sees, None if a script fails."""
    try:
        ran = subprocess.run(
            [*wrapper, *_dump_command()],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
    except subprocess.TimeoutExpired:
        return None
    if ran.returncode != 0 or not ran.stdout.endswith(b"\0"):
        return None
    pairs = (item.partition("=") for item in os.fsdecode(ran.stdout[:-1]).split("\0"))
    return {name: value for name, _, value in pairs}
