"""Read the warm record of a script: what must be unchanged since its last run, and its command.

This is imported on every run, before the rest of the package, so it imports only ``os``: ``re`` and
``json`` would cost as much as the rest of the start. ``warm_record`` writes the records.

A record is a file of NUL-terminated fields (no path or variable can have a NUL), lists preceded by
their length: the format's name, the script's identity, the module that it runs as or nothing,
inputs (variable, ``=`` and its value or nothing), checks (path, signature, SHARED or the module
names of a folder behind ``=``), operations, wrapper, PYTHONPATH additions, and then the
interpreter, the file whose time is the last use, and the format's name again.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Operation = tuple[str, str, str, str, str, str]
    """What activation does to one variable: name, source, mode, before, after, otherwise.

    If the variable ``source`` is set, the new value is ``before``, its value, ``after`` (only
    ``before`` if ``mode`` is CONSTANT). If it is unset, or empty and ``mode`` is NONEMPTY, the new
    value is ``otherwise``: ``=`` and the value, KEEP, or an empty string to unset the variable.
    """

_LARGEST = 1 << 25  # bytes of a record; one of ten thousand files has 2 MB
FORMAT = "condavision warm record 2"

CONSTANT, NONEMPTY = "constant", "nonempty"
KEEP = "keep"

SHARED = "shared"
"""Of a file that other environments may link: each link that comes or goes is a change to it."""

MODULE_SUFFIXES = (".py", ".pyw", ".ipynb", ".so", ".pyd", ".pyc", ".pth", ".zip", ".egg")


def apply(operations: "Iterable[Operation]", environment: "Mapping[str, str]") -> dict[str, str]:
    """Return ``environment`` after an activation; every operation sees the original values."""
    result = dict(environment)
    for name, source, mode, before, after, otherwise in operations:
        value = environment.get(source) if source else None
        if value is None or (mode == NONEMPTY and not value):
            if otherwise.startswith("="):
                result[name] = otherwise[1:]
            elif otherwise != KEEP:
                result.pop(name, None)
        else:
            result[name] = before if mode == CONSTANT else before + value + after
    return result


def words(name: str, *, module: bool = False) -> list[str]:
    """Return Python's arguments for a script, or for a module by its name."""
    if module:
        return ["-m", name]
    return [f"./{name}" if name.startswith("-") else name]  # or Python would parse it as an option


def compose(
    arguments: "Sequence[str]",
    environ: "Mapping[str, str]",
    *,
    python: str,
    wrapper: "Sequence[str]",
    operations: "Iterable[Operation]",
    paths: "Sequence[str]",
) -> tuple[list[str], dict[str, str]]:
    """Return the command of a target's process, and its variables.

    ``arguments`` are Python's. The variables are ``environ`` after activation, with ``paths`` in
    front of PYTHONPATH, without duplicates. ``wrapper`` runs activation scripts.
    """
    variables = apply(operations, environ)
    if paths:
        inherited = variables.get("PYTHONPATH", "").split(os.pathsep)
        entries = dict.fromkeys([*paths, *filter(None, inherited)])
        variables["PYTHONPATH"] = os.pathsep.join(entries)
    return [*wrapper, python, *arguments], variables


def signature(path: str) -> str:
    """Return the stat signature of a file or folder, as in git's index; empty if it is missing."""
    try:
        status = os.stat(path)  # noqa: PTH116 - pathlib costs 5 ms
    except OSError:
        return ""
    return f"{status.st_ino:x} {status.st_size:x} {status.st_mtime_ns:x} {status.st_ctime_ns:x}"


def module_names(folder: str) -> str:
    """Return the names in a folder that an import could find, sorted and joined by ``/``.

    Scripts may write results beside themselves; only modules and packages (names without a dot)
    change what is imported.
    """
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return ""
    kept = [name for name in names if "." not in name or name.endswith(MODULE_SUFFIXES)]
    return "/".join(sorted(name for name in kept if name != "__pycache__"))


def warm_home(environ: "Mapping[str, str]") -> str:
    """Return the cache folder, as ``system.cache_dir`` does, without importing ``platformdirs``."""
    override = environ.get("CONDAVISION_HOME")
    if override:
        return os.path.join(os.getcwd(), override)  # noqa: PTH109, PTH118
    if os.name == "nt":
        return environ.get("LOCALAPPDATA", "") + "\\condavision\\Cache"
    home = os.path.expanduser("~")  # noqa: PTH111
    if os.uname().sysname == "Darwin":
        return home + "/Library/Caches/condavision"
    cache = environ.get("XDG_CACHE_HOME", "")
    return (cache if cache.strip() else home + "/.cache") + "/condavision"


