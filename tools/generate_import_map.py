"""Regenerate the bundled import map from data that ships inside PyPI packages.

    nox -s map                                # installs the packages below and runs this
    python tools/generate_import_map.py       # if they are installed already

Inputs, each found in an installed package or given on the command line:

=============  =======================================================================
--pigar        ``pigar/.db.sqlite3``: top-level modules of every distribution on PyPI
--conda-pypi   ``conda_pypi/grayskull_pypi_mapping.json``: conda-forge names, dotted
               import names
--depfinder    ``depfinder/pkg_data/name_mapping.yml``: the same, older, with names that
               the newer file lost
--grayskull    ``grayskull/strategy/config.yaml``: conda-forge names that differ, by hand
--popular      ``guarddog/analyzer/metadata/resources/top_pypi_packages.json``: the most
               downloaded distributions, in order
--conda-forge  optional, a list of ``conda-forge package <TAB> its distributions``, read from the
               packages themselves (github.com/prefix-dev/parselmouth): it vouches for them
--outputs      optional, the names of conda-forge's packages (conda-forge/feedstock-outputs)
--recipes      optional, a list of ``conda-forge package <TAB> the modules that its recipe
               imports`` as a test (see ``conda_forge.py`` beside this file)
=============  =======================================================================

and reviewed decisions, each with its reason, in ``tools/import_map/``: ``patches.toml`` (which
distribution supplies which module), ``families.toml`` (namespaces that many distributions share),
``conda_forge.txt`` (distributions that conda-forge has under the same name, missing above),
``more.txt`` (less downloaded distributions that scripts are known to import), ``packaged.txt``
(distributions that an operating system packages), ``common.txt`` (modules of one distribution whose
names others use for their own files) and ``removed.txt`` (distributions removed from PyPI), and in
``everyday.txt`` in the output (words in the names of many files).

Only distributions on conda-forge and the most downloaded ones enter the map: a module that none of
them supplies stays unknown, which is an error for the user to resolve, never a guess. Less
downloaded ones (the second part of the list, and ``packaged.txt``) supply only modules with their
own name that hardly any distribution but their forks has: `import auth` usually is a local file.
Modules that only one distribution of that name on PyPI has go to a separate file (``namesakes.py``
beside this one), and the most downloaded distributions to another, in order: of the names that a
misspelt one may mean, those that more people use are suggested first. The same inputs and the same
``--date`` give the same bytes.
"""

from __future__ import annotations

import argparse
import datetime
import fnmatch
import importlib.metadata
import importlib.util
import json
import re
import sqlite3
import sys
import tomllib
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

import conda_forge  # type: ignore[import-not-found]  # beside this file
import namesakes  # type: ignore[import-not-found]  # beside this file
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator

from condavision.mapping.everyday import WORDS, Everyday, words_in
from condavision.mapping.host_applications import host_application

HERE = Path(__file__).resolve().parent
PACKAGED = {
    "pigar": "pigar/.db.sqlite3",
    "conda-pypi": "conda_pypi/grayskull_pypi_mapping.json",
    "depfinder": "depfinder/pkg_data/name_mapping.yml",
    "grayskull": "grayskull/strategy/config.yaml",
    "guarddog": "guarddog/analyzer/metadata/resources/top_pypi_packages.json",
}
POPULAR = 9000
LISTED = 15_000
UNPOPULAR = 100_000
WELL_KNOWN = 3000
SHORT = 2  # letters of a name that occur in others by chance
FEW = 4  # modules of a distribution, above which another one is weak evidence
RARE = 2  # distributions on PyPI with a module, above which a little-known one is not accepted
COMMON = 8  # distributions on PyPI with a module of one name, above which the name is no evidence
MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
DIGEST = re.compile(r"[0-9a-f]{40,}")  # upload paths in the conda-forge mapping, not names

Decision = tuple[str, tuple[str, ...]]  # supplier and alternatives of a module


