"""The sessions of developers, and the two stages for the scripts in this repository.

nox -s demo                     lock and run the examples with the Pythons of this machine
nox -s lock -- SCRIPT...        compile stage
nox -s run -- SCRIPT ARGS...    exec stage; the exit code is the script's own
nox -s tests lint types         run what CI runs
nox -s docs                     build the site
nox -s reference                write the parts of the docs that are made from the code again
nox -s pictures                 make the pictures of graph, report and serve in the docs again
nox -s reliability bench        repeat the measurements of the docs
nox -s evidence                 read the wheels of the most used distributions, within an hour
nox -s fuzz -- 300              fuzz the readers for this many seconds
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.default_venv_backend = "uv|virtualenv"

EXAMPLES = (
    "inventory.py",
    "card.py",
    "shapes.py",
    "table_a.py",
    "table_b.py",
    "hello.py",
    "titles.py",
)
UNSOLVABLE = 67
EVERY_TEST = ("-m", "")  # slow ones too
RELIABILITY = (
    "tests/environments/test_many_at_once.py",
    "tests/environments/test_install.py::test_a_damaged_cache_entry_is_fetched_again",
    "tests/environments/test_install.py::test_a_full_disk_and_a_read_only_one",
)


def _installed() -> bool:
    try:
        return bool(version("condavision"))
    except PackageNotFoundError:
        return False


# If nox was installed with condavision (pip install -e .), its sessions use that; otherwise they
# make environments of their own.
ISOLATED = ("-E", "-P")  # no modules of the user's: PYTHONPATH is for scripts
BACKEND = "none" if _installed() else None


def _condavision(session: nox.Session) -> list[str]:
    if BACKEND == "none":
        return [sys.executable, *ISOLATED, "-m", "condavision"]
    session.install("-e", ".")
    return [str(Path(session.bin) / "python"), *ISOLATED, "-m", "condavision"]


def _become(session: nox.Session, command: list[str]) -> None:
    """Replace nox by a command, so that streams, signals and exit code are the command's."""
    os.chdir(session.invoked_from)
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # Windows cannot replace a process
        os._exit(subprocess.call(command))
    os.execv(command[0], command)


@nox.session(venv_backend=BACKEND)
def demo(session: nox.Session) -> None:
    """Lock and run the examples with nothing but the Pythons of this machine and PyPI."""
    condavision = _condavision(session)
    scripts = [f"examples/{name}" for name in EXAMPLES]
    lock = ["lock", "-c", "interpreters:"]
    old = subprocess.run([*condavision, *lock, scripts[0]], capture_output=True, check=False)
    if old.returncode == UNSOLVABLE:
        print(f"{scripts[0]} is skipped: it needs Python 2.7, and this machine has none")
        del scripts[0]

    def show(*arguments: str) -> None:
        print(f"\n$ condavision {' '.join(arguments)}", flush=True)
        session.run(*condavision, *arguments, external=True, log=False)

    show(*lock, *scripts)
    show("explain", scripts[-1])
    for script in scripts:
        show("run", script)


@nox.session(venv_backend=BACKEND)
def lock(session: nox.Session) -> None:
    """Compile stage: lock scripts."""
    _become(session, [*_condavision(session), "lock", *session.posargs])


@nox.session(venv_backend=BACKEND)
def run(session: nox.Session) -> None:
    """Exec stage: run a locked script; nothing is solved."""
    first = session.posargs[:1]  # a script, whose name may start with a dash, or -m
    is_script = first and Path(session.invoked_from, first[0]).exists()
    words = ["--", *session.posargs] if is_script else session.posargs
    _become(session, [*_condavision(session), "run", *words])


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite, slow tests included."""
    session.install("-e", ".", "--group", "test")
    session.run("python", "-m", "pytest", "-n", "auto", *EVERY_TEST, *session.posargs)


@nox.session
def reliability(session: nox.Session) -> None:
    """Kill, race, fill disks and damage caches as often as in docs/reliability.md."""
    session.install("-e", ".", "--group", "test")
    counts = {"KILLS": 100, "STARTERS": 32, "ENVIRONMENTS": 200, "DISKS": 20}
    session.env.update({f"CONDAVISION_TEST_{name}": str(n) for name, n in counts.items()})
    own_mounts = ["unshare", "--map-root-user", "--mount"]  # small disks without being root
    if os.geteuid() != 0 and not subprocess.call([*own_mounts, "true"], stderr=subprocess.DEVNULL):
        command = [*own_mounts, str(Path(session.bin) / "python")]
    else:
        command = ["python"]
    options = ["-rP", "--durations=0", *EVERY_TEST]
    session.run(*command, "-m", "pytest", *options, *RELIABILITY, external=True)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Run the readers on the inputs of a coverage-guided fuzzer, for this many seconds (60)."""
    session.install("-e", ".", "atheris")
    seconds = session.posargs[0] if session.posargs else "60"
    found = f"-artifact_prefix={session.create_tmp()}/"  # an input that fails
    session.run("python", "tools/fuzz.py", f"-max_total_time={seconds}", found)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install("--group", "lint")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-e", ".", "--group", "types")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site from docs/ into docs/_build/html; a warning is an error."""
    session.install("-e", ".", "--group", "docs")
    words = ("-m", "sphinx", "-E", "-W", "--keep-going", "-b", "html")
    session.run("python", *words, "docs", "docs/_build/html")


@nox.session
def reference(session: nox.Session) -> None:
    """Write commands, settings and messages into the docs again, from the code."""
    session.install("-e", ".")
    session.run("python", "-m", "tools.reference")


@nox.session
def pictures(session: nox.Session) -> None:
    """Make the pictures of graph, report and serve again; needs Chromium, and PyPI."""
    session.install("-e", ".", "--group", "test")
    session.run("python", "-m", "tools.pictures")


@nox.session
def tables(session: nox.Session) -> None:
    """Generate the bundled tables again, from data in PyPI packages."""
    session.install("-e", ".")
    session.install("pigar", "conda-pypi", "depfinder", "grayskull", "guarddog")
    session.install("stdlib-list", "typeshed-client", "vermin")
    for table in ("import_map", "stdlib", "pythons", "keywords", "methods"):
        options = (
            session.posargs if table == "import_map" else ()
        )  # --conda-forge FILE --outputs FILE --recipes FILE
        session.run("python", f"tools/generate_{table}.py", *options)


@nox.session
def evidence(session: nox.Session) -> None:
    """Collect from wheels which modules are gone, and what submodules need; resumes if repeated."""
    session.install("-e", ".", "guarddog")
    listed = "guarddog/analyzer/metadata/resources/top_pypi_packages.json"
    found = next(Path(session.virtualenv.location).glob(f"**/site-packages/{listed}"))
    session.run("python", "tools/evidence.py", "--popular", str(found), *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the speed that the README and the docs state, as ratios to alternatives."""
    session.install("-e", ".", "--group", "test", "pipreqs", "deptry", "fawltydeps")
    for measured in ("warm_run", "first_run", "install", "lock", "many", "dependencies"):
        session.run("python", "-m", f"benchmarks.{measured}")
    stdlib = sysconfig.get_path("stdlib")
    scan = ("-m", "benchmarks.scan", stdlib, "--repeat", "1", "--peers", session.bin)
    session.run("python", *scan)
