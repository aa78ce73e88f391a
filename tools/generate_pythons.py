"""Write condavision/analysis/data/attributes.tsv: which Pythons have which standard library name.

    pip install typeshed-client vermin
    python tools/generate_pythons.py

Sources, in order of trust: the CPythons found on this machine (each imports every module and lists
its names), typeshed's stubs (newest releases; which names are public), vermin's rules (the release
within 3.0 to 3.5, which no interpreter here may cover), and the reviewed corrections below. Only
names that some Python with the module lacks are written: everything else cannot narrow.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typeshed_client  # type: ignore[import-not-found]
import vermin  # type: ignore[import-not-found]
import vermin.rules  # type: ignore[import-not-found]

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.accuracy_pythons import interpreters
from condavision.core.pythons import KNOWN, Minor, format_minor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TARGET = Path(__file__).parent.parent / "condavision" / "analysis" / "data" / "attributes.tsv"

NEWEST_STUBS: tuple[Minor, ...] = ((3, 13), (3, 14), (3, 15))
OLDEST_STUBS: Minor = (3, 9)
STUB_PLATFORMS = ("linux", "darwin", "win32")

# Importing these has side effects or needs a display; their attributes are of little use.
SKIPPED = (
    "antigravity",
    "this",
    "idlelib",
    "test",
    "lib2to3",
    "turtledemo",
    "ensurepip",
    "__main__",
)

# Names of other modules that a module happens to have, and that scripts do use.
LEAKS: dict[str, tuple[str, ...]] = {"os": ("errno",)}

# Builtins and attributes that came or went in versions without interpreters or vermin rules (3.0 to
# 3.5), from "What's New in Python 3.1" to "3.6", compared with the stubs of 2018 (in mypy 0.600's
# wheel), which are the last for Python 3.3: the first and the last minor that have them.
CORRECTIONS: dict[str, tuple[Minor | None, Minor | None]] = {
    "builtins.callable": ((2, 7), None),  # absent from 3.0 and 3.1 only
    **dict.fromkeys(
        [
            f"builtins.{name}"
            for name in (
                "BlockingIOError", "BrokenPipeError", "ChildProcessError", "ConnectionAbortedError",
                "ConnectionError", "ConnectionRefusedError", "ConnectionResetError",
                "FileExistsError", "FileNotFoundError", "InterruptedError", "IsADirectoryError",
                "NotADirectoryError", "PermissionError", "ProcessLookupError", "TimeoutError",
            )
        ],
        ((3, 3), None),
    ),
    "builtins.ResourceWarning": ((3, 2), None),
    "builtins.RecursionError": ((3, 5), None),
    "builtins.StopAsyncIteration": ((3, 5), None),
    "asyncio.JoinableQueue": (None, (3, 4)),
    "asyncio.queues.JoinableQueue": (None, (3, 4)),
    "html.parser.HTMLParseError": (None, (3, 4)),
    "importlib.abc.PyLoader": (None, (3, 3)),
    "importlib.abc.PyPycLoader": (None, (3, 3)),
    "inspect.ModuleInfo": (None, (3, 5)),
    "inspect.getmoduleinfo": (None, (3, 5)),
    "cgi.parse_qs": (None, (3, 7)),
    "cgi.parse_qsl": (None, (3, 7)),
    "cgi.escape": (None, (3, 7)),
    "unittest.makeSuite": (None, (3, 12)),
    "unittest.findTestCases": (None, (3, 12)),
}  # fmt: skip

# Present only where the interpreter was built with the right libraries or on the right system:
# a name missing on one machine is no evidence, so additions need a second source.
BUILD_DEPENDENT = frozenset(
    {
        "crypt", "curses", "curses.panel", "dbm", "errno", "fcntl", "grp", "locale", "mmap",
        "os", "posix", "pty", "pwd", "readline", "resource", "select", "selectors", "shutil",
        "signal", "socket", "ssl", "subprocess", "sys", "sysconfig", "syslog", "termios", "time",
        "tkinter", "tty", "zlib", "hashlib", "multiprocessing.connection", "asyncio",
        "socketserver",
    }
)  # fmt: skip

IMPORTED = """
    if module_name == "builtins" and sys.version_info[0] == 2:
        actual = "__builtin__"
    else:
        actual = module_name
    try:
        module = importlib.import_module(actual)
    except BaseException:
        continue"""
"""The start of a loop over modules, in a program that any of the interpreters runs."""

LISTER = f"""
import json, sys, types, warnings, importlib, inspect
warnings.simplefilter("ignore")
asked = json.load(sys.stdin)
out = {{}}
for module_name, (classes, names) in asked.items():{IMPORTED}
    public = getattr(module, "__all__", None) or ()
    found = {{}}
    for name in dir(module):
        if name.startswith("_"):
            continue
        try:
            value = getattr(module, name)
        except BaseException:
            continue
        home = getattr(value, "__module__", None)
        if isinstance(value, types.ModuleType):
            kind = "module"
        elif name in public:
            kind = "own"
        elif inspect.isclass(value) or inspect.isroutine(value):
            native = home is None or home == "strop" or home in sys.builtin_module_names
            kind = "own" if native or home in (module_name, actual) else "leak"
        else:
            kind = "own"
        found[name] = kind
        if name in classes and inspect.isclass(value):
            for member in dir(value):
                if not member.startswith("_"):
                    found[name + "." + member] = "own"
    for name in names:  # some modules make names on demand
        if name not in found and "." not in name and hasattr(module, name):
            found[name] = "own"
    out[module_name] = found