@dataclass
class Data:
    """The data of the inputs. Distribution names are normalized.

    ``ranked`` are those that the mappings of conda-forge's names have: its own list, which is
    longer, adds modules and takes none from others.
    """

    popularity: dict[str, int]
    conda: dict[str, str]
    constraints: dict[str, str]
    also: dict[str, list[str]]
    dotted: dict[str, set[str]]
    top_level: dict[str, set[str]]
    spread: Counter[str]
    strangers: Counter[str]
    owned: set[str]
    alone: list[tuple[str, str, str]]
    not_alone: set[str]
    everyday: Everyday
    patches: dict[str, Any]
    families: dict[str, Any]
    evidence: dict[str, tuple[str, str]]
    """Modules that the newest release of a distribution lacks, and the versions that have them."""
    universe: set[str] = field(default_factory=set)
    ranked: set[str] = field(default_factory=set)
    forge: conda_forge.CondaForge = field(default_factory=conda_forge.CondaForge)

    @property
    def on_conda(self) -> set[str]:
        """The distributions that conda-forge's packages are."""
        return {name for names in self.forge.distributions.values() for name in names}


# ---------------------------------------------------------------------------- reading


def read_conda_names(args: argparse.Namespace) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return conda-forge names and import names by distribution; later inputs win."""
    yaml = YAML(typ="safe")
    mapping = json.loads(args.conda_pypi.read_text("utf-8")).values()
    entries = [
        *((e["pypi_name"], e["conda_name"], e["import_name"]) for e in yaml.load(args.depfinder)),
        *((e["pypi_name"], e["conda_name"], e["import_name"]) for e in mapping),
        *(
            (name, e.get("conda_forge", name), e.get("import_name", ""))
            for name, e in yaml.load(args.grayskull).items()
        ),
    ]
    conda: dict[str, str] = {}
    dotted: dict[str, set[str]] = defaultdict(set)
    for name, conda_name, module in entries:
        distribution = canonicalize_name(name)
        if DIGEST.match(distribution):
            continue
        conda[distribution] = conda_name
        if MODULE.fullmatch(module):
            dotted[distribution].add(module)
    return conda, dotted


@dataclass(frozen=True, slots=True)
class TopLevel:
    """pigar's data: modules of the given distributions, and the distributions that have a module.

    ``spread`` counts all of them, ``strangers`` those that do not carry the module's name as forks
    do. ``owned`` are modules that a distribution of just that name has, ``alone`` those that only
    one distribution and its forks have, with its name and version.
    """

    modules: dict[str, set[str]]
    spread: Counter[str]
    strangers: Counter[str]
    owned: set[str]
    alone: list[tuple[str, str, str]]


def read_top_level(database: Path, universe: set[str]) -> TopLevel:
    """Read the top-level modules of every distribution on PyPI."""
    query = (
        "SELECT d.name, d.version, m.name FROM distributions d"
        " JOIN top_level_module_names m ON m.distribution_id = d.id"
    )
    modules: dict[str, set[str]] = defaultdict(set)
    spread: Counter[str] = Counter()
    strangers: Counter[str] = Counter()
    holders: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for name, version, module in connection.execute(query):
            spread[module] += 1
            distribution = canonicalize_name(name)
            strangers[module] += not carries(module, distribution)
            holders[module].append((distribution, version))
            if distribution in universe and MODULE.fullmatch(module):
                modules[distribution].add(module)
    alone = [
        (module, *max(found, key=lambda it: canonicalize_name(module) == it[0]))
        for module, found in holders.items()
        if len(found) == 1 or (len(found) <= COMMON and are_forks(module, found))
    ]
    owned = {
        module
        for module, found in holders.items()
        if any(canonicalize_name(module) == name for name, _ in found)
    }
    return TopLevel(modules, spread, strangers, owned, alone)


def are_forks(module: str, holders: list[tuple[str, str]]) -> bool:
    """Return whether one distribution has a module's name, and all others that name plus words.

    A single word is too likely to be chosen twice.
    """
    name = canonicalize_name(module)
    names = {it for it, _ in holders}
    return "-" in name and name in names and all(f"{it}-".startswith(f"{name}-") for it in names)


def names_in(file: Path) -> dict[str, str]:
    """Return the distributions listed in a reviewed file, normalized, and as spelled there."""
    lines = (line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return {canonicalize_name(name): name for name in lines if name}


def read(args: argparse.Namespace) -> Data:
    """Read every input."""
    patches = tomllib.loads((args.reviewed / "patches.toml").read_text("utf-8"))
    families = tomllib.loads((args.reviewed / "families.toml").read_text("utf-8"))
    conda, dotted = read_conda_names(args)
    for name, spelt in names_in(args.reviewed / "conda_forge.txt").items():
        conda.setdefault(name, spelt)
    ranked = set(conda)
    forge = conda_forge.read(args.conda_forge, args.outputs, args.recipes)
    for name, holders in forge.holders.items():
        if conda.get(name) not in holders:
            conda[name] = forge.package_of(name, holders)
    reviewed = patches["conda"]
    conda.update({name: entry["name"] for name, entry in reviewed.items() if "name" in entry})
    constraints = {name: entry.get("constraint", "") for name, entry in reviewed.items()}
    also = {name: entry.get("also", []) for name, entry in reviewed.items()}
    popular = json.loads(args.popular.read_text("utf-8"))["packages"][: args.most]
    popularity: dict[str, int] = {
        canonicalize_name(name): rank for rank, name in reversed([*enumerate(popular)])
    }
    for name in names_in(args.reviewed / "more.txt"):
        popularity[name] = min(popularity.get(name, POPULAR), POPULAR)
    for name in names_in(args.reviewed / "packaged.txt"):
        popularity.setdefault(name, LISTED)
    universe = {*conda, *popularity, *patches["modules"]}
    universe |= {entry["pypi"] for entry in patches["imports"].values() if entry.get("pypi")}
    junk = re.compile("|".join(fnmatch.translate(pattern) for pattern in patches["junk"]))
    universe = {name for name in universe if name in patches["modules"] or not junk.match(name)}
    found = read_top_level(args.pigar, universe)
    not_alone = {
        name for file in ("common", "removed") for name in names_in(args.reviewed / f"{file}.txt")
    }
    return Data(
        popularity,
        conda,
        constraints,
        also,
        dotted,
        found.modules,
        found.spread,
        found.strangers,
        found.owned,
        [it for it in found.alone if not junk.match(it[1])],
        not_alone,
        Everyday(words_in(args.everyday)),
        patches,
        families,
        evidence_of(args.reviewed / "evidence.tsv"),
        universe,
        ranked=ranked,
        forge=forge,
    )


# ---------------------------------------------------------------------------- deciding


def modules_of(distribution: str, data: Data) -> set[str]:
    """Return the modules of a distribution, namespaces spelt out."""
    reviewed = data.patches["modules"].get(distribution)
    if reviewed is not None:
        return set(reviewed)
    found = data.top_level.get(distribution) or data.dotted.get(distribution, set())
    if not found and distribution in data.popularity:
        found = module_of_forks(distribution, data)
    shared = set(data.families["bare"])
    roots = {module for module in found if module in data.families["roots"]}
    rest = {module for module in found if module.partition(".")[0] not in data.families["roots"]}
    from_family = family_module(distribution, data)
    if from_family:
        roots.discard(from_family.partition(".")[0])
        return {from_family} | {m for m in rest if not from_family.startswith(f"{m}.")}
    if roots or not rest:
        rest |= {module for module in data.dotted.get(distribution, ()) if "." in module}
    return {module for module in rest if module not in shared and module not in roots}


def module_of_forks(distribution: str, data: Data) -> set[str]:
    """Return the modules of a popular distribution that pigar could not read, from its forks."""
    module = distribution.replace("-", "_")
    has = data.spread[module] and not data.strangers[module]
    return {module} if has else set()


def family_module(distribution: str, data: Data) -> str | None:
    """Return the dotted module of a distribution of a family.

    The conda-forge mapping or the closest naming rule decides where its dots are.
    """
    rules = data.families["rules"]
    prefix = max((p for p in rules if distribution.startswith(f"{p}-")), key=len, default=None)
    if prefix is None:
        return None
    for module in sorted(data.dotted.get(distribution, ())):
        if "." in module and canonicalize_name(module) == distribution:
            return module
    words = distribution.removeprefix(f"{prefix}-").split("-")
    dots = rules[prefix].get("dots", 0)
    tail = [*words[:dots], rules[prefix].get("joiner", "_").join(words[dots:])]
    module = ".".join([rules[prefix]["module"], *filter(None, tail)])
    return None if module in data.families["bare"] else module


def acceptable(module: str, distribution: str, data: Data) -> bool:
    """Return whether a module is public, not litter: ``tests``, ``docs``, private helpers.

    A module that does not have its distribution's name must be one of few there, or rare on PyPI
    and from one of the best-known distributions.
    """
    if distribution in data.patches["modules"]:
        return True
    if module in data.patches["generic"]["modules"] or module.startswith("_"):
        return False
    if is_little_known(distribution, data):
        rare = data.spread[module] <= RARE or only_forks(module, distribution, data)
        return rare and related(module, distribution)
    if related(module, distribution):
        return True
    siblings = {name for name in data.top_level.get(distribution, ()) if "." not in name}
    has_own = any(related(sibling, distribution) for sibling in siblings)
    rare = data.spread[module] <= COMMON
    if data.popularity.get(distribution, UNPOPULAR) < WELL_KNOWN:
        return rare or not has_own
    popular = distribution in data.popularity
    return not has_own and len(siblings) <= FEW and (rare or popular)


def only_forks(module: str, distribution: str, data: Data) -> bool:
    """Return whether the other distributions with a module seem to be forks of this one."""
    name = canonicalize_name(module)
    if data.spread[module] > COMMON or name in data.not_alone:
        return False
    if name == distribution:
        return data.strangers[module] < RARE
    return carries(module, distribution) and not (data.strangers[module] or module in data.owned)


def is_little_known(distribution: str, data: Data) -> bool:
    """Return whether a distribution is in the second part of the list, and not on conda-forge."""
    rank = data.popularity.get(distribution, POPULAR)
    return rank > POPULAR and distribution not in data.conda


def related(module: str, distribution: str) -> bool:
    """Return whether a distribution has a module's name, apart from affixes."""
    a, b = canonicalize_name(module).replace("-", ""), distribution.replace("-", "")
    if min(len(a), len(b)) <= SHORT:
        return a == b or a in distribution.split("-")
    return a in b or b in a