def identity(script: str, *, module: bool = False) -> str:
    """Return the subject of a record: a script's real path, or a module and the folder it runs in.

    A module's has two slashes, which no real path has.
    """
    return f"{os.getcwd()}//-m {script}" if module else os.path.realpath(script)  # noqa: PTH109


def record_path(home: str, script: str) -> str:
    """Return the path of a script's record; ``script`` is its identity.

    The folders of the script are repeated below ``warm``: a digest would need an import.
    """
    return f"{home}/warm/{script.replace(':', '').lstrip('/')}.warm"


def warm_command(
    script: str, arguments: list[str], environ: "Mapping[str, str]", *, module: bool = False
) -> tuple[list[str], dict[str, str]] | None:
    """Return the command and variables of an unchanged script's last run; None if not known.

    With ``module``, ``script`` is the name of a module, run by ``-m``.

    Raises:
        OSError, ValueError: the record is unreadable or damaged; callers treat it as missing.
    """
    home = warm_home(environ)
    if not _is_private(f"{home}/warm"):
        return None
    real = identity(script, module=module)
    fields = iter(read_fields(record_path(home, real)))
    if next(fields, "") != FORMAT or next(fields, "") != real:
        return None
    runs = next(fields, "")
    for name, value in _pairs(read_list(fields)):
        current = environ.get(name)
        if value != ("" if current is None else "=" + current):
            return None
    checks = read_list(fields)
    for at in range(0, len(checks), 3):
        if not is_unchanged(checks[at], checks[at + 1], checks[at + 2]):
            return None
    operations, wrapper, paths = grouped(read_list(fields)), read_list(fields), read_list(fields)
    python, used = next(fields, ""), next(fields, "")
    if next(fields, "") != FORMAT or next(fields, None) is not None:
        return None
    _touch(used)
    return compose(
        [*words(runs or script, module=bool(runs)), *arguments],
        environ,
        python=python,
        wrapper=wrapper,
        operations=operations,
        paths=paths,
    )


def _pairs(items: "Sequence[str]") -> "Iterator[tuple[str, str]]":
    return zip(items[::2], items[1::2], strict=True)


def _is_private(folder: str) -> bool:
    """Return whether only this user can write the files in a folder."""
    if os.name == "nt":  # the user's profile is private by its access list
        return True
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    is_folder = status.st_mode & 0o170000 == 0o040000
    return is_folder and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def is_unchanged(path: str, expected: str, names: str) -> bool:
    """Return whether a path has its signature, or a folder at least its ``module_names``.

    With SHARED instead of names, a file may have another change time.
    """
    found = signature(path)
    if found == expected:
        return True
    if names == SHARED:
        return found != "" and found.rpartition(" ")[0] == expected.rpartition(" ")[0]
    return names != "" and names == "=" + module_names(path)


def _touch(used: str) -> None:
    """Note the time of use, once an hour at most."""
    from time import time  # noqa: PLC0415 - built in, and needed only here

    try:
        if os.stat(used).st_mtime < time() - 3600:  # noqa: PTH116
            os.utime(used)
    except OSError:
        pass  # a cache that this user cannot write


def read_fields(path: str) -> list[str]:
    """Return the fields of a file; none if it is missing, truncated or absurdly large.

    A pipe in its place is not waited for.
    """
    flags = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, os.O_RDONLY | flags)
    except OSError:
        return []
    try:
        content = b""
        while part := os.read(descriptor, 1 << 20):
            content += part
            if len(content) > _LARGEST:
                return []
    except OSError:
        return []
    finally:
        os.close(descriptor)
    if not content.endswith(b"\0"):
        return []
    return os.fsdecode(content[:-1]).split("\0")


def encode(fields: "Iterable[str]") -> bytes:
    """Return the content of a file with these fields."""
    return os.fsencode("".join(f"{field}\0" for field in fields))


def counted(items: "Sequence[str]") -> list[str]:
    """Return a list as fields: its length, then its items."""
    return [str(len(items)), *items]


def read_list(fields: "Iterator[str]") -> tuple[str, ...]:
    """Return the next list, preceded by its length.

    Raises:
        ValueError: the list is truncated.
    """
    length = int(next(fields, ""))
    items = tuple(field for _, field in zip(range(length), fields, strict=False))
    if len(items) != length:
        raise ValueError("a list is truncated")
    return items


def grouped(fields: "Sequence[str]") -> "tuple[Operation, ...]":
    """Return operations from their fields, six each."""
    return tuple(tuple(fields[at : at + 6]) for at in range(0, len(fields), 6))  # type: ignore[misc]
