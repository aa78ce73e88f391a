"""Every value that a person is shown has words, whichever of its kinds it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from condavision.analysis.source.script_search import SkippedFile, SkipReason
from condavision.cli.import_wording import resolution_words
from condavision.cli.wording import diagnostic_words, hints_of
from condavision.core.model import (
    IgnoredReason,
    IgnoredText,
    Import,
    ImportKind,
    Manager,
    OwnModule,
    PythonReason,
    Requirement,
    SourceLocation,
)
from condavision.core.origin import Origin, OriginReason, OriginRule
from condavision.core.pythons import PythonRange
from condavision.core.settings_file import SettingsFile
from condavision.errors import AnalysisError, Diagnostic
from condavision.export.share import OnlyInComments
from condavision.inference.diagnostics import (
    AbsentPart,
    BelowFloor,
    CandidateName,
    ContradictedReason,
    ExcludedLocks,
    FailingImport,
    FormerInterpreter,
    HeldBack,
    IgnoredDeclaration,
    LocksOfEachMachine,
    LocksOfOneMachine,
    MissingSearchPath,
    MisspeltModule,
    NearerLocks,
    NotDeclared,
    NotIncluded,
    OnNoIndex,
    OutsideSearchPath,
    OvershadowedLock,
    Prerelease,
    RelativeImport,
    SeparateProjects,
    ShadowsItself,
    SharedLockChanged,
    UnlockedPrograms,
    UnreadFile,
    UntrustedConfiguration,
    UnusedLocks,
)
from condavision.mapping.decisions import DeclaredAt, Mapped, NamedIn, Overridden, Resolution
from condavision.system.ownership import Distrust, Fault

HERE = SourceLocation("s.py", 3)
NEEDED = Requirement(Manager.PYPI, "openpyxl")
MAPPED = Mapped("openpyxl", "2026-11-23")

DIAGNOSTICS: list[tuple[Diagnostic, str]] = [
    (SkippedFile(Path("a.py"), SkipReason.EMPTY), "a.py skipped: empty file"),
    (SkippedFile(Path("a.py"), SkipReason.BROKEN_LINK), "a.py skipped: broken symlink"),
    (
        SkippedFile(Path("jobs"), SkipReason.UNLISTED, "Permission denied"),
        "jobs skipped: cannot be listed: Permission denied",
    ),
    (SkippedFile(Path("a.py"), SkipReason.UNREADABLE, "{odd}"), "a.py skipped: {odd}"),
    (UnreadFile(HERE), "s.py:3: not read as Python"),
    (MissingSearchPath(Path("c.toml"), Path("lib")), "`paths` has lib"),
    (
        UnlockedPrograms((HERE,), "condavision lock -m p.s", SettingsFile()),
        (
            "not locked: a module of a package that looks like a program: s.py:3; to lock it, run"
            ' `condavision lock -m p.s`; to leave it out, set `exclude = ["s.py"]` at the top of'
        ),
    ),
    (
        UnlockedPrograms((HERE,) * 5, "condavision lock -m p.s", SettingsFile()),
        (
            "not locked: 5 modules of packages that look like programs: s.py:3, s.py:3, s.py:3 and"
            " 2 more; to lock the first, run"
        ),
    ),
    (RelativeImport(HERE, "shop.tool", Path.cwd()), "by its path: use -m shop.tool"),
    (RelativeImport(HERE, "", Path.cwd()), "when the script is run by its path"),
    (
        OutsideSearchPath(HERE, "p", "src", SettingsFile(paths=("lib",))),
        'set `paths = ["lib", "src"]` at the top of condavision.toml',
    ),
    (AbsentPart(HERE, "a.b.c", "a"), "s.py:3: a/ has no `b.c`, though other parts"),
    (MisspeltModule(HERE, OwnModule("p.helper", "p/helper.py")), "`p.helper`, at p/helper.py?"),
    (CandidateName(HERE, "m", "frob", accepted=False), "lock with --accept frob"),
    (CandidateName(HERE, "m", "frob", accepted=True), "`m` is frob on PyPI; it was accepted"),
    (
        UntrustedConfiguration(Path("a b"), Distrust(Path("a b"), Fault.WRITABLE)),
        "run `chmod go-w 'a b'`",
    ),
    (
        UntrustedConfiguration(Path("a"), Distrust(Path("/b c"), Fault.OWNER)),
        "if you trust its owner, run `export CONDAVISION_TRUSTED_FOLDERS='/b c'`",
    ),
    (
        SkippedFile(Path("sub"), SkipReason.OTHER_PROJECT),
        "sub skipped: a project of its own, which has its own locks",
    ),
    (
        IgnoredDeclaration(IgnoredText("[tool.uv] x", HERE, IgnoredReason.SETTING)),
        "s.py:3: `[tool.uv] x` has no effect",
    ),
    (
        ContradictedReason(
            PythonReason(HERE, "shebang #!python3", PythonRange.at_least(3, 0)),
            PythonRange.below(3, 0),
        ),
        "s.py:3: shebang #!python3 contradicts the code, which runs on Python >=2.7,<3",
    ),
    (
        NotDeclared(HERE, "pandas.read_excel", "openpyxl"),
        "s.py:3: pandas.read_excel needs openpyxl, which is not among the declared",
    ),
    (ShadowsItself(HERE, "requests", "requests.py"), "`import requests` finds requests.py itself"),
    (UnusedLocks(Path("a b/locks"), Path("c.toml")), "run `rm -r 'a b/locks'`"),
    (LocksOfOneMachine(Path("c.toml"), configured=True), "c.toml has the channel `interpreters:`"),
    (LocksOfEachMachine(Path("c.toml")), "whose locks are not committed: each machine makes its"),
    (
        LocksOfOneMachine(Path("locks/.local"), configured=False),
        "locks/.local has locks that are for this machine only and not committed, so CI will",
    ),
    (
        NearerLocks(Path("a/locks"), Path("locks")),
        "a/locks is used, which is nearer to the script than locks",
    ),
    (SeparateProjects((Path("a"), Path("b"))), "the folder around them: run `condavision lock .`"),
    (Prerelease("web", "2.0rc1", ("linux-64", "win-64")), "web 2.0rc1 for linux-64, win-64 is a"),
    (BelowFloor("s.py", (3, 10), ("3.8.18",)), "Python >=3.10 (`python-floor`) meet its require"),
    (
        ExcludedLocks(("old.py",), Path("c.toml")),
        "not checked: old.py, which has a lock, but `exclude` in c.toml names it; to forget it",
    ),
    (
        HeldBack(
            (PythonReason(HERE, "print statement", PythonRange.below(3, 0)),),
            *(PythonRange.below(3, 0), (3, 10), 8, "condavision lock s.py"),
        ),
        "s.py:3 (print statement) takes all 8 scripts to Python >=2.7,<3, and so to old packages",
    ),
    (OvershadowedLock("s.py", Path("scripts.yml")), "which `run` uses"),
    (
        FailingImport(HERE, "frob", SourceLocation("frob/a.py", 7), "frob", ("six",), "", "s.py"),
        "frob/a.py:7",
    ),
    (
        SharedLockChanged("0123456789abcdef", ("s.py",), ("a.py", "b.py")),
        "0123456789abcdef is also the lock of a.py, b.py, which now have these versions too",
    ),
    (SharedLockChanged("0" * 16, ("s.py",), ("a.py",)), "the lock of a.py, which now has these"),
    (
        FormerInterpreter(Path(".vscode/settings.json"), "s.py", "condavision vscode s.py"),
        "the lock that s.py had; for the new one, run `condavision vscode s.py`",
    ),
    (OnNoIndex((Path("ci.yml"),)), "ci.yml: no index has condavision yet"),
    (NotIncluded(Path("ci.yml"), "a.yml"), "ci.yml: it is yours and stays as it is; include"),
    (OnlyInComments(("six", "yarl")), "six, yarl: from PyPI, so in comments"),
]


@pytest.mark.parametrize(("found", "words"), DIAGNOSTICS)
def test_every_diagnostic_has_words(found: Diagnostic, words: str) -> None:
    assert words in diagnostic_words(found)
    assert hints_of(AnalysisError("it", "do", diagnostics=[found])) == (
        "do",
        diagnostic_words(found),
    )


def test_no_kind_of_diagnostic_is_missing_above() -> None:
    shown = {type(found).__name__ for found, _ in DIAGNOSTICS}
    assert shown == {kind.__name__ for kind in Diagnostic.__subclasses__()}
    skipped = {found.reason for found, _ in DIAGNOSTICS if isinstance(found, SkippedFile)}
    assert skipped == {*SkipReason}


@pytest.mark.parametrize("rule", OriginRule)
def test_every_origin_has_words(rule: OriginRule) -> None:
    reason = OriginReason(rule, "thing", within="lib", unsearched=".", shadows_stdlib=True)
    local = Import("m", HERE, origin=Origin.LOCAL, reason=reason)
    said = resolution_words(Resolution(local, "m", installed=False))
    end = " in lib/, outside Python's search path: ., which shadows the standard library's module"
    assert said.endswith(end)
    assert "{" not in said


@pytest.mark.parametrize(
    ("resolution", "words"),
    [
        ({}, "no known package"),
        ({"decision": Overridden("m")}, "override: m needs no package"),
        ({"decision": Overridden("m"), "requirement": NEEDED}, "override of m"),
        ({"decision": DeclaredAt(HERE), "requirement": NEEDED}, "declared in s.py:3"),
        ({"decision": NamedIn("r.txt"), "requirement": NEEDED}, "listed in r.txt"),
        ({"decision": MAPPED, "requirement": NEEDED}, "map of 2026-11-23: openpyxl"),
        (
            {
                "decision": Mapped("m", "2026-11-23", candidate=True),
                "requirement": NEEDED,
            },
            "candidate: map of 2026-11-23: m",
        ),
        (
            {
                "decision": Mapped("m", "2026-11-23", others=("a", "b")),
                "requirement": NEEDED,
            },
            "map of 2026-11-23: m; also in a, b; this one is the most likely",
        ),
    ],
)
def test_every_decision_has_words(resolution: dict[str, object], words: str) -> None:
    found = Resolution(Import("m", HERE), "m", **resolution)  # type: ignore[arg-type]
    assert resolution_words(found) == words


def test_what_is_not_installed_says_why() -> None:
    python = PythonRange.of([(3, 9)])
    fallback = Import("m", HERE, ImportKind.FALLBACK, needed_on=python)
    assert resolution_words(Resolution(fallback, "m", installed=False)) == (
        f"no known package; fallback of another import, needed on Python {python}"
    )
    implied = Import("openpyxl", HERE, ImportKind.IMPLIED, implied_by="pandas.read_excel")
    left = Resolution(implied, "openpyxl", NEEDED, MAPPED, installed=False, left_to_declared=True)
    assert resolution_words(left) == (
        "pandas.read_excel needs it; map of 2026-11-23: openpyxl; left to the declared dependencies"
    )
