"""Collect what wheels show and no name does: modules that are gone, and what submodules need.

    nox -s evidence -- --most 2000
    python tools/evidence.py --popular top_pypi_packages.json [--most 2000] [--seconds 3300]
    python tools/evidence.py NAME...

Of each distribution the newest wheel is compared with the last ones of three earlier majors: which
public modules it lacks, and which release had each last. In the newest one, submodules whose
imports fail without an extra are noted. Only directories and few files are read, by range requests,
of a few distributions at a time; what was read is kept by SHA-256, and a distribution that is done
is not asked again (``--state``), so that an interrupted run resumes.

The results are ``tools/import_map/evidence.tsv``, an input of ``generate_import_map.py``, and
``needs.tsv`` among the data of the analysis.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from dataclasses import asdict, dataclass, field
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from condavision.analysis.facts.facts import read_facts
from condavision.analysis.source.source import read_source
from condavision.artefacts.artefact import UnreadError
from condavision.artefacts.reader import ArtefactReader
from condavision.compile_stage.proof.questions import Installed
from condavision.compile_stage.proof.search import Search
from condavision.compile_stage.proof.supply import Supply
from condavision.core.modules import prefixes
from condavision.errors import CondavisionError
from condavision.mapping.import_map import ImportMap
from condavision.system.cache_dir import home

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from condavision.analysis.records import RawImport
    from condavision.artefacts.files import Files
    from condavision.compile_stage.proof.releases import Release
    from condavision.compile_stage.solving.solve import LockSolver

HERE = Path(__file__).resolve().parent
PLACE = Installed("linux-64", "3.12", ())
DEEPEST = 3  # parts of a module's name
MAJORS = 3
MOST_READ = 60  # files of one wheel
_PRIVATE = re.compile(
    r"_|(?:tests?|testing|examples?|docs?|conftest|vendor(?:ed)?|extern|migrations|setup)\Z"
)
_MODULE = re.compile(r"(?P<path>[^./]+(?:/[^./]+)*?)(?:/__init__)?\.(?:py|[^/]*\.?so|pyd)\Z")


@dataclass
class Shown:
    """What the wheels of one distribution show: modules with constraints, modules with needs."""

    name: str
    gone: dict[str, str] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)


class NoChannels:
    """What ``Supply`` asks of a solver: only indexes are read here."""

    offline = False

    @property
    def opened(self) -> LockSolver:
        """No channel is read.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError


def public_modules(files: Files) -> set[str]:
    """Return the modules that scripts may import, down to some depth."""
    found = set()
    for name in files.names:
        match = _MODULE.match(name)
        parts = match["path"].split("/") if match else []
        is_public = all(it.isidentifier() and not _PRIVATE.match(it) for it in parts)
        if is_public and 0 < len(parts) <= DEEPEST:
            found.add(".".join(parts))
    return found


def outermost(modules: set[str]) -> list[str]:
    """Return the modules of which no parent is there."""
    return sorted(it for it in modules if not any(it.startswith(f"{one}.") for one in modules))


async def collect(name: str, reader: ArtefactReader, supply: Supply) -> Shown:
    """Return what the wheels of a distribution show; nothing where it has none.

    Raises:
        UnreadError: its newest wheel cannot be read.
    """
    shown = Shown(name)
    releases = [it for it in await supply.on_index(name, PLACE) if not it.version.is_prerelease]
    if releases:
        newest = releases[-1]
        files = await reader.files(newest.artefact)
        shown.gone = await gone(releases, files, reader)
        shown.needs = await needs(newest, files, reader)
    return shown


async def gone(releases: list[Release], files: Files, reader: ArtefactReader) -> dict[str, str]:
    """Return the modules that the newest release lacks, and the versions that have them."""
    newest, has_now = releases[-1], public_modules(files)
    last = {it.version.release[:1]: it for it in releases[:-1]}
    last.pop(newest.version.release[:1], None)
    lacking: set[str] = set()
    for release in [*last.values()][-MAJORS:]:
        try:
            lacking |= public_modules(await reader.files(release.artefact)) - has_now
        except UnreadError:
            continue
    found = {}
    for module in outermost(lacking):

        async def has(release: Release, module: str = module) -> bool | None:
            try:
                return (await reader.files(release.artefact)).module(module) is not None
            except UnreadError:
                return None

        if files.module(module) is None and not files.has_folder(module):
            edge = await Search(has, {}).instead_of(newest.version, releases)
            if edge is not None:
                found[module] = edge.constraint
    return found


async def needs(newest: Release, files: Files, reader: ArtefactReader) -> dict[str, list[str]]:
    """Return the modules of a wheel whose own imports fail without an extra."""
    metadata = next((it for it in files.names if it.endswith(".dist-info/METADATA")), None)
    if metadata is None:
        return {}
    extras = only_extras((await reader.read(newest.artefact, [metadata]))[metadata])
    modules = {files.module(it) or "": it for it in sorted(public_modules(files))}
    paths = [it for it in modules if it.endswith(".py")][:MOST_READ]
    if not extras or not paths:
        return {}
    read = {
        modules[path]: [*asked(Path(path), modules[path], content)]
        for path, content in (await reader.read(newest.artefact, paths)).items()
    }
    found = {module: foreign(module, read, extras) for module in read if module.count(".") == 1}
    return {module: needed for module, needed in found.items() if needed}


