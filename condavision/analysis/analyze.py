"""What a script and the local modules it reaches import, and which Pythons run them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from condavision.analysis.facts.cache import FactsCache
from condavision.analysis.facts.reader import Reader
from condavision.analysis.resolve.classify import classify, intersection, stdlib_reasons
from condavision.analysis.resolve.result_cache import Question, merged
from condavision.analysis.resolve.walk import (
    Reached,
    SearchPath,
    Start,
    module_start,
    run_module_starts,
    script_home,
    script_start,
    walk,
)
from condavision.analysis.source.module_finder import Directories
from condavision.analysis.source.scripts import module_file, script_file
from condavision.core.model import Analysis, PythonReason, ScriptMetadata, SourceFile
from condavision.core.pythons import PythonRange
from condavision.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def analyze(
    script: Path,
    *,
    root: Path,
    paths: Sequence[Path] = (),
    pythonpath: Sequence[Path] = (),
    reader: Reader | None = None,
) -> Analysis:
    """Read a script and every local module it reaches; nothing of it is run.

    ``paths`` and ``pythonpath`` are searched for modules after the script's own folder. A shared
    ``reader`` reads no file twice for several scripts.

    Raises:
        AnalysisError: the script cannot be read as Python, or declares something malformed.
    """
    reader = reader or new_reader(root)
    search = search_path(root, paths, pythonpath)
    question = script_question(script_file(script), search)
    known = question.recalled(reader)
    if known is not None:
        return known
    metadata, facts = reader.script(question.script)
    directories = Directories(reader.directories)
    start = script_start(question.script, facts, question.home, directories)
    reached = walk([start], search, reader, directories)
    reader.save()
    found = _analysis((metadata,), reached, search, directories)
    question.remember(reader, found, directories)
    return found


def prefetch(questions: Mapping[Path, Question], reader: Reader) -> dict[Path, Analysis]:
    """Return what is known of unchanged scripts; read the others on every processor."""
    reader.preload([it.key for it in questions.values()])
    answers = {script: it.recalled(reader) for script, it in questions.items()}
    known = {script: found for script, found in answers.items() if found is not None}
    reader.preload_accepted(it.files[0].sha256 for it in known.values())
    reader.prefetch(it.script for script, it in questions.items() if script not in known)
    return known


def script_question(file: Path, search: SearchPath) -> Question:
    """Return what :func:`analyze` answers of a script, whose ``script_file`` is given."""
    path = os.path.join(os.getcwd(), file).replace(os.sep, "/")  # noqa: PTH109, PTH118 - many
    return Question(search, path, script_home(path))


def analyze_module(
    module: str,
    *,
    folder: Path,
    root: Path,
    paths: Sequence[Path],
    pythonpath: Sequence[Path],
    reader: Reader,
) -> Analysis:
    """Read a module as ``python -m module`` runs it in ``folder``, its packages included.

    Raises:
        AnalysisError: it is not found, cannot be read as Python, or declares something malformed.
    """
    directories = Directories(reader.directories)
    path = module_file(module, [folder, *paths, *pythonpath], directories).absolute().as_posix()
    home = folder.absolute().as_posix()
    metadata, _ = reader.script(path)
    search = search_path(root, paths, pythonpath)
    starts = run_module_starts(module, path, home, reader)
    reached = walk(starts, search, reader, directories)
    if not path.startswith(f"{home}/"):
        reached.entries.update(it for it in search.pythonpath if path.startswith(f"{it}/"))
    reader.save()
    return _analysis((metadata,), reached, search, directories)


def new_reader(root: Path) -> Reader:
    """Return a reader for the scripts below a project root, with the user's cache behind it."""
    return Reader(root.absolute().as_posix(), FactsCache.default())


def search_path(root: Path, paths: Sequence[Path], pythonpath: Sequence[Path]) -> SearchPath:
    """Return where modules are looked for beside a script's own folder, as strings."""
    return SearchPath(
        root.absolute().as_posix(),
        tuple(path.absolute().as_posix() for path in paths),
        tuple(path.absolute().as_posix() for path in pythonpath),
    )