def carries(module: str, distribution: str) -> bool:
    """Return whether a module's name is a word of the distribution's: ``django-fork-of-x``."""
    name = canonicalize_name(module)
    among = f"-{name}-" in f"-{distribution}-"
    return among or name.replace("-", "") == distribution.replace("-", "")


def standing(module: str, distribution: str, data: Data) -> tuple[float, bool, str]:
    """Return the rank of a candidate, smallest first: namesakes early, litter late."""
    unlisted = POPULAR if distribution in data.ranked else UNPOPULAR
    rank: float = data.popularity.get(distribution, unlisted)
    if is_little_known(distribution, data):
        rank += UNPOPULAR  # adds modules, and takes none from those that are known better
    elif rank > POPULAR:
        rank = unlisted
    if canonicalize_name(module) == distribution:
        rank /= 2
    elif not related(module, distribution):
        rank = rank * 4 + 500
    return rank, distribution not in data.ranked, distribution


def evidence_of(file: Path) -> dict[str, tuple[str, str]]:
    """Return what ``evidence.py`` collected: module, distribution, versions that have it."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {module: (distribution, constraint) for module, distribution, constraint in rows}


def decide(data: Data) -> dict[str, Decision]:
    """Return the supplier and alternatives of every module."""
    candidates: dict[str, list[str]] = defaultdict(list)
    for distribution in sorted(data.universe):
        for module in modules_of(distribution, data):
            if acceptable(module, distribution, data):
                candidates[module].append(distribution)
    decided = {}
    for module, names in candidates.items():
        best, *others = sorted(names, key=lambda name: standing(module, name, data))
        popular = [
            name
            for name in others
            if name in data.popularity
            and is_little_known(name, data) <= is_little_known(best, data)
        ]
        decided[module] = (best, tuple(popular[:4]))
    follow_conda_forge(data, decided)
    for module, entry in data.patches["imports"].items():
        others_by_data = decided.get(module, ("", ()))
        if entry.get("conda") == "":
            decided.pop(module, None)
            continue
        supplier = entry.get("pypi") or f"conda:{entry['conda']}"
        others = entry.get("others", [n for n in (others_by_data[0], *others_by_data[1]) if n])
        decided[module] = (supplier, tuple(name for name in others if name != supplier))
    for module in data.patches["generic"]["modules"]:
        if module not in data.patches["imports"]:
            decided.pop(module, None)
    known = {
        m: entry
        for m, entry in decided.items()
        if constraint_of(m, entry[0], data) or not is_implied(m, entry, decided)
    }
    for module, (distribution, _) in data.evidence.items():
        prefix = next((it for it in prefixes(module) if it in known), None)
        if prefix is not None and known[prefix][0] == distribution:
            known.setdefault(module, (distribution, ()))
    for namespace, parts in data.families["closed"].items():
        owner = canonicalize_name(namespace)
        known = {f"{namespace}.{part}": (owner, ()) for part in parts} | known
    return known


def follow_conda_forge(data: Data, decided: dict[str, Decision]) -> None:
    """Add what conda-forge's recipes say; where they contradict the data, a person decides.

    What a single package claims is added where nothing is known, and below a known module where the
    distribution's name has that part. A namespace is nobody's: what is not listed stays unknown.
    """
    forge, reviewed = data.forge, data.patches["imports"]
    for top, parts in forge.namespaces().items():
        family = f"{canonicalize_name(top)}-"
        if top not in reviewed and decided.get(top, (family, ()))[0].startswith(family):
            decided.pop(top, None)
            for module, name in parts.items():
                decided.setdefault(module, (name, ()))
    known = dict(decided)
    holding = {prefix for module in known for prefix in prefixes(module.rpartition(".")[0])}
    for module, package in forge.sole_claims().items():
        supplier = supplier_of(package, module, data) if is_importable(module, data) else None
        prefix = next((it for it in prefixes(module) if it in known), None)
        if supplier is None or (prefix is None and module in holding):
            continue
        part = canonicalize_name(module.rpartition(".")[2])
        is_own = f"-{supplier}-".replace(":", "-").endswith(f"-{part}-")
        if prefix is None or (prefix != module and supplier != known[prefix][0] and is_own):
            decided[module] = (supplier, ())


def is_importable(module: str, data: Data) -> bool:
    """Return whether a recipe's module is one that scripts import: no test, no namespace."""
    generic, bare = data.patches["generic"]["modules"], data.families["bare"]
    top, last = module.partition(".")[0], module.rpartition(".")[2]
    return not (
        not MODULE.fullmatch(module)
        or last.startswith(("_", "test"))
        or last.endswith(("_test", "_tests"))
        or {module, top} & {*generic, *sys.stdlib_module_names}
        or module in bare
        or module in data.families["roots"]
        or host_application(module)
    )