sys.stdout.write("\\n" + json.dumps(out))
"""

Listing = dict[str, dict[str, str]]


def vermin_rules() -> dict[str, tuple[Minor | None, Minor | None]]:
    """Return vermin's first 2.x and first 3.x for each dotted name."""
    rules: dict[str, tuple[Minor | None, Minor | None]] = vermin.rules.MOD_MEM_REQS(vermin.Config())
    return rules


def stub_context(minor: Minor, platform: str) -> typeshed_client.finder.SearchContext:
    return typeshed_client.get_search_context(version=minor, platform=platform, search_path=[])


def stub_modules() -> list[str]:
    root = typeshed_client.finder.find_typeshed()
    names = set()
    for path in root.rglob("*.pyi"):
        parts = path.relative_to(root).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if parts and parts[0] not in SKIPPED and not any(part.startswith("_") for part in parts):
            names.add(".".join(parts))
    return sorted(names - {"typing_extensions"})


def stub_names(module: str, minor: Minor) -> set[str] | None:
    """Return the public names of a module and its classes' members, on any platform."""
    names: set[str] = set()
    found = False
    for platform in STUB_PLATFORMS:
        entries = typeshed_client.get_stub_names(
            module, search_context=stub_context(minor, platform)
        )
        if entries is None:
            continue
        found = True
        for name, info in entries.items():
            if name.startswith("_") or not info.is_exported:
                continue
            names.add(name)
            names.update(f"{name}.{member}" for member in info.child_nodes or ())
    return names if found else None


