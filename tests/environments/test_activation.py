"""Derived activation equals sourcing the packages' scripts, on a table of what scripts do."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rattler.shell import ActivationVariables, PathModificationBehavior, Shell, activate

from condavision.environments import activation
from condavision.warm import compose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytestmark = pytest.mark.skipif(os.name == "nt", reason="activate.d/*.sh")

DUMP = ("env", "-0")  # starts ten times faster than Python
OURS = ("CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER", "PYTHONNOUSERSITE", "PYTHONHOME")
SHELLS_OWN = ("_", "PWD", "OLDPWD", "SHLVL", "LC_CTYPE")


@dataclass(frozen=True)
class Case:
    """Scripts by name, or one, and whether they have to run each time."""

    name: str
    scripts: str | dict[str, str]
    live: bool = False


CASES = (
    Case("set", 'export A="a b"'),
    Case("set from the prefix", 'export A="$CONDA_PREFIX/share/it"'),
    Case("prepend", "export A=/x${A:+:$A}"),
    Case("prepend with a dangling separator", "export A=/x:$A"),
    Case("append", 'export A="${A:+$A:}$CONDA_PREFIX/last"'),
    Case("both ends", 'export A="<$A>"'),
    Case("set or not, empty is a value", 'export A="${A-unset}"'),
    Case("a default", ": ${A:=/default}; export A"),
    Case("a default where not even empty", '[ -z "${A+x}" ] && export A=1; true'),
    Case("unset", "unset A"),
    Case("backup", 'export A_BACKUP="$A"; export A=1'),
    Case(
        "backup where set",
        'if [ -n "${A:-}" ]; then export A_BACKUP="$A"; fi\nexport A=1',
    ),
    Case(
        "gdal",
        'if [ -n "$GDAL_DATA" ]; then\n    export _CONDA_SET_GDAL_DATA=$GDAL_DATA\nfi\n'
        "if [ -d ${CONDA_PREFIX}/share/gdal ]; then\n"
        "    export GDAL_DATA=${CONDA_PREFIX}/share/gdal\nfi",
    ),
    Case("two scripts in order", {"b.sh": "export A=${A}2", "a.sh": "export A=1"}),
    Case("one reads what another set", {"a.sh": "export A=1", "b.sh": "export B=$A$A"}),
    Case("home", 'export A="$HOME/.a"; export B=~/.b'),
    Case("home replaced", "export HOME=$CONDA_PREFIX/home"),
    Case("path", 'export PATH="$PATH:$CONDA_PREFIX/extra"'),
    Case("path in front", 'export PATH="$CONDA_PREFIX/first:$PATH"'),
    Case("not exported", "A=1"),
    Case("exported before", "A=from-script"),
    Case("composed names", 'for n in A B; do eval "export SAVED_$n=\\"\\$$n\\""; done'),
    Case("bash's own", "declare -A t=([x]=1); export A=${t[x]}; [[ $A == 1 ]] && export B=2"),
    Case("arguments are not theirs", 'export A="$#$*"'),
    Case("awkward text", """export A="it's \\"x\\" \\$HOME \\\\ ;"; export B=$'two\\nlines'"""),
    Case("prints", "echo loud; echo louder >&2; export A=1"),
    Case("fails in the middle", "false; export A=1"),
    Case("a comment about the date", "# date: $RANDOM $(date)\nexport A=1"),
    Case("two variables in one", 'export A="$A$B"', live=True),
    Case("one depends on another", '[ -z "$A" ] && export B=1; true', live=True),
    Case("counts", "export A=${#A}", live=True),
    Case("the folder it starts in", "export A=$(pwd)", live=True),
    Case("the time", "export A=$(date +%s); unset A", live=True),
    Case("the process", "export A=$$; unset A", live=True),
    Case("the terminal", "[ -t 1 ] && export A=1; true", live=True),
)
STATES: tuple[dict[str, str], ...] = (
    {},
    {"A": "/old", "B": "b", "GDAL_DATA": "/g", "PYTHONHOME": "/wrong"},
    {"A": "", "B": "", "GDAL_DATA": ""},
    {"A": "x", "HOME": "/another home"},
    {"B": 'it\'s "b" $HOME'},
)


def make_prefix(folder: Path, case: Case) -> Path:
    prefix = folder / "the prefix"
    scripts = case.scripts if isinstance(case.scripts, dict) else {"it.sh": case.scripts}
    for name, text in scripts.items():
        path = prefix / "etc" / "conda" / "activate.d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
    (prefix / "share" / "gdal").mkdir(parents=True)
    (prefix / "conda-meta").mkdir()
    return prefix


def sourced(prefix: Path, environ: dict[str, str]) -> dict[str, str]:
    """What a process sees after rattler's own activation script ran in bash."""
    variables = ActivationVariables(None, ["/nowhere"], PathModificationBehavior.Prepend)
    script = activate(prefix, variables, Shell.bash).script.replace(":/nowhere", "")
    text = f'activating() {{\n{script}\n}}\nactivating >/dev/null\nexec "$@"'
    command = ["bash", "-c", text, "x", *DUMP]
    return seen(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)