def supplier_of(package: str, module: str, data: Data) -> str | None:
    """Return the distribution that a conda-forge package is, or that it is on conda alone.

    None: it holds several, none or more of which have the module's name.
    """
    names = data.forge.distributions.get(package, [])
    spelt = module.replace(".", "-")
    if not names:
        return f"conda:{package}" if related(spelt, package) else None
    named = [it for it in names if related(spelt, it)]
    if len(names) == 1:
        modules = data.top_level.get(names[0])
        return names[0] if named or not modules or module.partition(".")[0] in modules else None
    return named[0] if len(named) == 1 else None


def prefixes(module: str) -> Iterator[str]:
    """Yield a dotted module and its parent packages, the longest first."""
    while module:
        yield module
        module = module.rpartition(".")[0]


def decide_sole(data: Data, decided: dict[str, Decision]) -> dict[str, str]:
    """Return module -> distribution of those that no other distribution has."""
    tops = {module.partition(".")[0] for module in decided}
    spoken_for = tops | {*data.patches["imports"], *data.patches["generic"]["modules"]}
    spoken_for |= {*data.families["bare"], *data.families["roots"]}
    on_conda = data.on_conda
    lookalikes = namesakes.Lookalikes(
        module.lower()
        for module, (name, _) in decided.items()
        if data.popularity.get(name, POPULAR) < WELL_KNOWN and "." not in module
    )

    def left_out(module: str, distribution: str) -> bool:
        if module not in spoken_for and distribution in on_conda:
            return False
        if module in spoken_for or data.not_alone & {distribution, canonicalize_name(module)}:
            return True
        if host_application(module) or distribution in data.patches["modules"]:
            return True
        return module in data.everyday or module.lower() in lookalikes

    chosen: dict[str, str] = namesakes.choose(data.alone, left_out)
    return chosen


