"""Nothing is derived for unchanged scripts, and everything anew where anything has changed."""

from __future__ import annotations

from pathlib import PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from condavision.analysis.facts import cache
from condavision.analysis.facts.cache import FactsCache, dumped, loaded, rules_tag
from condavision.cli.lock_output import print_changes
from condavision.compile_stage.recording import LockedScript
from condavision.core.model import Manager, Requirements
from condavision.core.pythons import PythonRange
from condavision.inference.conclusions import ConcludedInference
from condavision.inference.diagnose import diagnose
from condavision.inference.inference import Inference
from condavision.inference.workspace import Workspace
from condavision.locks.modules import record_modules
from condavision.mapping.learned import LearnedModule
from condavision.project.config import Flags
from condavision.project.solve_options import SolveOptions
from condavision.system.cache_table import CacheTable
from condavision.system.file_stamp import FileClocks
from tests.inspection.overviews import lock_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from condavision.errors import Diagnostic
    from condavision.inference.inference import Derivation

    Change = Callable[[Path], object]
    Answer = tuple[str, str, Requirements, tuple[Diagnostic, ...], list[str]]


@pytest.fixture
def project(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setenv("CONDAVISION_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setattr(
        FileClocks, "is_racy", lambda *_, **__: False
    )  # as if all were there for long
    root = tmp_path / "project"
    (root / "lib").mkdir(parents=True)
    (root / "more").mkdir()
    (root / "locks").mkdir()
    (root / "condavision.toml").write_text("")
    (root / "a.py").write_text(
        "import numpy, helper, moviepy.editor, slugify, tomllib\nfrom more import here, there\n"
    )
    (root / "helper.py").write_text("import requests\n")
    (root / "more" / "requests.py").write_text("")
    (root / "more" / "here.py").write_text("")
    (root / "more" / "there.py").symlink_to("here.py")
    return root


def answer(root: Path, flags: Flags | None = None) -> tuple[Answer, bool]:
    """Infer a script as `check` does: what it requires, and whether that was known."""
    workspace = Workspace(flags)
    project = workspace.project(root / "a.py")
    modules = workspace.local_modules(project)
    inference = workspace.infer(project)
    known = isinstance(inference, ConcludedInference)
    inference.require_runnable(workspace.require_readable)
    found = diagnose(inference, workspace, runnable=True)
    workspace.save()
    entry, platforms = inference.entry(), inference.platforms("linux-64")
    told = (inference.local, inference.candidates, inference.needs, platforms, entry)
    names = [PurePosixPath(it).name for it in modules]
    return (f"{told}", inference.hash, inference.requirements, found, names), known


def true_answer(root: Path, flags: Flags | None = None) -> Answer:
    """The answer of a command that knows nothing."""
    with pytest.MonkeyPatch.context() as patched, TemporaryDirectory() as home:
        patched.setenv("CONDAVISION_HOME", home)
        found, known = answer(root, flags)
    assert not known
    return found


def _configure(text: str) -> Change:
    return lambda root: (root / "condavision.toml").write_text(text)


def _learn(root: Path) -> None:
    read = {"moviepy 1.0.3": "a1b2"}
    learned = LearnedModule(Manager.PYPI, "moviepy", "<2", {}, read)
    record_modules(root / "locks", {"moviepy.editor": learned})


def _link_elsewhere(root: Path) -> None:
    (root / "more" / "other.py").write_text("import scipy\n")
    (root / "more" / "there.py").unlink()
    (root / "more" / "there.py").symlink_to("other.py")


def _link(root: Path) -> None:
    (root / "a.py").rename(root / "lib" / "a.py")
    (root / "a.py").symlink_to(root / "lib" / "a.py")


DECLARED = "# /// script\n# dependencies = ['scipy']\n# ///\nimport scipy\n"
NAMED = "[options]\ninstall_requires =\n    unicode-slugify\n"

CHANGES: dict[str, Change] = {
    "the script": lambda root: (root / "a.py").write_text("import scipy\n"),
    "a comment": lambda root: (root / "a.py").write_text("import numpy, helper #\n"),
    "what the script declares": lambda root: (root / "a.py").write_text(DECLARED),
    "the script's place": _link,
    "a module": lambda root: (root / "helper.py").write_text("import scipy\n"),
    "where a link to a module leads": _link_elsewhere,
    "a module gone": lambda root: (root / "helper.py").unlink(),
    "a module more": lambda root: (root / "numpy.py").write_text("import scipy\n"),
    "a package for a module": lambda root: (root / "moviepy").mkdir(),
    "channels": _configure('channels = ["bioconda"]\n'),
    "the floor": _configure('python-floor = "3.12"\n'),
    "an override": _configure('[imports]\nnumpy = "numpy <2"\n'),
    "optional imports": _configure("optional-imports = true\n"),
    "search paths": _configure('paths = ["more"]\n'),
    "a search path that is not there": _configure('paths = ["none"]\n'),
    "what was learned": _learn,
    "what the project's files name": lambda root: (root / "setup.cfg").write_text(NAMED),
    "the root": lambda root: (root / "condavision.toml").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_has_changed_is_derived_anew(project: Path, change: Change) -> None:
    first = true_answer(project)
    assert answer(project) == (first, False)
    assert answer(project) == (first, True)
    change(project)
    assert answer(project)[0] == true_answer(project)
    assert answer(project)[0] == true_answer(project)


PYTHONPATHS = {"another module": "more", "nothing": "locks"}


@pytest.mark.parametrize("folder", PYTHONPATHS.values(), ids=PYTHONPATHS)
def test_it_holds_for_one_pythonpath(
    project: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(project)
    monkeypatch.setenv("PYTHONPATH", str(project / folder))
    assert answer(project) == (true_answer(project), False)


FLAGS = {
    "channels": (Flags(channels=("bioconda",)), False),
    "the machine's interpreters": (Flags(channels=("interpreters:",)), False),
    "platforms": (Flags(platforms=("win-64",)), True),
    "options of a solve": (Flags(solve=SolveOptions(offline=True, prove=True)), True),
}


@pytest.mark.parametrize(("flags", "known"), FLAGS.values(), ids=FLAGS)
def test_it_holds_for_some_flags(project: Path, flags: Flags, known: bool) -> None:
    answer(project)
    assert answer(project, flags) == (true_answer(project, flags), known)
    assert answer(project, flags) == (true_answer(project, flags), True)


@pytest.mark.parametrize("room", ["analysis", "core", "inference", "locks", "mapping", "project"])
def test_it_holds_for_one_release(
    room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "analysis" / "facts" / "cache.py"))
    rule = tmp_path / room / "rule.py"
    rule.parent.mkdir()
    tags = set()
    for text in ("", "1", "12"):
        rule.write_text(text)
        tags.add(rules_tag.__wrapped__())
    assert len(tags) == 3


WRONG = {
    "nothing": (),
    "fewer values": ("0", "1", "2"),
    "more values": ("0", "1", "2", (), ""),
    "values of other types": (0, 1, 2, 3),
    "one value of another type": (("0", "1", "2", ()),),
}


@pytest.mark.parametrize("values", WRONG.values(), ids=WRONG)
def test_an_entry_of_another_shape_is_none(project: Path, values: tuple[object, ...]) -> None:
    first, _ = answer(project)
    key = f"\0concluded\0{(project / 'a.py').as_posix()}".encode()
    cache = FactsCache.default()
    question, stamps, seen, *_ = loaded(cache.entries([key])[key])
    cache.keep([(key, dumped((question, stamps, seen, *values)))])
    assert answer(project) == (first, False)
    assert answer(project) == (first, True)


NEED = '"dask.distributed -> distributed": {"at": "dask/d.py:1", "read": {"dask 2.0": "a"}}'
NEVER = {
    "what is declared": {"a.py": DECLARED},
    "what is unknown": {"a.py": "import gxzqf\n"},
    "what has to be accepted": {"a.py": "import gidgetlab\n"},
    "a likely mistake": {"a.py": "import inner\n", "src/inner.py": ""},
    "a channel that may be a folder": {"condavision.toml": '[imports]\nnumpy = "./lib::numpy"\n'},
    "a package that needs more": {"a.py": "import dask.distributed\n", "locks/modules.yml": NEED},
}


@pytest.mark.parametrize("files", NEVER.values(), ids=NEVER)
def test_what_there_is_more_to_is_always_derived(project: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    for _ in range(3):
        assert answer(project) == (true_answer(project), False)


def test_many_are_looked_up_at_once_where_the_circumstances_differ(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(project)
    _configure('channels = ["bioconda"]\n')(project)
    expected = true_answer(project)[1]
    workspace = Workspace()
    opened = workspace.project(project / "a.py")
    workspace.prefetch([opened])
    monkeypatch.setattr(CacheTable, "select", lambda *_: pytest.fail("looked up one by one"))
    assert workspace.infer(opened).hash == expected


def test_nothing_is_derived_to_print_that_locks_are_reused(project: Path) -> None:
    def derive() -> Derivation:
        raise AssertionError("derived")

    inference = Inference(Workspace().project(project / "a.py"), "0" * 16, derive)
    requirements, path = Requirements(PythonRange(), (), ()), project / "locks" / "0.yml"
    print_changes({"a.py": LockedScript(inference, requirements, lock_of(), path, written=False)})