def started(prefix: Path, environ: dict[str, str]) -> dict[str, str]:
    """What a process sees that we start."""
    found = activation.load(prefix)
    command = [*found.wrapper, *DUMP]
    environ = variables_of(found, environ)
    return seen(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)


def variables_of(
    found: activation.Activation, environ: Mapping[str, str], paths: Sequence[Path] = ()
) -> dict[str, str]:
    """What a target's process is given, but for scripts that run each time."""
    return compose(
        [], environ, python="", wrapper=(), operations=found.operations, paths=[*map(str, paths)]
    )[1]


def seen(output: bytes) -> dict[str, str]:
    pairs = (it.partition("=") for it in os.fsdecode(output).split("\0") if it)
    return {name: value for name, _, value in pairs if name not in SHELLS_OWN}


def without_ours(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in OURS}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_equals_sourcing(case: Case, tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path, case)
    found = activation.derive(prefix)
    assert found.live == case.live
    activation.store(found, prefix)
    assert activation.load(prefix) == found
    for state in STATES:
        environ = {"PATH": "/usr/bin:/bin", "HOME": "/some/home", **state}
        result = started(prefix, environ)
        assert without_ours(result) == without_ours(sourced(prefix, environ)), state
        assert result["PYTHONNOUSERSITE"] == "1"
        assert "PYTHONHOME" not in result


def test_files_are_made_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    marks = ("/.made-by-a-test", "/made-by-a-test", str(Path.home() / ".made-by-a-test"))
    made = 'mkdir -p "$HOME/.made-by-a-test" "${A:-.}/made-by-a-test"; export A=1'
    before = set(Path("/").iterdir())
    assert not activation.derive(make_prefix(tmp_path, Case("", made))).live
    assert not [mark for mark in marks if Path(mark).exists()]
    assert set(Path("/").iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["the prefix"]


def test_without_scripts_no_shell_runs(tmp_path: Path) -> None:
    prefix = tmp_path
    declared = prefix / "etc" / "conda" / "env_vars.d"
    declared.mkdir(parents=True)
    (declared / "a.json").write_text('{"FROM_PACKAGE": "a b", "REPLACED": "1", "NUMBER": 1}')
    (declared / "broken.json").write_text("{")
    (prefix / "conda-meta").mkdir()
    state = {"version": 1, "env_vars": {"REPLACED": "2", "KEPT": "***unset***", "PATH": "/x"}}
    (prefix / "conda-meta" / "state").write_text(json.dumps(state))
    found = activation.derive(prefix)
    assert found.wrapper == ()
    result = variables_of(found, {"PATH": "/usr/bin", "KEPT": "k"})
    assert result == {
        "PATH": f"{prefix / 'bin'}:/usr/bin",
        "CONDA_PREFIX": str(prefix),
        "CONDA_DEFAULT_ENV": str(prefix),
        "CONDA_PROMPT_MODIFIER": f"({prefix}) ",
        "CONDA_SHLVL": "1",
        "FROM_PACKAGE": "a b",
        "REPLACED": "2",
        "KEPT": "k",
        "PYTHONNOUSERSITE": "1",
    }


def test_scripts_that_fail_run_each_time(tmp_path: Path) -> None:
    assert activation.derive(make_prefix(tmp_path, Case("", "exit 3"))).live


@pytest.mark.parametrize("path", ["", None])
def test_no_path_at_all_still_finds_the_system(path: str | None, tmp_path: Path) -> None:
    environ = {} if path is None else {"PATH": path}
    found = variables_of(activation.derive(tmp_path), environ)
    assert found["PATH"] == f"{tmp_path}/bin:/usr/bin:/bin"


def test_python_path_is_kept_behind_ours(tmp_path: Path) -> None:
    found = activation.derive(tmp_path)
    environ = {"PYTHONPATH": "/theirs:/ours:"}
    paths = [Path("/ours"), Path("/more")]
    result = variables_of(found, environ, paths)
    assert result["PYTHONPATH"] == "/ours:/more:/theirs"
    assert "PYTHONPATH" not in variables_of(found, {})


STATEMENTS = (
    "export A=1",
    "export B=x$B",
    "export A=${A:+$A:}y",
    "unset C",
    'export C="$A"',
    ": ${B:=d}; export B",
    '[ -n "$C" ] && export A=c; true',
    'export PATH="$PATH:/z"',
)


@pytest.mark.slow
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=4),
    state=st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["", "v", "a b:c"])),
)
def test_any_mixture_equals_sourcing(
    chosen: list[str], state: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    prefix = make_prefix(tmp_path_factory.mktemp("mixture"), Case("", "\n".join(chosen)))
    activation.store(activation.derive(prefix), prefix)
    environ = {"PATH": "/usr/bin:/bin", **state}
    assert without_ours(started(prefix, environ)) == without_ours(sourced(prefix, environ))