def is_implied(module: str, entry: Decision, decided: dict[str, Decision]) -> bool:
    """Return whether the next known prefix of a module has the same answer."""
    parent = module.rpartition(".")[0]
    while parent and parent not in decided:
        parent = parent.rpartition(".")[0]
    return bool(parent) and decided[parent][0] == entry[0]


# ---------------------------------------------------------------------------- writing


def import_line(module: str, supplier: str, others: tuple[str, ...], constraint: str) -> str:
    if constraint:
        return f"{module}\t{supplier}\t{' '.join(others)}\t{constraint}"
    if others:
        return f"{module}\t{supplier}\t{' '.join(others)}"
    plain = (supplier, supplier.replace("-", "_"), supplier.replace("-", "."))
    return module if module in plain else f"{module}\t{supplier}"


def popular_lines(data: Data, decided: dict[str, Decision]) -> Iterator[str]:
    """Yield the most downloaded distributions, in order, with their public modules.

    Those are what a distribution has now; the one that is named most like it is first.
    """
    supplied = defaultdict(set)
    for module, (supplier, others) in decided.items():
        for name in (supplier, *others):
            supplied[name].add(module)
    ranked = (name for name, rank in data.popularity.items() if rank < POPULAR)
    for name in sorted(ranked, key=lambda it: data.popularity[it]):
        found = {it for it in supplied[name] if not it.startswith("_")}
        found = found & data.top_level.get(name, set()) or found
        outermost = [it for it in found if found.isdisjoint(prefixes(it.rpartition(".")[0]))]
        modules = sorted(
            outermost, key=lambda it: (canonicalize_name(it) != name, -shared(it, name), it)
        )
        if modules == [name.replace("-", "_")]:
            yield name
        elif modules:
            yield f"{name}\t{' '.join(modules)}"


