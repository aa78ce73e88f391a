"""Write condavision/analysis/data/stdlib.tsv: which Pythons have which standard library module.

    pip install stdlib-list typeshed-client
    python tools/generate_stdlib.py

Sources: stdlib-list (the documentation's module index of each release, submodules included) and
typeshed's VERSIONS file (the newest releases, and modules the documentation leaves out).
"""

from __future__ import annotations

import datetime
import importlib.resources
import re
from importlib.metadata import version
from pathlib import Path

import stdlib_list

from condavision.core.pythons import KNOWN, Minor, format_minor

TARGET = Path(__file__).parent.parent / "condavision" / "analysis" / "data" / "stdlib.tsv"

LISTED = {tuple(map(int, text.split("."))) for text in stdlib_list.short_versions}

# Typing stubs without a module, and entries from the machines that the lists were made on.
# (`test` and other packages with dozens of submodules are found by their parents.)
NOT_LIBRARY = re.compile(
    r"_typeshed|typing_extensions|mypy_extensions|_sysconfigdata_.*|lib\..*|.*\.tests?\..*"
    r"|test\.(?!support$|test_support$).*|idlelib\.idle_test.*|lib2to3\.tests.*|.*\.xml\..*|xml\.parsers\.expat\..*"
)

# Errors and gaps of both sources; checked against the interpreters.
CORRECTIONS: dict[str, tuple[Minor | None, Minor | None]] = {
    "importlib.resources": ((3, 7), None),
    "importlib.metadata": ((3, 8), None),
    "collections.abc": ((3, 3), None),
    "distutils": (None, (3, 11)),
    "imp": (None, (3, 11)),
    "asyncore": (None, (3, 11)),
    "asynchat": (None, (3, 11)),
    "smtpd": (None, (3, 11)),
    "binhex": (None, (3, 10)),
    "formatter": (None, (3, 9)),
    "parser": (None, (3, 9)),
    "symbol": (None, (3, 9)),
    "macpath": (None, (3, 7)),
    "dummy_threading": (None, (3, 8)),
    "_dummy_thread": ((3, 0), (3, 8)),
    "macurl2path": (None, (3, 6)),
    "os.path": (None, None),
    "test": (None, None),
    "test.support": ((3, 0), None),
    "test.test_support": (None, (2, 7)),
    "typing.io": ((3, 5), (3, 12)),
    "typing.re": ((3, 5), (3, 12)),
    "xml.etree.cElementTree": (None, None),
    **{
        f"email.{name}": (None, (2, 7))
        for name in (
            "Charset",
            "Encoders",
            "Errors",
            "Generator",
            "Header",
            "Iterators",
            "MIMEAudio",
            "MIMEBase",
            "MIMEImage",
            "MIMEMessage",
            "MIMEMultipart",
            "MIMENonMultipart",
            "MIMEText",
            "Message",
            "Parser",
            "Utils",
        )
    },
}


def documented() -> dict[str, set[Minor]]:
    modules: dict[str, set[Minor]] = {}
    for minor in KNOWN:
        nearest = minor if minor in LISTED else None
        if minor in {(3, 0), (3, 1)}:
            nearest = (3, 2)
        if nearest is None:
            continue
        for module in stdlib_list.stdlib_list(format_minor(nearest)):
            modules.setdefault(module, set()).add(minor)
    return modules


def typeshed() -> dict[str, set[Minor]]:
    text = importlib.resources.files("typeshed_client").joinpath("typeshed/VERSIONS").read_text()
    modules = {}
    for line in text.splitlines():
        entry = line.partition("#")[0].strip()
        if entry:
            module, _, span = entry.partition(":")
            first, _, last = span.strip().partition("-")
            modules[module] = set(spanned(parsed(first), parsed(last) if last else None))
    return modules


def parsed(text: str) -> Minor:
    major, minor = text.split(".")
    return int(major), int(minor)


def spanned(first: Minor | None, last: Minor | None) -> list[Minor]:
    return [it for it in KNOWN if (first is None or it >= first) and (last is None or it <= last)]


def merged() -> dict[str, set[Minor]]:
    modules = documented()
    newest_listed = max(minor for minor in LISTED)
    for module, minors in typeshed().items():
        known = modules.setdefault(module, set())
        if not known:
            known |= minors
        else:  # the index is right about what it lists; typeshed about what came after
            known |= {minor for minor in minors if minor > newest_listed or minor < (3, 4)}
            known &= minors | {(2, 7)}
    spans = typeshed()
    for module, minors in modules.items():
        if module not in spans and newest_listed in minors:
            parent = module.rpartition(".")[0]
            while parent and parent not in spans:
                parent = parent.rpartition(".")[0]
            newer = {minor for minor in KNOWN if minor > newest_listed}
            modules[module] = minors | ((spans[parent] & newer) if parent else newer)
    for module, (first, last) in CORRECTIONS.items():
        old = {(2, 7)} & modules.get(module, {(2, 7)} if first is None else set())
        modules[module] = {it for it in spanned(first, last) if it != (2, 7)} | old
    for module in sorted(modules):
        minors = modules[module]
        threes = minors - {(2, 7)}
        if threes:  # single indexes have gaps
            first = min(threes)
            if (2, 7) in minors and first <= (3, 4):  # older indexes list no submodules
                first = (3, 0)
            minors |= {it for it in KNOWN if first <= it <= max(threes)}
        parent = module.rpartition(".")[0]
        if parent in modules:  # the modules of a package that left cannot stay
            minors &= modules[parent]
    return {
        module: minors
        for module, minors in modules.items()
        if minors and not NOT_LIBRARY.fullmatch(module)
    }


def spelled(minors: set[Minor]) -> str:
    threes = sorted(minors - {(2, 7)})
    spans = ["2.7"] if (2, 7) in minors else []
    if threes:
        spans.append(f"{format_minor(threes[0])}-{format_minor(threes[-1])}")
    return " ".join(spans)


def main() -> None:
    found = merged()
    sources = ", ".join(f"{name} {version(name)}" for name in ("stdlib-list", "typeshed-client"))
    today = datetime.datetime.now(tz=datetime.UTC).date()
    lines = [
        f"# Generated by tools/generate_stdlib.py on {today} from {sources}.",
        "# module, Pythons that have it",
        *(f"{module}\t{spelled(found[module])}" for module in sorted(found)),
    ]
    TARGET.write_text("".join(f"{line}\n" for line in lines))
    print(f"{TARGET.name}: {len(found)} modules")


if __name__ == "__main__":
    main()