def foreign(module: str, read: dict[str, list[str]], extras: frozenset[str]) -> list[str]:
    """Return what of ``extras`` is imported where a module of these is, directly or by others."""
    pending, seen, needed = [module], {module}, set()
    while pending:
        at = pending.pop()
        for name in (*prefixes(at), *read.get(at, ())):
            own = next((it for it in prefixes(name) if it in read), None)
            provider = None if own else ImportMap.bundled().provider(name)
            if own is not None and own not in seen:
                seen.add(own)
                pending.append(own)
            elif provider is not None and provider.pypi in extras:
                needed.add(provider.module)
    return sorted(needed)


def only_extras(metadata: bytes) -> frozenset[str]:
    """Return the distributions that only extras bring."""
    required, extra = set[str](), set[str]()
    for text in BytesParser().parsebytes(metadata).get_all("Requires-Dist", ()):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        into = extra if "extra" in str(requirement.marker or "") else required
        into.add(canonicalize_name(requirement.name))
    return frozenset(extra - required)


def asked(path: Path, module: str, content: bytes) -> Iterator[str]:
    """Yield the modules that a file imports when it is imported, by their full names."""
    try:
        imports = read_facts(read_source(path, data=content)).imports
    except CondavisionError:
        return
    package = module.split(".")[: None if path.stem == "__init__" else -1]
    for raw in filter(must_succeed, imports):
        base = package[: len(package) - raw.level + 1] if raw.level else []
        name = ".".join(filter(None, (*base, raw.name)))
        yield name
        yield from (f"{name}.{member}" for member in raw.members)


def must_succeed(raw: RawImport) -> bool:
    guard = raw.guard
    may_fail = guard.optional or guard.fallback or guard.typing or guard.dead or guard.platforms
    return not (may_fail or raw.lazy or raw.implied_by or raw.dynamic)


async def collect_all(names: Iterable[str], state: Path, seconds: float, at_once: int) -> None:
    """Collect of all that ``state`` does not have yet, until the time is over."""
    done = {json.loads(line)["name"] for line in _lines(state)}
    reader, supply = ArtefactReader(home()), Supply(NoChannels())
    turns, ends = asyncio.Semaphore(at_once), time.monotonic() + seconds

    async def one(name: str) -> None:
        async with turns:
            if time.monotonic() > ends:
                return
            try:
                shown = await collect(name, reader, supply)
            except (CondavisionError, UnreadError, KeyError) as error:
                print(f"{name}: {error}")
                return
        with state.open("a", encoding="utf-8") as stream:
            stream.write(f"{json.dumps(asdict(shown))}\n")

    await asyncio.gather(*(one(name) for name in names if name not in done))


def _lines(state: Path) -> list[str]:
    return state.read_text("utf-8").splitlines() if state.exists() else []


def write(state: Path, evidence: Path, needs_file: Path) -> None:
    """Write the tables of everything that was collected."""
    shown = [Shown(**json.loads(line)) for line in _lines(state)]
    gone_rows = {f"{module}\t{it.name}\t{c}" for it in shown for module, c in it.gone.items()}
    need_rows = {f"{m}\t{' '.join(needed)}" for it in shown for m, needed in it.needs.items()}
    for file, title, rows in (
        (evidence, "# module, distribution, versions that have it", gone_rows),
        (needs_file, "# module, what it imports that only an extra brings", need_rows),
    ):
        file.write_text("\n".join([title, *sorted(rows), ""]), "utf-8", newline="\n")
        print(f"{file.name}: {len(rows)} rows")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="distributions; by default the most downloaded")
    parser.add_argument("--popular", type=Path, help="a list of them, as guarddog has it")
    parser.add_argument("--most", type=int, default=2000, help="how many of the list")
    parser.add_argument("--seconds", type=float, default=3300, help="start none after this time")
    parser.add_argument("--at-once", type=int, default=4, help="distributions asked at a time")
    parser.add_argument("--state", type=Path, default=home() / "evidence" / "collected.jsonl")
    parser.add_argument("--evidence", type=Path, default=HERE / "import_map" / "evidence.tsv")
    data = HERE.parent / "condavision" / "analysis" / "data"
    parser.add_argument("--needs", type=Path, default=data / "needs.tsv")
    args = parser.parse_args(argv)
    names = args.names
    if not names:
        if args.popular is None:
            parser.error("name distributions, or give a list with --popular")
        names = json.loads(args.popular.read_text("utf-8"))["packages"][: args.most]
    args.state.parent.mkdir(parents=True, exist_ok=True)
    names = dict.fromkeys(map(canonicalize_name, names))
    asyncio.run(collect_all(names, args.state, args.seconds, args.at_once))
    write(args.state, args.evidence, args.needs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