def shared(module: str, distribution: str) -> int:
    """Return how many letters in a row are the same: ``win32api``, ``pywin32``."""
    return SequenceMatcher(None, module.lower(), distribution).find_longest_match().size


def constraint_of(module: str, supplier: str, data: Data) -> str:
    """Return the versions that have a module: as reviewed, else as wheels show."""
    reviewed = data.patches["imports"].get(module, {})
    distribution, constraint = data.evidence.get(module, ("", ""))
    shown = constraint if supplier == distribution else ""
    return str(reviewed.get("constraint", shown))


def distribution_line(name: str, data: Data) -> str:
    conda = data.conda.get(name, "-")
    rest = [data.constraints.get(name, ""), " ".join(data.also.get(name, []))]
    if not any(rest):
        return name if conda == name else f"{name}\t{conda}"
    return "\t".join([name, conda, *rest]).rstrip("\t")


def title(date: str) -> str:
    versions = []
    for package in PACKAGED:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(package)
    return f"# {date}, generated by tools/generate_import_map.py from {', '.join(versions)}"


def write(output: Path, date: str, data: Data) -> None:
    """Write the sorted tables, and the most downloaded distributions in order."""
    decided = decide(data)
    sole = decide_sole(data, decided)
    suppliers = {supplier for supplier, _ in decided.values() if ":" not in supplier}
    tables = {
        "imports.tsv": sorted(
            [
                *(f"{namespace}.*" for namespace in data.families["closed"]),
                *(
                    import_line(m, *entry, constraint_of(m, entry[0], data))
                    for m, entry in decided.items()
                ),
            ]
        ),
        "distributions.tsv": sorted(
            distribution_line(name, data) for name in data.universe | suppliers
        ),
    }
    tables["popular.tsv"] = list(popular_lines(data, decided))
    for name, lines in tables.items():
        text = "\n".join([title(date), *lines, ""])
        (output / name).write_text(text, "utf-8", newline="\n")
        print(f"{name}: {len(lines)} entries, {len(text) // 1024} KB")
    size = namesakes.write(output / "namesakes.bin", title(date), sole)
    print(f"namesakes.bin: {len(sole)} entries, {size // 1024} KB")


def packaged(path: str) -> Path | None:
    """Return a data file of an installed package."""
    package, _, rest = path.partition("/")
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / rest


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for package, path in PACKAGED.items():
        option = "popular" if package == "guarddog" else package
        parser.add_argument(f"--{option}", type=Path, default=packaged(path), help=path)
    parser.add_argument("--conda-forge", type=Path, help="packages and their distributions")
    parser.add_argument("--outputs", type=Path, help="the names of conda-forge's packages")
    parser.add_argument("--recipes", type=Path, help="packages and the modules that test them")
    parser.add_argument("--reviewed", type=Path, default=HERE / "import_map")
    parser.add_argument("--everyday", type=Path, default=WORDS, help="words in names of files")
    parser.add_argument("--most", type=int, default=LISTED, help="how many popular distributions")
    parser.add_argument("--output", type=Path, default=HERE.parent / "condavision" / "mapping")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    parser.add_argument("--date", default=today, help="ISO 8601 date to write into the map")
    args = parser.parse_args(argv)
    for option, path in vars(args).items():
        if path is None and option not in {"conda_forge", "outputs", "recipes"}:
            parser.error(f"no input for --{option}: install its package or name the file")
        if isinstance(path, Path) and not path.exists():
            parser.error(f"--{option}: {path} does not exist")
    write(args.output, args.date, read(args))
    return 0


if __name__ == "__main__":
    sys.exit(main())