def _analysis(
    declared: Sequence[ScriptMetadata],
    reached: Reached,
    search: SearchPath,
    directories: Directories,
) -> Analysis:
    written = (
        *(reason for metadata in declared for reason in _declared(metadata)),
        *(it for _, facts in reached.files[: reached.led_to] for it in facts.reasons),
        *reached.reasons,
        *(
            replace(it, yields=True)
            for _, facts in reached.files[reached.led_to :]
            for it in facts.reasons
        ),
    )
    reasons, contradicted = _agreeing(written, reached)
    python = intersection(reasons)
    return Analysis(
        script=Path(reached.files[0][0].file),
        imports=tuple(dict.fromkeys(classify(reached.imports, python))),
        python=python,
        reasons=reasons,
        metadata=merged(declared),
        files=tuple(
            SourceFile(Path(place.file), place.module, facts.sha256, place.package)
            for place, facts in reached.files
        ),
        searched=tuple(map(Path, directories.listed())),
        paths=tuple(Path(path) for path in search.pythonpath if path in reached.entries),
        unread=tuple(region for _, facts in reached.files for region in facts.unread),
        contradicted=contradicted,
    )


def _agreeing(
    written: Sequence[PythonReason], reached: Reached
) -> tuple[tuple[PythonReason, ...], tuple[PythonReason, ...]]:
    """Return the reasons for the range of Pythons, and those that give way to the others."""
    hard, soft = stdlib_reasons(reached.imports)
    left = intersection(it for it in (*written, *hard) if not it.yields)
    yielding = [it for it in written if it.yields]
    refused = set()
    for reason in (*yielding, *soft):
        if reason.pythons & left or not left:
            left &= reason.pythons
        else:
            refused.add(reason)
    kept = dict.fromkeys(it for it in (*written, *hard, *soft) if it not in refused)
    return tuple(kept), tuple(dict.fromkeys(it for it in yielding if it in refused))


def _declared(metadata: ScriptMetadata) -> Iterable[PythonReason]:
    text, location = metadata.requires_python, metadata.requires_python_location
    if text and location is not None:
        yield PythonReason(location, f"requires-python {text}", PythonRange.from_specifier(text))


def analyze_together(
    files: Iterable[Path],
    *,
    modules: Iterable[Path] = (),
    root: Path,
    paths: Sequence[Path] = (),
    pythonpath: Sequence[Path] = (),
    reader: Reader | None = None,
) -> Analysis:
    """Read files as one requirement set; ``script`` is the first of them.

    Files of a package are taken as its modules, not as scripts that are run in its folder. What
    ``modules`` need is required too, but they narrow the Pythons only as far as the others allow.

    Raises:
        AnalysisError: none can be read, or one declares something malformed.
    """
    reader = reader or new_reader(root)
    directories = Directories(reader.directories)
    search = search_path(root, paths, pythonpath)
    scripts = tuple(file.absolute().as_posix() for file in files)
    beside = frozenset(file.absolute().as_posix() for file in modules).difference(scripts)
    absolute = [*scripts, *sorted(beside)]
    question = Question(search, files=scripts, modules=tuple(sorted(beside)))
    known = question.recalled(reader)
    if known is not None:
        return known
    starts: list[Start] = []
    declared: list[ScriptMetadata] = []
    reader.prefetch(absolute)
    for path in absolute:
        if reader.is_readable(path):
            declared.append(reader.script(path)[0])
        start = module_start(path, reader.module(path), directories)
        starts.append(replace(start, beside=path in beside))
    if not starts:
        raise AnalysisError("no scripts to read", "give files, or a folder that has some")
    if not declared:
        reader.script(absolute[0])
    found = _analysis(declared, walk(starts, search, reader, directories), search, directories)
    reader.save()
    question.remember(reader, found, directories)
    reader.save_new()
    return found


def require_python(analysis: Analysis, name: str = "", typed: str = "") -> PythonRange:
    """Return the Pythons that can run a script; errors spell it as ``name``, hints as ``typed``.

    Raises:
        AnalysisError: there are none; it names the places that contradict each other.
    """
    if analysis.python:
        return analysis.python
    raise AnalysisError(
        f"no Python runs {name or analysis.files[0].path.name}: {contradiction(analysis)}",
        f"`condavision explain {typed or analysis.script.name}` shows every reason",
    )


def contradiction(analysis: Analysis) -> str:
    """Return which places leave no Python, and what each means; empty where some Python is left."""
    if analysis.python:
        return ""
    sides = contradicting(analysis.reasons)
    return "; ".join(f"{it.location}: {it.rule} means {it.pythons}" for it in sides)


def contradicting(reasons: Sequence[PythonReason]) -> tuple[PythonReason, ...]:
    """Return the fewest reasons that leave no Python."""
    for at, one in enumerate(reasons):
        for other in reasons[:at]:
            if not one.pythons & other.pythons:
                return (other, one)
    needed = list(reasons)
    for reason in reasons:
        without = [it for it in needed if it is not reason]
        if not intersection(without):
            needed = without
    return tuple(needed)