def ask(executable: Path, program: str, question: object) -> Any:
    """Return the result of a program in an interpreter: JSON in, JSON in the last line out."""
    process = subprocess.run(
        [executable, "-c", program],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(process.stdout.rpartition("\n")[2])


def listings(modules: Iterable[str], classes: dict[str, list[str]]) -> dict[Minor, Listing]:
    """Return the names of the modules from every interpreter."""
    names: dict[str, set[str]] = {module: set() for module in modules}
    answers: dict[Minor, Listing] = {}
    for _ in range(2):  # the second time with the names that any of them has
        asked = {module: (classes.get(module, []), sorted(names[module])) for module in names}
        for minor, executable in interpreters().items():
            answers[minor] = ask(executable, LISTER, asked)
            for module, listed in answers[minor].items():
                names[module].update(listed)
    return answers


def _until(last: Minor) -> frozenset[Minor]:
    """Return the Pythons from 3.0 to ``last``."""
    return frozenset(minor for minor in KNOWN if (3, 0) <= minor <= last)


class Evidence:
    """The data of the sources on one name of one module."""

    def __init__(self, qualified: str, rule: tuple[Minor | None, Minor | None] | None) -> None:
        self.qualified = qualified
        self.rule = rule
        self.present: dict[Minor, bool] = {}
        self.public = False

    def minors(self, absent_modules: set[Minor]) -> frozenset[Minor] | None:
        """Return the Pythons that have the name, or None if it is no evidence.

        Pythons without the module itself are admitted, as the module's own rule excludes them,
        unless the name is younger than the module: then no backport of the module has it either.
        """
        first, last = CORRECTIONS.get(self.qualified, (None, None))
        having = [minor for minor in sorted(self.present) if self.present[minor]]
        if not having:
            return None if last is None else _until(last) | (absent_modules & {(2, 7)})
        python2 = self.present.get((2, 7), (2, 7) in absent_modules)
        admitted: set[Minor] = set()
        lower = (3, 0)
        if having[-1] >= (3, 0):
            lower = first or self._lower(having, python2=python2)
            newest = having[-1]
            upper = last or (KNOWN[-1] if newest == max(self.present) else newest)
            admitted = {minor for minor in KNOWN if lower <= minor <= upper}
        elif last:
            admitted = {*_until(last)}
        with_module = [minor for minor in KNOWN if minor >= (3, 0) and minor not in absent_modules]
        younger = bool(with_module) and lower > with_module[0] and (2, 7) in absent_modules
        if not younger:
            admitted |= absent_modules
            if python2:
                admitted.add((2, 7))
        else:
            admitted |= {minor for minor in absent_modules if minor > lower}
        if having[-1] < with_module[-1]:  # gone before its module was
            admitted -= {minor for minor in absent_modules if minor > having[-1]}
        return frozenset(admitted)

    def _lower(self, having: list[Minor], *, python2: bool) -> Minor:
        """Return the first 3.x that has the name."""
        oldest = next(minor for minor in having if minor >= (3, 0))
        if any((3, 0) <= minor < oldest for minor in self.present):
            return oldest
        if not python2 and self.rule is not None and self.rule[1] is not None:
            return min(self.rule[1], oldest)
        return (3, 0)


def collect() -> Iterator[tuple[str, str, frozenset[Minor]]]:
    """Yield (module, name, Pythons) for each name that can narrow."""
    rules = vermin_rules()
    modules = stub_modules()
    known_modules = set(modules)
    classes: dict[str, list[str]] = defaultdict(list)
    for dotted in rules:
        owner, _, _ = dotted.rpartition(".")
        module, _, name = owner.rpartition(".")
        if module in known_modules and owner not in known_modules:
            classes[module].append(name)
    found = listings(modules, classes)
    for module in modules:
        stubs = {minor: stub_names(module, minor) for minor in NEWEST_STUBS}
        documented = (stub_names(module, OLDEST_STUBS) or set()).union(
            *filter(None, stubs.values())
        )
        yield from _of_module(module, stubs, found, rules, known_modules, documented)


def _of_module(
    module: str,
    stubs: dict[Minor, set[str] | None],
    found: dict[Minor, Listing],
    rules: dict[str, tuple[Minor | None, Minor | None]],
    known_modules: set[str],
    documented: set[str],
) -> Iterator[tuple[str, str, frozenset[Minor]]]:
    having_module = {minor for minor, listing in found.items() if module in listing}
    having_module |= {minor for minor, names in stubs.items() if names is not None}
    if not having_module:
        return
    absent = {
        minor for minor in KNOWN
        if (minor in found or minor in stubs) and minor not in having_module
    }  # fmt: skip
    oldest = min(having_module)
    absent |= {minor for minor in KNOWN if (3, 0) <= minor < oldest}
    names = {name for listing in found.values() for name in listing.get(module, ())}
    names |= {name for listed in stubs.values() for name in listed or ()}
    names |= {it.rpartition(".")[2] for it in CORRECTIONS if it.rpartition(".")[0] == module}
    for name in sorted(names):
        qualified = f"{module}.{name}"
        leaks = name in LEAKS.get(module, ())
        kinds = {
            listing[module][name] for listing in found.values() if name in listing.get(module, ())
        }
        if qualified in known_modules or (("module" in kinds or kinds == {"leak"}) and not leaks):
            continue
        rule = rules.get(qualified) or rules.get(name if module == "builtins" else "")
        in_stubs = [minor for minor, listed in stubs.items() if listed and name in listed]
        evidence = Evidence(qualified, rule)
        for minor, listing in found.items():
            if module in listing:
                evidence.present[minor] = name in listing[module]
        _newest(evidence, stubs, in_stubs, max(found))
        disputed = max(found) in in_stubs and not evidence.present.get(max(found), True)
        if disputed or not _credible(module, name, evidence, rule, name in documented or leaks):
            continue
        admitted = evidence.minors(absent)
        if admitted is not None and admitted != frozenset(KNOWN):
            yield module, name, admitted


def _newest(
    evidence: Evidence,
    stubs: dict[Minor, set[str] | None],
    in_stubs: list[Minor],
    newest: Minor,
) -> None:
    """Use the stubs for the Pythons that are not on the machine."""
    stubs_agree = evidence.present.get(newest, False) == (newest in in_stubs)
    for minor, listed in stubs.items():
        if minor > newest and listed is not None and stubs_agree and in_stubs:
            evidence.present[minor] = minor in in_stubs


def _credible(
    module: str,
    name: str,
    evidence: Evidence,
    rule: tuple[Minor | None, Minor | None] | None,
    documented: bool,
) -> bool:
    """Return whether a difference between interpreters is one between versions."""
    present = evidence.present
    order = sorted(minor for minor in present if minor >= (3, 0))
    changes = [
        (earlier, later) for earlier, later in pairwise(order) if present[earlier] != present[later]
    ]
    if len(changes) > 1:  # there, gone, there again: the machine, not the version
        return False
    if "." in name and rule is None:  # members of classes differ in many ways that mean nothing
        return False
    added = bool(changes) and present[changes[0][1]]
    if added:
        return rule is not None or (documented and module not in BUILD_DEPENDENT)
    if changes:  # removed within Python 3
        return (
            documented
            or rule is not None
            or module not in BUILD_DEPENDENT
            or changes[0][1] <= OLDEST_STUBS
        )
    if order and present[order[0]] and not present.get((2, 7), True):  # came with Python 3
        return rule is not None or (documented and module not in BUILD_DEPENDENT)
    return True


def spans(minors: frozenset[Minor]) -> str:
    """Return a set of minors as ``2.7 3.3-3.9``."""
    runs: list[list[Minor]] = []
    for position, minor in enumerate(KNOWN):
        if minor not in minors:
            continue
        if runs and KNOWN.index(runs[-1][1]) == position - 1:
            runs[-1][1] = minor
        else:
            runs.append([minor, minor])
    return " ".join(
        format_minor(first) if first == last else f"{format_minor(first)}-{format_minor(last)}"
        for first, last in runs
    )


def write_table(
    target: Path,
    found: Iterable[tuple[str, str, frozenset[Minor]]],
    columns: str,
    sources: Iterable[str] = ("typeshed-client", "vermin"),
) -> None:
    """Write a table: what has names, the Pythons that have them, and the names."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for owner, name, minors in found:
        rows[owner, spans(minors)].append(name)
    here = ", ".join(map(format_minor, interpreters()))
    others = ", ".join(f"{name} {version(name)}" for name in sources)
    today = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    tool = Path(sys.argv[0]).name
    lines = [
        f"# Generated by tools/{tool} on {today} from CPython {here}, {others}.",
        f"# {columns}",
        *("\t".join((*key, " ".join(names))) for key, names in sorted(rows.items())),
    ]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{target}: {sum(map(len, rows.values()))} names in {len(rows)} rows")


if __name__ == "__main__":
    write_table(
        TARGET, collect(), "module, Pythons that have the names (or lack the module), names"
    )
