"""Fixtures that several test modules share."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import settings
from uv import find_uv_bin

from condavision.interpreters.channel import local_channel
from condavision.interpreters.discovery import discover, discover_all
from condavision.python2.tools import FOLDER, tools
from tests.channels.build import build_channel
from tests.channels.server import Channel
from tests.command_line import CommandLine, InProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from condavision.core.pythons import Minor
    from condavision.interpreters.probing import Interpreter

settings.register_profile("unhurried", deadline=None)  # a busy machine fails no property
settings.load_profile("unhurried")

# A job in the background of a shell starts with interruptions ignored, and the processes that
# tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# pytest rewrites every assertion, which takes each worker many seconds unless it keeps the result:
# workers start after this, and load plugins before it.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_LEAKING = ("CONDA_", "CONDAVISION_", "MAMBA_", "PIXI_", "PYTHON", "RATTLER_", "UV_", "VIRTUAL_ENV")
_KEPT = frozenset({"PYTHONUNBUFFERED", "UV_CACHE_DIR"})


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """Make a folder of a name, one that no test writes to, once for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / name
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                new = shared / f"{name}-new"
                shutil.rmtree(new, ignore_errors=True)
                new.mkdir()
                make(new)
                new.rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def known_interpreters(
    once: Callable[[str, Callable[[Path], None]], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A cache of the channel in which the interpreters have been asked what they are."""

    def ask(folder: Path) -> None:
        discover(folder)

    folder = tmp_path_factory.mktemp("known") / "interpreters"
    return Path(shutil.copytree(once("interpreters", ask), folder))


@pytest.fixture(scope="session")
def interpreter_channel(
    once: Callable[[str, Callable[[Path], None]], Path], known_interpreters: Path
) -> Path:
    """The folder of the channel ``interpreters:``: making it takes most of a lock's time."""

    def make(folder: Path) -> None:
        shutil.copytree(known_interpreters, folder, dirs_exist_ok=True)
        local_channel(folder)
        (folder / ".lock").unlink()  # each home has its own

    return once("interpreter-channel", make)


@pytest.fixture(scope="session")
def python_known_to_uv(once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A cache of uv in which this Python has been asked what it is, half the time of a solve."""

    def ask(folder: Path) -> None:
        command = [find_uv_bin(), "python", "find", sys.executable, "--cache-dir", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
        (folder / ".lock").unlink()

    return once("uv", ask)


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the developer's own environments and tools reaches the test."""
    for name in os.environ:
        if name.startswith(_LEAKING) and name not in _KEPT and "INDEX" not in name:
            monkeypatch.delenv(name)
    monkeypatch.setenv("UV_HTTP_RETRIES", "1")  # each waits longer, and most failures are meant


@pytest.fixture
def bare_home(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clean_environment: None,
    interpreter_channel: Path,
    python_known_to_uv: Path,
) -> Path:
    """A ``CONDAVISION_HOME`` that is empty except for the channel of known interpreters."""
    folder = tmp_path / "home"
    for name, made in (("interpreters", interpreter_channel), ("uv", python_known_to_uv)):
        # nothing is written into these files, but others take their place
        shutil.copytree(made, folder / name, copy_function=os.link)
    monkeypatch.setenv("CONDAVISION_HOME", str(folder))
    return folder


@pytest.fixture
def home(bare_home: Path) -> Path:
    """An empty ``CONDAVISION_HOME``; some rooms put packages into it."""
    return bare_home


@pytest.fixture
def interpreter(known_interpreters: Path) -> Callable[[Minor], Interpreter]:
    """Return the interpreter of a minor version, or skip the test if there is none."""

    def find(minor: Minor) -> Interpreter:
        for found in discover(known_interpreters):
            if found.minor == minor:
                return found
        pytest.skip(f"no CPython {minor[0]}.{minor[1]} on this machine")

    return find


@pytest.fixture(scope="session")
def python2_tools(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pip for Python 2.7 from PyPI, kept between runs in pytest's cache."""
    cache = getattr(request.config, "cache", None)
    shared = tmp_path_factory.getbasetemp().parent / "test-python2"
    return tools(cache.mkdir("test-python2") if cache else shared)


@pytest.fixture
def python2(
    bare_home: Path, python2_tools: Path, interpreter: Callable[[Minor], Interpreter]
) -> Interpreter:
    """A Python 2.7 of this machine, with its pip in the cache."""
    (bare_home / FOLDER).mkdir()
    (bare_home / FOLDER / python2_tools.name).symlink_to(python2_tools)
    return interpreter((2, 7))


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write files given as relative path and text, and return their folder."""

    def make(files: Mapping[str, str]) -> Path:
        root = tmp_path / "project"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return make


@pytest.fixture
def local_command(
    make_project: Callable[[Mapping[str, str]], Path], bare_home: Path
) -> CommandLine:
    """condavision in a project on this machine's interpreters, with one script."""
    files = {"condavision.toml": 'channels = ["interpreters:"]\n', "s.py": "print('s')\n"}
    return InProcess(make_project(files))


@pytest.fixture
def command(local_command: CommandLine) -> CommandLine:
    """condavision in a project; some rooms have one on a channel of theirs."""
    return local_command


@pytest.fixture
def closed() -> Iterator[Callable[[Path], None]]:
    """Take all permissions from a file or folder until the test is over."""
    taken = []

    def take(path: Path) -> None:
        taken.append((path, path.stat().st_mode))
        path.chmod(0)
        if os.access(path, os.R_OK):
            pytest.skip("everything can be read here")

    yield take
    for path, mode in taken:
        path.chmod(mode)


@pytest.fixture(scope="session")
def channel_folder(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    known_interpreters: Path,
) -> Path:
    """The folder of the test channel, kept between runs in pytest's cache. Not to be written to."""
    if sys.platform != "linux":
        pytest.skip("relocatable copies of Python are made on Linux only")
    cache = getattr(request.config, "cache", None)
    shared = tmp_path_factory.getbasetemp().parent / "test-channel"
    root = cache.mkdir("test-channel") if cache else shared
    return build_channel(root, discover_all(known_interpreters))


@pytest.fixture
def channel(channel_folder: Path) -> Iterator[Channel]:
    """The test channel: ``url``, ``http_url`` (with failures on demand) and ``path``."""
    served = Channel(channel_folder)
    yield served
    served.close()


@pytest.fixture
def compiled(channel_folder: Path, bare_home: Path) -> None:
    """Bytecode that other tests compiled, for tests not about compiling: pip's takes seconds."""
    kept = channel_folder.parent / "pyc"
    kept.mkdir(exist_ok=True)
    (bare_home / "pyc").symlink_to(kept)


@pytest.fixture(scope="session")
def extracted(channel_folder: Path) -> Path:
    """A package cache for tests that are not about downloading or extracting."""
    return channel_folder.parent / "packages"


@pytest.fixture
def untrusted_url(tmp_path: Path, clean_environment: None) -> Iterator[str]:
    """A server with an untrusted certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    subprocess.run(
        [*made, "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """Let one worker compile the tests of a new checkout, and all that they import, for all."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    cache = getattr(session.config, "cache", None) if is_worker else None  # `-p no:cacheprovider`
    if cache is None:
        return (yield)
    compiled = cache.mkdir("compiled")
    with FileLock(compiled / "lock") as lock:
        if (compiled / "done").exists():
            lock.release()
        result = yield
        (compiled / "done").touch()
    return result


def pytest_collection_finish() -> None:
    """Keep the garbage collector off what was imported and collected, a twelfth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: tests wait for processes and sockets."""
    return (os.cpu_count() or 1) + 1
