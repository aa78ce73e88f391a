"""Measure how often the inferred distributions are exactly those of hand-written labels.

    pip install unearth pipreqs deptry fawltydeps
    python benchmarks/accuracy.py FOLDER [--index URL] [--peers FOLDER_OF_THEIR_COMMANDS] [--show]

condavision's answer is that of ``condavision explain --together`` for the whole folder.

The source distributions of ``accuracy.tsv`` are downloaded into FOLDER once and unpacked; none of
them is run or built. Projects OWNER/NAME are repositories on GitHub; they are measured if they are
in FOLDER/whole/OWNER/NAME, at the given commit. Tests, documentation and packaging files are
removed, so that every tool reads the same files, and so are the requirements that a project
declares. In the last row condavision reads the declared requirements too. The rows "known" count
the projects whose labels the bundled map knows: errors there are errors of the analysis, not of the
map.

deptry and fawltydeps print the names of imports; these are translated with condavision's own map,
if it knows them. pipreqs queries an index, given by ``--pypi-server``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from condavision.api import analyze
from condavision.core.model import Manager
from condavision.errors import CondavisionError
from condavision.mapping.import_map import ImportMap, normalized

LABELS = Path(__file__).with_suffix(".tsv")
LEFT_OUT = re.compile(
    r"(?:tests?|testing|unit_?tests?|functional_tests|docs?|\.git|.*\.egg-info|build|__MACOSX|\.tox"
    r"|node_modules)\Z",
    re.IGNORECASE,
)
PACKAGING = re.compile(
    r"(?:setup|conftest|noxfile|ez_setup|distribute_setup|bootstrap|versioneer|runtests|test_.*"
    r"|.*_tests?|tests?)\.py\Z"
)
KEPT = (".py", ".pyw", ".ipynb", ".so", ".pyx")
LISTING = {"Pipfile", "setup.py"}
DEPTRY = {"DEP001", "DEP003"}  # missing, and there only because something else needs it
LARGEST = 5_000_000  # bytes of an archive

Answer = frozenset[str]
Ask = Callable[[Path], Answer]


@dataclass(frozen=True, slots=True)
class Project:
    """One line of the labels; a label is a set of distributions, any of which is right.

    ``allowed`` are right whether they are inferred or not.
    """

    name: str
    version: str
    sample: str
    wanted: tuple[Answer, ...]
    allowed: Answer = frozenset()

    @property
    def folder(self) -> str:
        """The name of its folder; for a repository, its name."""
        return self.name if self.is_repository else f"{self.name}-{self.version}"

    @property
    def is_repository(self) -> bool:
        """Whether it is on GitHub, not on PyPI."""
        return "/" in self.name


def read_labels() -> list[Project]:
    projects = []
    for line in LABELS.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, version, sample, wanted = (*line.split("\t"), "")[:4]
            labels = tuple(frozenset(it.split("|")) for it in wanted.split() if it[0] != "?")
            allowed = frozenset(it[1:] for it in wanted.split() if it[0] == "?")
            projects.append(Project(name, version, sample, labels, allowed))
    return projects


# ---------------------------------------------------------------------------- the projects


def fetch(projects: list[Project], folder: Path, index: str) -> None:
    """Download and unpack what is missing."""
    absent = [it for it in projects if not (folder / "whole" / it.folder).is_dir()]
    missing = [it for it in absent if not it.is_repository]
    if not missing:
        return
    if not index:
        raise SystemExit("say where to download from: --index, or PIP_INDEX_URL")
    from unearth import PackageFinder  # type: ignore[import-not-found]  # noqa: PLC0415

    finder = PackageFinder(index_urls=[index], no_binary=[":all:"])
    for project in missing:
        found = [
            package.link
            for package in finder.find_all_packages(project.name, allow_yanked=True)
            if str(package.version) == project.version and not package.link.is_wheel
        ]
        if not found:
            print(f"{project.folder}: no source distribution")
            continue
        archive = folder / found[0].filename
        with (
            finder.session.stream("GET", found[0].normalized) as response,
            archive.open("wb") as to,
        ):
            for part in response.iter_bytes():
                to.write(part)
        unpack(archive, folder / "whole" / project.folder)


def unpack(archive: Path, target: Path) -> None:
    """Unpack an archive without its top-level folder."""
    if archive.stat().st_size > LARGEST:
        print(f"{archive.name}: too large")
        return
    inside = target.with_name(f".{target.name}")
    shutil.rmtree(inside, ignore_errors=True)
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as file:
            file.extractall(inside)
    else:
        with tarfile.open(archive) as tar:
            tar.extractall(inside, filter="data")
    entries = [*inside.iterdir()]
    (entries[0] if len(entries) == 1 else inside).rename(target)
    shutil.rmtree(inside, ignore_errors=True)


def prune(whole: Path, target: Path, *, declared: bool) -> None:
    """Copy the code, without tests, documentation and packaging files, to a project of its own.

    With ``declared``, the files that declare requirements are copied too.
    """

    def ignored(parent: str, names: list[str]) -> list[str]:
        top = declared and Path(parent) == whole
        return [it for it in names if not keeps(Path(parent, it)) and not (top and lists(it))]

    if not target.exists():
        shutil.copytree(whole, target, ignore=ignored, symlinks=True)
        (target / "condavision.toml").touch()


def keeps(path: Path) -> bool:
    if path.is_dir():
        return not LEFT_OUT.match(path.name)
    is_code = path.name.endswith(KEPT) or "." not in path.name or path.name == "pyvenv.cfg"
    return is_code and not PACKAGING.match(path.name)


def lists(name: str) -> bool:
    return name.endswith((".txt", ".toml", ".cfg", ".yml", ".yaml")) or name in LISTING


# ---------------------------------------------------------------------------- the tools


def ours(tree: Path) -> Answer:
    """Return what condavision infers; unknown imports, which have no package, are marked."""
    try:
        inference = analyze(together=tree)
    except CondavisionError as error:
        print(f"  {tree.name}: {error}")
        return frozenset()
    # What runs a notebook is in no list that a tool is compared with.
    kernels = {it.location for it in inference.analysis.imports if it.implied_by == "Jupyter"}
    return frozenset(
        f"?{it.name}" if it.manager is Manager.IMPORT else it.name
        for it in inference.requirements.requirements
        if it.pythons is None  # older ones may need more
        and not (it.name == "ipykernel" and {*it.sources} <= kernels)
    )


def translated(module: str) -> str:
    provider = ImportMap.bundled().provider(module)
    return provider.pypi if provider else normalized(module)


def peers(commands: Path, folder: Path, server: str) -> dict[str, Ask]:
    """Return the other tools that are installed, as functions of a tree."""
    empty = folder / "requirements.txt"
    empty.touch()

    def run(tree: Path, *arguments: object) -> str:
        program, *rest = map(str, arguments)
        command = [str(commands / program), *rest]
        return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False).stdout

    def pipreqs(tree: Path) -> Answer:
        asked = ("--pypi-server", server) if server else ()
        text = run(tree, "pipreqs", "--scan-notebooks", "--print", "--mode", "no-pin", *asked, tree)
        return frozenset(normalized(line) for line in text.split())

    def deptry(tree: Path) -> Answer:
        report = folder / "deptry.json"
        report.write_text("[]")
        config = folder / "none.toml"
        run(
            tree,
            "deptry",
            tree,
            "--config",
            config,
            "-rf",
            empty,
            "--exclude",
            "no such folder",
            "-o",
            report,
        )
        issues = json.loads(report.read_text())
        return frozenset(translated(it["module"]) for it in issues if it["error"]["code"] in DEPTRY)

    def fawltydeps(tree: Path) -> Answer:
        text = run(
            tree, "fawltydeps", "--check-undeclared", "--json", "--deps", empty, "--code", tree
        )
        found = json.loads(text or "{}").get("undeclared_deps") or ()
        return frozenset(translated(it["name"]) for it in found)

    return {
        ask.__name__: ask
        for ask in (pipreqs, deptry, fawltydeps)
        if (commands / ask.__name__).exists()
    }


# ---------------------------------------------------------------------------- the score


@dataclass(slots=True)
class Score:
    """The counts of several projects."""

    projects: int = 0
    exact: int = 0
    right: int = 0
    missed: int = 0
    wrong: int = 0
    unknown: int = 0

    def add(self, project: Project, answer: Answer) -> str:
        """Count an answer; return its errors."""
        named = {it for it in answer if not it.startswith("?")}
        missed = [label for label in project.wanted if not label & named]
        right = project.allowed.union(*project.wanted)
        wrong = sorted(named - right)
        self.projects += 1
        self.exact += not missed and not wrong
        self.right += len(project.wanted) - len(missed)
        self.missed += len(missed)
        self.wrong += len(wrong)
        self.unknown += len(answer) - len(named)
        lacks = " ".join("|".join(sorted(it)) for it in missed)
        errors = [f"missed {lacks}"] if lacks else []
        return " ".join([*errors, f"wrong {wrong}"] if wrong else errors)

    def __str__(self) -> str:
        precision = self.right / ((self.right + self.wrong) or 1)
        recall = self.right / ((self.right + self.missed) or 1)
        f1 = 2 * precision * recall / ((precision + recall) or 1)
        return (
            f"{self.projects:4} projects  exact {self.exact / (self.projects or 1):.3f}"
            f"  precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}"
            f"  wrong {self.wrong}  missed {self.missed}  unknown {self.unknown}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where the projects are kept")
    parser.add_argument(
        "--index", default=os.environ.get("PIP_INDEX_URL", ""), help="the simple index of PyPI"
    )
    parser.add_argument("--peers", type=Path, help="the folder of the other tools' commands")
    parser.add_argument("--pypi-server", default="", help="the index that pipreqs queries")
    parser.add_argument("--show", action="store_true", help="list every error of condavision")
    options = parser.parse_args()
    folder = options.folder.absolute()
    (folder / "whole").mkdir(parents=True, exist_ok=True)
    projects = read_labels()
    fetch(projects, folder, options.index)
    tools: dict[str, Ask] = {"condavision": ours}
    if options.peers:
        tools |= peers(options.peers.absolute(), folder, options.pypi_server)
    tools["condavision, with what they declare"] = lambda tree: ours(
        folder / "declared" / tree.relative_to(folder / "pruned")
    )
    scores: dict[tuple[str, str], Score] = {}
    for project in projects:
        whole = folder / "whole" / project.folder
        if not whole.is_dir():
            continue
        tree = folder / "pruned" / project.folder
        prune(whole, tree, declared=False)
        prune(whole, folder / "declared" / project.folder, declared=True)
        known = all(any(map(ImportMap.bundled().knows, label)) for label in project.wanted)
        samples = [project.sample, f"{project.sample}, known"] if known else [project.sample]
        for tool, ask in tools.items():
            answer = ask(tree)
            for sample in samples:
                errors = scores.setdefault((sample, tool), Score()).add(project, answer)
            if errors and options.show and tool == "condavision":
                print(f"  {project.sample} {project.folder}: {errors}")
    for (sample, tool), score in sorted(scores.items()):
        print(f"{sample:16} {tool:36} {score}")


if __name__ == "__main__":
    main()
